package bulkhead

import (
	"slices"
	"sync"
	"time"
)

const (
	// slowAfter is how long a call may take before its project is thought slow.
	slowAfter = 2 * time.Second
	// briskFor is how long an answer tells how a project is.
	briskFor = 10 * time.Second
	// claimWithin is how long a slot is kept for who was woken for it.
	claimWithin = time.Minute
	// sweepEvery is how often memory is looked through for what can be dropped.
	sweepEvery = time.Minute
)

// Clock tells the time. Its times should have a monotonic reading, as those of
// time.Now do.
type Clock interface{ Now() time.Time }

// Options of a Bulkhead.
type Options struct {
	// Workers is how many calls there can be at a time; less than 1 means 1.
	// With a single worker there is nothing to divide.
	Workers int
	// Clock tells the time; nil: the system's.
	Clock Clock
}

// Bulkhead gives slots for calls. A project is any string that is the same for
// all calls that hang together. Safe for concurrent use; no method blocks.
type Bulkhead struct {
	workers int
	clock   Clock

	mu       sync.Mutex
	projects map[string]*project
	// slots are those that are taken, and those kept for who was woken.
	slots []*Slot
	// line are the projects with somebody waiting, in the order of their turns.
	line    []*project
	waiters map[string]*waiter // by owner
	swept   time.Time
}

// waiter is who waits for a slot.
type waiter struct {
	owner   string
	project *project
	wake    func()
}

// Slot is the right to make one call.
type Slot struct {
	bulkhead *Bulkhead
	project  *project
	owner    string
	// kept: its owner was woken and has not come yet.
	kept bool
	// called: the call has begun.
	called bool
	since  time.Time
}

// New makes a Bulkhead with all slots free.
func New(o Options) *Bulkhead {
	b := &Bulkhead{workers: max(o.Workers, 1), clock: o.Clock, projects: map[string]*project{}, waiters: map[string]*waiter{}}
	if b.clock == nil {
		b.clock = systemClock{}
	}
	b.swept = b.clock.Now()
	return b
}

// Enter gives a slot for a call to the project, which has to be left; or nil,
// and then calls wake once, from any goroutine, when there is one: Enter is to
// be called again soon after, or Forget. Until then the owner keeps its place.
//
// The owner is an opaque name of who asks, the same each time and not shared.
func (b *Bulkhead) Enter(name, owner string, wake func()) *Slot {
	b.mu.Lock()
	now := b.clock.Now()
	b.sweep(now)
	p := b.of(name)
	if s := b.kept(owner); s != nil {
		s.kept, s.since = false, now
		b.mu.Unlock()
		return s
	}
	if w := b.waiters[owner]; w != nil {
		w.wake = wake
	} else {
		b.wait(&waiter{owner: owner, project: p, wake: wake})
	}
	woken := b.dispatch(now)
	s := b.kept(owner)
	if s != nil {
		s.kept = false
	}
	b.mu.Unlock()
	for _, w := range woken {
		if w.owner != owner {
			w.wake()
		}
	}
	return s
}

// Start says that the call begins now. A slot that is left without says nothing
// about its project.
func (s *Slot) Start() {
	s.bulkhead.mu.Lock()
	defer s.bulkhead.mu.Unlock()
	s.called, s.since = true, s.bulkhead.clock.Now()
}

// Leave says that the call has ended, however it ended. Further calls do nothing.
func (s *Slot) Leave() {
	b := s.bulkhead
	b.mu.Lock()
	at := slices.Index(b.slots, s)
	if at < 0 {
		b.mu.Unlock()
		return
	}
	b.slots = slices.Delete(b.slots, at, at+1)
	now := b.clock.Now()
	if s.called {
		s.project.answered(now, now.Sub(s.since), b.quota())
	}
	b.dispatchAndUnlock(now)
}

// Answered tells of a call that was made without a slot, because it held no
// worker, and took so long.
func (b *Bulkhead) Answered(name string, took time.Duration) {
	b.mu.Lock()
	now := b.clock.Now()
	b.of(name).answered(now, took, b.quota())
	b.dispatchAndUnlock(now)
}

// Forget gives up the owner's place in line, and the slot that is kept for it.
func (b *Bulkhead) Forget(owner string) {
	b.mu.Lock()
	w, s := b.waiters[owner], b.kept(owner)
	if w == nil && s == nil {
		b.mu.Unlock()
		return
	}
	if w != nil {
		b.unwait(w)
	}
	if s != nil {
		b.slots = slices.DeleteFunc(b.slots, func(t *Slot) bool { return t == s })
	}
	b.dispatchAndUnlock(b.clock.Now())
}

// dispatchAndUnlock wakes those for whom there is a slot now.
func (b *Bulkhead) dispatchAndUnlock(now time.Time) {
	woken := b.dispatch(now)
	b.mu.Unlock()
	for _, w := range woken {
		w.wake()
	}
}

// dispatch keeps free slots for those whose turn it is. Call it with the lock
// held.
func (b *Bulkhead) dispatch(now time.Time) (woken []*waiter) {
	if len(b.line) == 0 {
		return nil
	}
	b.slots = slices.DeleteFunc(b.slots, func(s *Slot) bool { return s.kept && now.Sub(s.since) > claimWithin })
	u := b.usage(now)
	for i := 0; i < len(b.line) && len(b.slots) < b.workers; {
		p := b.line[i]
		if !u.admits(p) {
			i++
			continue
		}
		w := p.waiting[0]
		b.slots = append(b.slots, &Slot{bulkhead: b, project: p, owner: w.owner, kept: true, since: now})
		u.add(p)
		woken = append(woken, w)
		b.unwait(w)
		if len(p.waiting) > 0 {
			// The next turn is another project's.
			b.line = append(slices.Delete(b.line, i, i+1), p)
		}
	}
	return woken
}

// kept is the slot that is kept for the owner; nil without one. Call it with the
// lock held.
func (b *Bulkhead) kept(owner string) *Slot {
	for _, s := range b.slots {
		if s.kept && s.owner == owner {
			return s
		}
	}
	return nil
}

// wait gives a place at the end of the line of its project.
func (b *Bulkhead) wait(w *waiter) {
	b.waiters[w.owner] = w
	if len(w.project.waiting) == 0 {
		b.line = append(b.line, w.project)
	}
	w.project.waiting = append(w.project.waiting, w)
}

// unwait gives the place up.
func (b *Bulkhead) unwait(w *waiter) {
	delete(b.waiters, w.owner)
	p := w.project
	if p.waiting[0] == w {
		p.waiting[0] = nil
		p.waiting = p.waiting[1:]
	} else {
		p.waiting = slices.DeleteFunc(p.waiting, func(o *waiter) bool { return o == w })
	}
	if len(p.waiting) == 0 {
		p.waiting = nil
		b.line = slices.DeleteFunc(b.line, func(o *project) bool { return o == p })
	}
}

// of is the project of that name. Call it with the lock held.
func (b *Bulkhead) of(name string) *project {
	p := b.projects[name]
	if p == nil {
		p = &project{}
		b.projects[name] = p
	}
	return p
}

// sweep now and then drops projects that would be the same if they were made
// anew. Call it with the lock held.
func (b *Bulkhead) sweep(now time.Time) {
	if now.Sub(b.swept) < sweepEvery {
		return
	}
	b.swept = now
	used := map[*project]bool{}
	for _, s := range b.slots {
		used[s.project] = true
	}
	for name, p := range b.projects {
		if !used[p] && len(p.waiting) == 0 && !p.answeredLately(now) {
			delete(b.projects, name)
		}
	}
}

type systemClock struct{}

// Now is time.Now.
func (systemClock) Now() time.Time { return time.Now() }
