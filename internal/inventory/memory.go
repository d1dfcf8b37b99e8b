package inventory

import (
	"cmp"
	"slices"
	"time"

	"github.com/live-operator/live-operator/internal/live"
)

// tidyEvery is how often memory is looked through for what can be dropped.
const tidyEvery = 10 * time.Minute

// tidy now and then drops what nobody asks for any more: projects, versions of
// Secrets, parts of projects. Call it with the lock held.
func (i *Inventory) tidy(now time.Time) {
	if now.Sub(i.tidied) < min(tidyEvery, i.options.IdleAfter) {
		return
	}
	i.tidied = now
	idle := func(used time.Time) bool { return now.Sub(used) >= i.options.IdleAfter }
	for t, p := range i.projects {
		if idle(p.used) {
			i.drop(t)
			continue
		}
		for id, m := range p.members {
			if idle(m.used) && !p.listing(id) {
				delete(p.members, id)
				for _, sh := range p.shelves {
					delete(sh.failures, id)
				}
			}
		}
		for s, sh := range p.shelves {
			if s != (scope{}) && idle(sh.used) && len(sh.running)+len(sh.queued) == 0 {
				delete(p.shelves, s)
			}
		}
		p.prune()
	}
}

// listing tells whether a list with that credential is under way.
func (p *project) listing(credentialID string) bool {
	for _, sh := range p.shelves {
		if sh.running[credentialID] != nil {
			return true
		}
	}
	return false
}

// Stats describe a project in memory.
type Stats struct {
	Target live.Target
	// Configs is how many configurations the project holds, as far as is known.
	Configs int
	// ListedAt is when the last list that succeeded began; zero without one.
	ListedAt time.Time
	// Credentials is how many credentials may see the project, and Lists how many
	// lists are under way or queued.
	Credentials, Lists int
}

// Stats describes the projects in memory, by region and project ID.
func (i *Inventory) Stats() []Stats {
	all, views := i.stats()
	for n, v := range views {
		if v != nil {
			all[n].Configs = v.size()
		}
	}
	slices.SortFunc(all, func(a, b Stats) int {
		return cmp.Or(cmp.Compare(a.Target.Region, b.Target.Region), cmp.Compare(a.Target.ProjectID, b.Target.ProjectID))
	})
	return all
}

// stats are the Stats but for their sizes, which the views tell: to count takes
// longer than others should wait for the lock. Without a list, a view is nil.
func (i *Inventory) stats() (all []Stats, views []*View) {
	i.mu.Lock()
	defer i.mu.Unlock()
	for t, p := range i.projects {
		s := Stats{Target: t}
		for _, m := range p.members {
			if m.admitted {
				s.Credentials++
			}
		}
		for _, sh := range p.shelves {
			s.Lists += len(sh.running) + len(sh.queued)
		}
		var v *View
		if sh := p.shelves[scope{}]; sh != nil && sh.base != nil {
			v = p.view(sh)
			s.ListedAt = v.ListedAt
		}
		all, views = append(all, s), append(views, v)
	}
	return all, views
}

// size is how many configurations there are, as far as is known.
func (v *View) size() int {
	if v.base.partial {
		return max(v.Len(), v.base.total)
	}
	return v.Len()
}
