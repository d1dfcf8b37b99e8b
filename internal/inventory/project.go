package inventory

import (
	"context"
	"time"

	"github.com/live-operator/live-operator/internal/live"
)

// scope is what a list is filtered by. The zero scope is a whole project.
type scope struct{ domain, app string }

// narrower is the next scope to try where s holds more than can be listed.
func (s scope) narrower(domain, app string) (scope, bool) {
	switch {
	case s.domain == "":
		return scope{domain: domain}, domain != ""
	case s.app == "":
		return scope{domain: domain, app: app}, app != ""
	}
	return s, false
}

// project is what is known of one. It is guarded by the Inventory's lock.
type project struct {
	target live.Target
	ctx    context.Context
	stop   context.CancelFunc
	used   time.Time

	// seq counts own writes, and removals those that removed. An order that does
	// not depend on a clock tells which came before a list began.
	seq, removals uint64
	// writes are the own writes that some base has not seen.
	writes *layer

	members map[string]*member
	shelves map[scope]*shelf
}

// member is a credential.
type member struct {
	// admitted: a list has succeeded with it, so it may see the project.
	admitted bool
	used     time.Time
}

// shelf is what is known of one scope.
type shelf struct {
	scope scope
	used  time.Time
	// base is the result of the last list that succeeded; nil before.
	base *base
	// By credential: the list that is under way, the one to follow it because it
	// began too early for somebody, and the last that failed since one succeeded.
	running  map[string]*attempt
	queued   map[string]*attempt
	failures map[string]failure
}

// failure is how a list failed that began then.
type failure struct {
	began time.Time
	err   error
}

func newProject(ctx context.Context, t live.Target) *project {
	p := &project{target: t, members: map[string]*member{}, shelves: map[scope]*shelf{}}
	p.ctx, p.stop = context.WithCancel(ctx)
	return p
}

// member is the credential with that ID.
func (p *project) member(id string, now time.Time) *member {
	m := p.members[id]
	if m == nil {
		m = &member{}
		p.members[id] = m
	}
	m.used = now
	return m
}

// shelf is that of a scope.
func (p *project) shelf(s scope, now time.Time) *shelf {
	sh := p.shelves[s]
	if sh == nil {
		sh = &shelf{scope: s, running: map[string]*attempt{}, queued: map[string]*attempt{}, failures: map[string]failure{}}
		p.shelves[s] = sh
	}
	sh.used = now
	return sh
}

// servesFrom tells whether the list behind the base began at or after t.
func (sh *shelf) servesFrom(t time.Time) bool {
	return sh.base != nil && !sh.base.began.Before(t)
}

// view is what the shelf shows now; nil before the first list.
func (p *project) view(sh *shelf) *View {
	if sh.base == nil {
		return nil
	}
	return &View{ListedAt: sh.base.began, Date: sh.base.date, base: sh.base, writes: p.writes}
}

// wrote remembers an own write, for the bases there are and for the lists that
// began before it. A list that begins later sees it by itself.
func (p *project) wrote(w *write) {
	p.seq++
	w.seq = p.seq
	if w.config == nil {
		p.removals++
	}
	if p.oldest() < p.seq {
		p.writes = p.writes.with(w)
	}
}

// oldest is how many own writes there were when the oldest of the lists began
// that are under way or behind a base; as many as there are now without any.
func (p *project) oldest() uint64 {
	oldest := p.seq
	for _, sh := range p.shelves {
		if sh.base != nil {
			oldest = min(oldest, sh.base.seq)
		}
		for _, a := range sh.running {
			if a.begun {
				oldest = min(oldest, a.seq)
			}
		}
	}
	return oldest
}

// prune drops the own writes that every list has seen.
func (p *project) prune() {
	p.writes = p.writes.since(p.oldest())
}
