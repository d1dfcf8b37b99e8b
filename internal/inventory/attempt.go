package inventory

import (
	"context"
	"strconv"
	"time"

	"github.com/live-operator/live-operator/internal/live"
)

// attempt is one list, from the time that it is asked for until it has
// succeeded or failed. It is guarded by the Inventory's lock.
type attempt struct {
	project    *project
	shelf      *shelf
	credential Credential
	owner      string

	// begun: its first page was asked for, at the time began, when there had been
	// seq own writes and the shelf showed previous. Until then it can serve
	// whoever asks, however late.
	begun    bool
	began    time.Time
	seq      uint64
	previous *View

	// notBefore is the latest time that somebody asks for who waits for it.
	notBefore time.Time
	wakes     []func()
}

// serves tells whether a list that began at or after t will come of it.
func (a *attempt) serves(t time.Time) bool {
	return !a.begun || !a.began.Before(t)
}

// join finds the list that will serve from notBefore on, or starts one. Call it
// with the lock held.
func (i *Inventory) join(p *project, sh *shelf, m *member, c Credential, notBefore time.Time) *attempt {
	a := sh.running[c.ID]
	switch {
	case a != nil && a.serves(notBefore):
	case m.admitted && sh.joinable(p, notBefore) != nil:
		a = sh.joinable(p, notBefore)
	case sh.queued[c.ID] != nil:
		a = sh.queued[c.ID]
	default:
		i.attempts++
		queue := a != nil
		a = &attempt{project: p, shelf: sh, credential: c, owner: "list/" + strconv.FormatUint(i.attempts, 10)}
		if queue {
			sh.queued[c.ID] = a
		} else {
			i.start(a)
		}
	}
	if notBefore.After(a.notBefore) {
		a.notBefore = notBefore
	}
	return a
}

// joinable is a list with another admitted credential that serves from
// notBefore on; nil without one. One whose last list failed is not relied on.
func (sh *shelf) joinable(p *project, notBefore time.Time) *attempt {
	for id, a := range sh.running {
		m := p.members[id]
		_, failed := sh.failures[id]
		if m != nil && m.admitted && !failed && a.serves(notBefore) {
			return a
		}
	}
	return nil
}

// start runs a list. Call it with the lock held.
func (i *Inventory) start(a *attempt) {
	a.shelf.running[a.credential.ID] = a
	go i.run(a)
}

// run makes a list and tells those who wait for it.
func (i *Inventory) run(a *attempt) {
	ctx, cancel := context.WithTimeout(a.project.ctx, i.options.ListTimeout)
	defer cancel()
	l := &listing{
		Options:    &i.options,
		target:     a.project.target,
		project:    Project(a.project.target),
		owner:      a.owner,
		authorizer: a.credential.Authorizer,
		scope:      a.shelf.scope,
		deadline:   i.options.Clock.Now().Add(i.options.ListTimeout),
		begin:      func() *View { return i.begin(a) },
		writes:     func() (uint64, *layer) { return i.writes(a) },
	}
	var b *base
	err := l.run(ctx)
	if err == nil {
		// Only this goroutine writes them, in begin.
		b = newBase(l.found, a.shelf.scope)
		b.began, b.seq, b.date = a.began, a.seq, l.date
		b.partial, b.total = l.partial, l.total
	}
	for _, wake := range i.end(a, b, err) {
		wake()
	}
}

// begin records that the list's first page is about to be asked for, and gives
// what the shelf showed until then.
func (i *Inventory) begin(a *attempt) *View {
	i.mu.Lock()
	defer i.mu.Unlock()
	a.begun, a.began, a.seq = true, i.options.Clock.Now(), a.project.seq
	a.previous = a.project.view(a.shelf)
	return a.previous
}

// writes are the own writes until now that a list may not have seen, and how
// many removed something so far.
func (i *Inventory) writes(a *attempt) (removals uint64, writes *layer) {
	i.mu.Lock()
	defer i.mu.Unlock()
	return a.project.removals, a.project.writes
}

// end takes over the result of a list, and gives those to wake.
func (i *Inventory) end(a *attempt, b *base, err error) (wakes []func()) {
	i.mu.Lock()
	defer i.mu.Unlock()
	now := i.options.Clock.Now()
	p, sh, id := a.project, a.shelf, a.credential.ID
	delete(sh.running, id)
	m := p.member(id, now)
	if err != nil {
		if !a.begun {
			// It failed for everybody who asked for it so far.
			a.began = now
		}
		sh.failures[id] = failure{a.began, err}
		if refused(err) {
			m.admitted = false
		}
	} else {
		m.admitted = true
		delete(sh.failures, id)
		// Another credential's may have begun later and ended sooner.
		if sh.base == nil || b.seq >= sh.base.seq && !b.began.Before(sh.base.began) {
			sh.base = b
		}
	}
	p.prune()
	wakes = a.wakes
	if next := sh.queued[id]; next != nil {
		delete(sh.queued, id)
		if m.admitted && sh.servesFrom(next.notBefore) {
			wakes = append(wakes, next.wakes...)
		} else {
			i.start(next)
		}
	}
	return wakes
}

// refused tells whether the API does not let the credential list the project.
func refused(err error) bool {
	e, ok := live.AsError(err)
	return ok && (e.Class == live.ClassUnauthorized || e.Class == live.ClassForbidden)
}
