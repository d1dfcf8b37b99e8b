package ratelimit

import (
	"time"

	"golang.org/x/time/rate"
)

const (
	// firstPause and longestPause bound the pauses that are chosen here.
	firstPause   = 2 * time.Second
	longestPause = time.Minute
	// longestRetryAfter bounds what an answer can ask for.
	longestRetryAfter = time.Hour
)

// Pause is told of an answer that throttled a call (429): no call of the
// project may be made for retryAfter, which is the answer's Retry-After, an hour
// at most. Where that is 0, the pause is 2 s, and twice as long each time that
// the first calls after it are throttled again, up to 60 s; see Succeeded. It
// returns how long the project pauses from now.
//
// Calls that were on their way when the pause began may be throttled too: such
// an answer does not make it longer, unless its own Retry-After does.
//
// After a pause calls begin anew with a single one, not with a burst.
func (b *Budget) Pause(project string, retryAfter time.Duration) time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.clock.Now()
	b.sweep(now)
	p := b.of(project, now)
	wait := min(retryAfter, longestRetryAfter)
	if wait <= 0 && !p.pausedUntil.After(now) {
		p.step = min(max(2*p.step, firstPause), longestPause)
		wait = p.step
	}
	if until := now.Add(wait); wait > 0 && until.After(p.pausedUntil) {
		p.pausedUntil = until
		p.drain()
	}
	return p.pausedUntil.Sub(now)
}

// Succeeded is told that a call of the project got through. After a pause that
// ends the doubling; the answer to a call from before the pause does not.
func (b *Budget) Succeeded(project string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if p := b.projects[project]; p != nil && p.step > 0 && !p.pausedUntil.After(b.clock.Now()) {
		p.step = 0
	}
}

// Paused is how long the project still pauses; 0 where it does not.
func (b *Budget) Paused(project string) time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	p := b.projects[project]
	if p == nil {
		return 0
	}
	return max(p.pausedUntil.Sub(b.clock.Now()), 0)
}

// drain leaves one call at the end of the pause.
func (p *project) drain() {
	if p.limiter.Limit() == rate.Inf {
		return
	}
	if n := int(p.tokens(p.pausedUntil)) - 1; n > 0 {
		p.limiter.AllowN(p.pausedUntil, n)
	}
}
