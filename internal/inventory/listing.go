package inventory

import (
	"context"
	"time"

	"github.com/live-operator/live-operator/internal/live"
	"github.com/live-operator/live-operator/internal/ratelimit"
)

// maxPauses is how many throttled answers a list waits out before it fails, so
// that whoever waits for it hears of a lasting one within seconds.
const maxPauses = 2

// listing reads the pages of one scope. It is used by one goroutine.
type listing struct {
	*Options
	target     live.Target
	project    string
	owner      string
	authorizer live.Authorizer
	scope      scope
	// deadline is when the list must have ended.
	deadline time.Time
	// begin is called when the first page is about to be asked for, again if that
	// was throttled, and gives what was known before. writes gives the own writes
	// until now, and how many of all times removed something.
	begin  func() *View
	writes func() (removals uint64, writes *layer)

	pauses   int
	previous *View

	// The result: see base.
	found   map[string]live.Config
	date    time.Time
	partial bool
	total   int
}

// page reads one page when it is its turn. A throttled answer pauses the project
// and is waited out.
func (l *listing) page(ctx context.Context, offset int) (live.Page, error) {
	q := live.Query{PublishDomain: l.scope.domain, App: l.scope.app, Offset: offset, Limit: l.PageSize}
	for {
		if err := l.turn(ctx); err != nil {
			return live.Page{}, err
		}
		first := l.found == nil
		if first {
			l.previous = l.begin()
		}
		page, meta, err := l.Lister.List(ctx, l.target, l.authorizer, q)
		if err == nil {
			l.Budget.Succeeded(l.project)
			if first {
				l.found, l.date = make(map[string]live.Config, len(page.Configs)), meta.Date
			}
			return page, nil
		}
		e := asError(err)
		if e.Class != live.ClassThrottled {
			return live.Page{}, e
		}
		pause := l.Budget.Pause(l.project, e.RetryAfter)
		if l.pauses++; l.pauses > maxPauses || !l.inTime(pause) {
			return live.Page{}, e
		}
	}
}

// turn waits until the budget has a call for this list.
func (l *listing) turn(ctx context.Context) error {
	for {
		wait := l.Budget.Take(l.project, l.owner, ratelimit.Listing)
		if wait <= 0 {
			return nil
		}
		var err error
		if !l.inTime(wait) {
			err = &live.Error{
				Operation:  live.OperationList,
				Class:      live.ClassThrottled,
				Message:    "the project's budget of calls allows no list in time",
				RetryAfter: wait,
			}
		} else if !l.sleep(ctx, wait) {
			err = &live.Error{
				Operation: live.OperationList,
				Class:     live.ClassUnavailable,
				Message:   "the list was ended while it waited for the project's budget of calls",
				Err:       ctx.Err(),
			}
		}
		if err != nil {
			l.Budget.Forget(l.owner)
			return err
		}
	}
}

// inTime tells whether the list may still be going on after the wait.
func (l *listing) inTime(wait time.Duration) bool {
	return l.Clock.Now().Add(wait).Before(l.deadline)
}

// sleep tells whether the wait came to its end before the context did.
func (l *listing) sleep(ctx context.Context, wait time.Duration) bool {
	select {
	case <-l.Clock.After(wait):
		return ctx.Err() == nil
	case <-ctx.Done():
		return false
	}
}

// asError is err as the Live client gives it.
func asError(err error) *live.Error {
	if e, ok := live.AsError(err); ok {
		return e
	}
	return &live.Error{Operation: live.OperationList, Class: live.ClassUnavailable, Message: "the list failed before it was sent", Err: err}
}
