package main

import (
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/live-operator/live-operator/test/livesim"
)

// call is what the ledger keeps of a call to the Live API.
type call struct {
	at        time.Time
	project   string
	operation livesim.Operation
	// first: it asks for the first page of a list.
	first bool
	// throttled: it was refused with 429.
	throttled bool
}

// ledger keeps all calls. The simulator's own log keeps the newest. Safe for
// concurrent use.
type ledger struct {
	mu    sync.Mutex
	calls []call
}

// add is for livesim.Options.OnCall.
func (l *ledger) add(c livesim.Call) {
	offset := c.Query.Get("offset")
	l.mu.Lock()
	defer l.mu.Unlock()
	l.calls = append(l.calls, call{
		at:        c.Time,
		project:   c.Project,
		operation: c.Operation,
		throttled: c.Status == http.StatusTooManyRequests,
		first:     c.Operation == livesim.List && (offset == "" || offset == "0"),
	})
}

// len is how many calls there were.
func (l *ledger) len() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.calls)
}

// between are a project's calls from then on and before then, in the order of
// their arrival. A zero end is none.
func (l *ledger) between(project string, from, to time.Time) []call {
	l.mu.Lock()
	defer l.mu.Unlock()
	var found []call
	for _, c := range l.calls {
		if c.project == project && !c.at.Before(from) && (to.IsZero() || c.at.Before(to)) {
			found = append(found, c)
		}
	}
	slices.SortStableFunc(found, func(a, b call) int { return a.at.Compare(b.at) })
	return found
}

// rounds cuts a project's calls, in the order of arrival, into those of one
// comparison each. A round begins where the last one ended. It ends when the
// shortest interval is nearly over since its first list began: the next list
// that is due comes after that, and one that is not due before.
func rounds(calls []call, interval time.Duration) [][]call {
	// The design takes up to 10% off the interval.
	length := interval * 85 / 100
	var all [][]call
	var round []call
	var end time.Time
	for _, c := range calls {
		if !end.IsZero() && !c.at.Before(end) {
			all = append(all, round)
			round, end = nil, time.Time{}
		}
		round = append(round, c)
		if c.first && end.IsZero() {
			end = c.at.Add(length)
		}
	}
	if len(round) > 0 {
		all = append(all, round)
	}
	return all
}

// tally counts calls by operation.
type tally map[livesim.Operation]int

func (t tally) add(calls []call) {
	for _, c := range calls {
		t[c.operation]++
	}
}

// total is all of them but those to IAM, which are none to the Live API.
func (t tally) total() int {
	n := 0
	for operation, count := range t {
		if operation != livesim.Authenticate {
			n += count
		}
	}
	return n
}
