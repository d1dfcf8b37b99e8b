package credentials

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/huaweicloud/huaweicloud-sdk-go-v3/core/auth"
	"golang.org/x/sync/singleflight"

	"github.com/live-operator/live-operator/internal/live"
)

// issued is a token or a temporary access key that somebody issued to us. It is
// not changed once made.
type issued struct {
	redacted
	// token and key are nil where the other is what was issued.
	token sealed[string]
	key   sealed[accessKey]
	// pod is where the key came from, if from the operator's pod. Only the next
	// fetch may touch what it holds.
	pod sealed[*auth.BasicCredentials]
	// renewAt is when to ask for a new one in advance, and expires when this one
	// ends; zero where that is not known.
	renewAt, expires time.Time
}

// same tells whether two are the same token or key, though perhaps not checked
// for renewal at the same time.
func (i *issued) same(j *issued) bool {
	switch {
	case i == nil || j == nil:
		return false
	case i.token != nil && j.token != nil:
		return i.token() == j.token()
	case i.key != nil && j.key != nil:
		return i.key() == j.key()
	default:
		return false
	}
}

// issuer gives one at a time and keeps it until it is to be renewed. Those who
// want one meanwhile share the same call for it. Safe for concurrent use.
type issuer struct {
	clock   Clock
	timeout time.Duration
	// fetch asks for a new one; last is what it gave last, nil if that was not
	// accepted or nothing was given yet. It is never called twice at the same
	// time, and may block for longer than its context.
	fetch func(ctx context.Context, last *issued) (*issued, error)

	flight singleflight.Group

	mu      sync.Mutex
	current *issued
	// failed is how the last fetch failed; it is not repeated before retryAt.
	failed  error
	retryAt time.Time
	used    time.Time
}

const (
	// fetchPause is how long a failed fetch answers for those who come next, so
	// that many resources do not repeat it at once.
	fetchPause = time.Second
	// renewPause is the same for a renewal in advance, which nobody waits for.
	renewPause = time.Minute
)

// get gives what was issued, or asks for it. It obeys ctx, whatever fetch does;
// its error is a *live.Error, or ctx's own.
func (i *issuer) get(ctx context.Context) (*issued, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	now := i.clock.Now()
	i.mu.Lock()
	i.used = now
	current, failed, held := i.current, i.failed, now.Before(i.retryAt)
	i.mu.Unlock()
	if current != nil && (current.expires.IsZero() || now.Before(current.expires)) {
		if !held && !now.Before(current.renewAt) {
			// In advance: nobody waits for it.
			i.begin(ctx)
		}
		return current, nil
	}
	if held && failed != nil {
		return nil, failed
	}
	select {
	case r := <-i.begin(ctx):
		if got, ok := r.Val.(*issued); ok && r.Err == nil {
			return got, nil
		}
		return nil, r.Err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// begin starts a fetch, or joins the one that is under way. It goes on for those
// who joined after ctx has ended.
func (i *issuer) begin(ctx context.Context) <-chan singleflight.Result {
	return i.flight.DoChan("", func() (any, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), i.timeout)
		defer cancel()
		i.mu.Lock()
		last := i.current
		i.mu.Unlock()
		got, err := guarded(ctx, last, i.fetch)
		now := i.clock.Now()
		i.mu.Lock()
		defer i.mu.Unlock()
		if err != nil {
			i.failed, i.retryAt = err, now.Add(i.pause(err, now))
			return nil, err
		}
		i.current, i.failed, i.retryAt = got, nil, time.Time{}
		return got, nil
	})
}

// pause is how long not to repeat a failed fetch.
func (i *issuer) pause(err error, now time.Time) time.Duration {
	pause := fetchPause
	if c := i.current; c != nil && (c.expires.IsZero() || now.Before(c.expires)) {
		pause = renewPause
		if e, ok := live.AsError(err); ok && refused(e) {
			// The one that there is may last. Wrong passwords lock accounts.
			pause = restTime
		}
	}
	if e, ok := live.AsError(err); ok {
		pause = max(pause, e.RetryAfter)
	}
	return pause
}

// drop forgets what was not accepted, if it is still in use.
func (i *issuer) drop(used *issued) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.current.same(used) {
		// What failed to renew it meanwhile had something to fall back on.
		i.current, i.retryAt = nil, time.Time{}
	}
}

// forgive lets the next one ask again, however short ago it failed.
func (i *issuer) forgive() {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.retryAt = time.Time{}
}

// idle tells whether nobody has used it for a while, and it holds nothing that
// could be used.
func (i *issuer) idle(now time.Time) bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	return now.Sub(i.used) >= idleTime && (i.current == nil || !now.Before(i.current.expires))
}

// guarded calls fetch and makes an error of a panic, whose text might quote
// what it stumbled over.
func guarded(ctx context.Context, last *issued, fetch func(context.Context, *issued) (*issued, error)) (got *issued, err error) {
	defer func() {
		if recover() != nil {
			got, err = nil, &live.Error{
				Operation: live.OperationAuthenticate,
				Class:     live.ClassUnavailable,
				Message:   "the answer to the request for credentials could not be understood",
				Err:       errUnexpected,
			}
		}
	}()
	return fetch(ctx, last)
}

var errUnexpected = errors.New("it ended in a panic")
