package controller

import (
	"hash/fnv"
	"math/rand/v2"
	"strconv"
	"time"
)

const (
	// lostWakeUp is when to look again though nobody said that what was waited
	// for is there.
	lostWakeUp = time.Minute
	// backoffBase and backoffMax bound the waits after failures that may pass.
	backoffBase = time.Second
	backoffMax  = 5 * time.Minute
	// viewMaxAge is how old a list may be that shows what exists, where nothing
	// asks for a newer one. Own writes are in it whatever its age, and it has to
	// last for as long as the budget takes to create what one list shows absent.
	viewMaxAge = time.Hour
	// clockAllowance is how far the API's clock may be behind the local one
	// where it does not tell its time.
	clockAllowance = 5 * time.Minute
)

// backoff is the wait after so many failures in a row: from 1 s to 5 min, each
// twice the last, less up to a fifth so that many resources do not move in step.
func backoff(failures int) time.Duration {
	d := backoffMax
	if failures < 10 {
		d = min(backoffBase<<max(failures-1, 0), backoffMax)
	}
	return d - time.Duration(rand.Int64N(int64(d)/5+1)) //nolint:gosec // Jitter is no secret.
}

// share is a number in [0, 1) that depends on the words alone.
func share(words ...string) float64 {
	h := fnv.New64a()
	for _, w := range words {
		_, _ = h.Write([]byte(w))
		_, _ = h.Write([]byte{0})
	}
	return float64(h.Sum64()>>11) / (1 << 53)
}

// nextCompare is when a resource of the project is due to be compared again,
// where seen is when the project was last seen (zero: not since started). It
// is the same for all resources of a project that share an interval, so that
// one list serves them all: the interval less up to 10%. After a start the
// projects are spread over the whole interval. A zero interval is never (zero).
func nextCompare(project string, interval time.Duration, started, seen time.Time) time.Time {
	switch {
	case interval <= 0:
		return time.Time{}
	case seen.IsZero():
		return started.Add(time.Duration(float64(interval) * share(project, started.String())))
	default:
		jitter := float64(interval) * 0.1 * share(project, strconv.FormatInt(seen.UnixNano(), 10))
		return seen.Add(interval - time.Duration(jitter))
	}
}

// latest is the later of the two.
func latest(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
