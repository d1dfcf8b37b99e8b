package bulkhead

import "time"

// project is what is known of one. It is guarded by the Bulkhead's lock.
type project struct {
	waiting []*waiter // in order of arrival
	// fastAt is when it last answered in time, zero since it did not, and window
	// how many slots its answers since then are worth.
	fastAt time.Time
	window int

	// What usage counts.
	slots int
	stuck bool
}

// answered takes account of a call that took so long.
func (p *project) answered(now time.Time, took time.Duration, quota int) {
	switch {
	case took > slowAfter:
		p.fastAt = time.Time{}
		return
	case !p.answeredLately(now):
		p.window = quota
	}
	p.window++
	p.fastAt = now
}

// answeredLately tells whether its last answer was in time, and is recent.
func (p *project) answeredLately(now time.Time) bool {
	return !p.fastAt.IsZero() && now.Sub(p.fastAt) <= briskFor
}

// quota is how many slots a project has that has yet to show how it answers.
func (b *Bulkhead) quota() int { return max(b.workers/8, 1) }

// usage is who has the slots at one time.
type usage struct {
	now            time.Time
	workers, quota int
	// brisk are the brisk projects' slots, briskProjects how many have any, and
	// others all other slots.
	brisk, briskProjects, others int
}

// usage counts. It costs about as much as there are workers. Call it with the
// lock held.
func (b *Bulkhead) usage(now time.Time) *usage {
	u := &usage{now: now, workers: b.workers, quota: b.quota()}
	for _, p := range b.line {
		p.slots, p.stuck = 0, false
	}
	for _, s := range b.slots {
		s.project.slots, s.project.stuck = 0, false
	}
	for _, s := range b.slots {
		s.project.stuck = s.project.stuck || !s.kept && now.Sub(s.since) > slowAfter
	}
	for _, s := range b.slots {
		u.add(s.project)
	}
	return u
}

// add counts one more slot of that project.
func (u *usage) add(p *project) {
	p.slots++
	switch {
	case !u.isBrisk(p):
		u.others++
	case p.slots == 1:
		u.brisk++
		u.briskProjects++
	default:
		u.brisk++
	}
}

func (u *usage) isBrisk(p *project) bool { return !p.stuck && p.answeredLately(u.now) }

// admits tells whether the project may have one more slot.
func (u *usage) admits(p *project) bool {
	if !u.isBrisk(p) {
		return p.slots < u.quota && u.others < max(u.workers/2, 1)
	}
	if p.slots >= p.window {
		return false
	}
	projects := u.briskProjects + 1
	if p.slots == 0 {
		projects++
	}
	free := u.workers - u.others
	return p.slots < max(free/projects, 1) || u.brisk < max(free-max(free/4, 1), 1)
}
