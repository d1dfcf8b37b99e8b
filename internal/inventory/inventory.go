package inventory

import (
	"sync"
	"time"

	"github.com/live-operator/live-operator/internal/live"
)

// Inventory is what projects hold remotely. Safe for concurrent use; no method
// waits for a call.
type Inventory struct {
	options Options

	mu       sync.Mutex
	projects map[live.Target]*project
	tidied   time.Time
	attempts uint64
}

// New makes an empty Inventory. It panics where the Lister or the Budget is
// missing.
func New(o Options) *Inventory {
	if o.Lister == nil || o.Budget == nil {
		panic("an inventory needs a Lister and a Budget")
	}
	o = o.withDefaults()
	return &Inventory{options: o, projects: map[live.Target]*project{}, tidied: o.Clock.Now()}
}

// Look shows what a project holds, as of a list that began at or after
// notBefore, in the time of Options.Clock; a time that is still to come means
// now. It returns one of three:
//
//   - a view;
//   - the *live.Error of such a list that failed, made with this very
//     credential. It stays the answer until a later notBefore asks for another
//     try;
//   - pending: such a list is under way or about to be. When it has ended, wake
//     is called once, from a goroutine of the list and with no lock held, and
//     Look is to be called again. wake may be nil.
//
// A view is shown only to a credential with which a list of the project has
// succeeded; from then on it may be any that was listed with such a one. That
// ends when the API refuses the credential (Unauthorized, Forbidden). What a
// list with one credential comes to is never told to another.
//
// A view shows every configuration of that domain and app, and may lack others:
// where the API can't list the whole project, it shows a part that was filtered
// by domain, or by domain and app. Where both are empty, it is the first part.
//
// A failed list leaves older views in place for those who ask for no newer one.
//
//nolint:revive // The error is an answer among others, and comes before pending.
func (i *Inventory) Look(t live.Target, c Credential, notBefore time.Time, domain, app string, wake func()) (view *View, err error, pending bool) {
	i.mu.Lock()
	defer i.mu.Unlock()
	now := i.options.Clock.Now()
	i.tidy(now)
	if notBefore.After(now) {
		// No list can have begun then, and asking again would never end.
		notBefore = now
	}
	p := i.of(t, now)
	m := p.member(c.ID, now)
	for s := (scope{}); ; {
		sh := p.shelf(s, now)
		if m.admitted && sh.servesFrom(notBefore) {
			narrower, can := s.narrower(domain, app)
			if !can || !sh.base.partial {
				return p.view(sh), nil, false
			}
			s = narrower
			continue
		}
		if f, failed := sh.failures[c.ID]; failed && !f.began.Before(notBefore) {
			return nil, f.err, false
		}
		a := i.join(p, sh, m, c, notBefore)
		if wake != nil {
			a.wakes = append(a.wakes, wake)
		}
		return nil, nil, true
	}
}

// Put tells of an own write that has ended: the API holds c now. It shows at
// once in views that are looked up from now on.
func (i *Inventory) Put(t live.Target, c live.Config) {
	if c.ID == "" {
		return
	}
	c = detach(c)
	i.wrote(t, &write{id: c.ID, config: &c})
}

// Remove tells that the configuration with that ID is gone: an own delete has
// ended, or the service said so.
func (i *Inventory) Remove(t live.Target, id string) {
	i.wrote(t, &write{id: id})
}

func (i *Inventory) wrote(t live.Target, w *write) {
	i.mu.Lock()
	defer i.mu.Unlock()
	p := i.projects[t]
	if p == nil {
		return // Any list will begin after the write.
	}
	p.used = i.options.Clock.Now()
	p.wrote(w)
}

// ListedAt is when the list began that is behind what this credential may see
// of the project; zero where there is none. For a project that can't be listed
// as a whole it is the attempt to do so.
func (i *Inventory) ListedAt(t live.Target, credentialID string) time.Time {
	i.mu.Lock()
	defer i.mu.Unlock()
	p := i.projects[t]
	if p == nil {
		return time.Time{}
	}
	now := i.options.Clock.Now()
	m, sh := p.members[credentialID], p.shelves[scope{}]
	if m == nil || !m.admitted || sh == nil || sh.base == nil {
		return time.Time{}
	}
	p.used, m.used = now, now
	return sh.base.began
}

// Forget drops a project and ends its lists. Who waits for one is woken.
func (i *Inventory) Forget(t live.Target) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.drop(t)
}

// of is the project of that target. Call it with the lock held.
func (i *Inventory) of(t live.Target, now time.Time) *project {
	p := i.projects[t]
	if p == nil {
		p = newProject(i.options.Context, t)
		i.projects[t] = p
	}
	p.used = now
	return p
}

// drop forgets a project. Call it with the lock held.
func (i *Inventory) drop(t live.Target) {
	if p := i.projects[t]; p != nil {
		p.stop()
		delete(i.projects, t)
	}
}
