package livesim

import (
	"sync"
	"time"
)

// Clock is the clock of the simulated API. It runs with the machine's, or
// ahead or behind it, or stands still. The zero value runs with the machine's.
// It is safe for concurrent use.
type Clock struct {
	mu     sync.Mutex
	offset time.Duration
	frozen bool
	at     time.Time
}

// Now is the time by this clock.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.frozen {
		return c.at
	}
	return time.Now().Add(c.offset)
}

// Set stops the clock at t. From then on only Set, Advance and Skew move it.
func (c *Clock) Set(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.frozen, c.at = true, t
}

// Advance moves the clock by d, whether it runs or stands.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.offset += d
	c.at = c.at.Add(d)
}

// Skew makes the clock run, ahead of the machine's by d, or behind it where d
// is negative.
func (c *Clock) Skew(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.frozen, c.offset = false, d
}
