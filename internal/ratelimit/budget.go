package ratelimit

import (
	"math"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// Priority says who goes first in a project. Those of the same priority go in
// the order in which they arrived.
type Priority int

const (
	// Low is for what nobody waits for, such as the correction of drift.
	Low Priority = iota
	// High is for what somebody waits for: deletions and changes of a spec.
	High
	// Listing is for the pages of a list, ahead of all else: one page tells a
	// hundred resources what they wait to know, and a list that had to join the
	// end of the line for each of its pages would never end.
	Listing

	priorities
)

const (
	// minWait is the least that Take tells to wait, so that rounding does not
	// make anybody come back in vain a thousand times a second.
	minWait = time.Millisecond
	// idleAfter is how long a project must be unused to be dropped from memory.
	idleAfter = 10 * time.Minute
	// sweepEvery is how often memory is looked through for what can be dropped.
	sweepEvery = time.Minute
)

// Clock tells the time. Its times should have a monotonic reading, as those of
// time.Now do: then a wall clock that is set does no harm.
type Clock interface{ Now() time.Time }

// Options of a Budget.
type Options struct {
	// QPS is how many calls a second each project may make on average; 0 or less
	// means no limit, and only pauses hold calls back.
	QPS float64
	// Burst is how many calls a project may make at once after a rest; less than
	// 1 means 1.
	Burst int
	// Clock tells the time; nil: the system's.
	Clock Clock
	// OnTurn is told how long each call has waited when it may be made, 0 where it
	// did not; nil: nobody is. It must not block, nor use the Budget.
	OnTurn func(waited time.Duration)
}

// Budget holds the budgets of all projects. A project is any string that is the
// same for all calls that share a limit. Safe for concurrent use.
type Budget struct {
	limit rate.Limit
	burst int
	clock Clock
	// onTurn is never nil.
	onTurn func(waited time.Duration)

	mu       sync.Mutex
	projects map[string]*project
	swept    time.Time
}

// New makes a Budget in which every project starts with a full burst.
func New(o Options) *Budget {
	b := &Budget{limit: rate.Limit(o.QPS), burst: max(o.Burst, 1), clock: o.Clock, onTurn: o.OnTurn, projects: map[string]*project{}}
	if !(o.QPS > 0) { // Also where it is not a number.
		b.limit = rate.Inf
	}
	if b.clock == nil {
		b.clock = systemClock{}
	}
	if b.onTurn == nil {
		b.onTurn = func(time.Duration) {}
	}
	b.swept = b.clock.Now()
	return b
}

// Take asks to make one call. It never blocks. 0 means that the call may be
// made, now, and has been counted. Otherwise come back after the wait, which is
// about the place in line divided by the rate, and ask again: until then, and
// for a little longer, the place is kept.
//
// The owner is an opaque name of who asks, the same each time and not shared:
// it has one place in each project. Asking with another priority than before
// gives up the old place for the last one of that priority.
//
// An owner that is 2 s late no longer holds up those behind it, but still goes
// first when it comes. After a minute its place is forgotten.
func (b *Budget) Take(project, owner string, p Priority) (wait time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.clock.Now()
	b.sweep(now)
	wait, waited := b.of(project, now).take(now, owner, min(max(p, Low), Listing))
	if wait == 0 {
		b.onTurn(waited)
	}
	return wait
}

// Forget takes an owner out of every line, because it will not come back.
func (b *Budget) Forget(owner string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, p := range b.projects {
		p.leave(owner)
	}
}

// Left is how many calls the project could make at once now, from 0 to the
// burst: 0 while it pauses, and infinite without a limit.
func (b *Budget) Left(project string) float64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.clock.Now()
	p, known := b.projects[project]
	switch {
	case known && p.pausedUntil.After(now):
		return 0
	case b.limit == rate.Inf:
		return math.Inf(1)
	case !known:
		return float64(b.burst)
	}
	return max(p.tokens(now), 0)
}

// Stats describe all budgets together.
type Stats struct {
	// Left is the least that any project has left, as Left tells it: the burst, or
	// infinite, where no project was used for a while.
	Left float64
	// Paused is how many projects pause.
	Paused int
	// Waiting is how many places in line are kept.
	Waiting int
}

// Stats describes the budgets now.
func (b *Budget) Stats() Stats {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.clock.Now()
	s := Stats{Left: float64(b.burst)}
	if b.limit == rate.Inf {
		s.Left = math.Inf(1)
	}
	for _, p := range b.projects {
		left := max(p.tokens(now), 0)
		if p.pausedUntil.After(now) {
			s.Paused++
			left = 0
		}
		s.Left = min(s.Left, left)
		for _, place := range p.places {
			if !place.forgotten(now) {
				s.Waiting++
			}
		}
	}
	return s
}

// of is the project of that name. Call it with the lock held.
func (b *Budget) of(name string, now time.Time) *project {
	p := b.projects[name]
	if p == nil {
		p = &project{limiter: rate.NewLimiter(b.limit, b.burst), places: map[string]*place{}}
		b.projects[name] = p
	}
	p.used = now
	return p
}

// sweep now and then drops projects that would be the same if they were made
// anew, and places whose owners did not come back. Call it with the lock held.
func (b *Budget) sweep(now time.Time) {
	if now.Sub(b.swept) < sweepEvery {
		return
	}
	b.swept = now
	for name, p := range b.projects {
		for _, place := range p.places {
			if place.forgotten(now) {
				p.leave(place.owner)
			}
		}
		if len(p.places) == 0 && now.Sub(p.used) >= idleAfter && !p.pausedUntil.After(now) &&
			p.tokens(now) >= float64(b.burst) {
			delete(b.projects, name)
		}
	}
}

type systemClock struct{}

// Now implements Clock.
// Now is time.Now.
func (systemClock) Now() time.Time { return time.Now() }
