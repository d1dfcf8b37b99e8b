package ratelimit

import (
	"math"
	"time"

	"golang.org/x/time/rate"
)

// project is the budget of one project. It is guarded by the Budget's lock.
type project struct {
	limiter *rate.Limiter
	lines   [priorities]line
	places  map[string]*place // by owner

	// pausedUntil is the end of the last pause.
	pausedUntil time.Time
	// step is the last pause that was chosen here, 0 since a success.
	step time.Duration
	// used is when the project was last asked for.
	used time.Time
}

// take is Take of this project. When the wait is over, waited tells how long it
// was from the first time that the owner asked.
func (p *project) take(now time.Time, owner string, priority Priority) (wait, waited time.Duration) {
	own := p.places[owner]
	since := now
	if own != nil {
		since = own.since
	}
	if own != nil && own.priority != priority {
		p.leave(owner)
		own = nil
	}
	at := now
	if p.pausedUntil.After(now) {
		at = p.pausedUntil
	}
	tokens := p.tokens(at)
	ahead, mayGo := p.ahead(now, own, priority, tokens)
	if mayGo && at.Equal(now) && p.limiter.AllowN(now, 1) {
		p.leave(owner)
		return 0, now.Sub(since)
	}
	wait = max(at.Sub(now)+p.until(float64(ahead+1)-tokens), minWait)
	if own == nil {
		own = p.join(owner, priority)
		own.since = since
	}
	own.due = now.Add(wait)
	return wait, 0
}

// ahead is how many places are ahead of an own one (nil: a new one at the end),
// less those that are late; and whether there is a call for each of them and
// one more.
//
// An owner that comes back in time is near the head, so looking along the line
// up to its place is cheap. For a new one, looking further than there are calls
// would tell no more than the length of the line does.
func (p *project) ahead(now time.Time, own *place, priority Priority, tokens float64) (ahead int, mayGo bool) {
	late := 0
	for level := Listing; level >= priority; level-- {
		for next := p.lines[level].first; next != nil; {
			at := next
			next = at.next
			switch {
			case at == own:
				return ahead, float64(ahead+1) <= tokens
			case at.forgotten(now):
				p.leave(at.owner)
			case at.late(now):
				late++
			default:
				ahead++
			}
			if own == nil && float64(ahead+1) > tokens {
				return p.waiting(priority) - late, false
			}
		}
	}
	return ahead, float64(ahead+1) <= tokens
}

// waiting is how many places there are of that priority and above.
func (p *project) waiting(priority Priority) int {
	n := 0
	for level := priority; level < priorities; level++ {
		n += p.lines[level].length
	}
	return n
}

// join gives the owner a place at the end of the line.
func (p *project) join(owner string, priority Priority) *place {
	at := &place{owner: owner, priority: priority}
	p.lines[priority].append(at)
	p.places[owner] = at
	return at
}

// leave gives up the owner's place, if it has one.
func (p *project) leave(owner string) {
	if at := p.places[owner]; at != nil {
		p.lines[at.priority].remove(at)
		delete(p.places, owner)
	}
}

// tokens is how many calls could be made at that time.
func (p *project) tokens(at time.Time) float64 {
	if p.limiter.Limit() == rate.Inf {
		return math.Inf(1)
	}
	return p.limiter.TokensAt(at)
}

// until is how long it takes for that many more calls, rounded up, so that who
// comes back at that time does not come in vain.
func (p *project) until(tokens float64) time.Duration {
	if tokens <= 0 {
		return 0
	}
	const longest = math.MaxInt64 / 4
	wait := tokens / float64(p.limiter.Limit()) * float64(time.Second)
	return time.Duration(math.Min(math.Ceil(wait), longest)) + 1
}
