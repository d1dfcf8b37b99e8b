package livesim

import (
	"context"
	"fmt"
	"sync"
)

// Gate holds calls until a test lets them through, so that the test decides
// what happens in between. It is safe for concurrent use.
type Gate struct {
	mu      sync.Mutex
	open    bool
	passes  int
	waiting int
	// changed is closed, and made anew, when any of the above changes.
	changed chan struct{}
}

// NewGate makes a gate that is shut.
func NewGate() *Gate { return &Gate{changed: make(chan struct{})} }

// Open lets through all calls that wait, and all that come.
func (g *Gate) Open() { g.update(func() { g.open = true }) }

// Shut holds the calls that come from now on.
func (g *Gate) Shut() { g.update(func() { g.open, g.passes = false, 0 }) }

// Pass lets one call through: one that waits, or else the next to come.
func (g *Gate) Pass() { g.update(func() { g.passes++ }) }

// Waiting is how many calls wait at the gate.
func (g *Gate) Waiting() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.waiting
}

// Await returns when at least n calls wait at the gate, or with an error when
// ctx ends.
func (g *Gate) Await(ctx context.Context, n int) error {
	for {
		g.mu.Lock()
		waiting, changed := g.waiting, g.changed
		g.mu.Unlock()
		if waiting >= n {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return fmt.Errorf("%d calls wait at the gate, not %d: %w", waiting, n, ctx.Err())
		}
	}
}

// enter waits until the gate lets the call through, and gives false where
// abandoned is closed first.
func (g *Gate) enter(abandoned <-chan struct{}) bool {
	g.update(func() { g.waiting++ })
	defer g.update(func() { g.waiting-- })
	for {
		passed, changed := g.try()
		if passed {
			return true
		}
		select {
		case <-changed:
		case <-abandoned:
			return false
		}
	}
}

func (g *Gate) try() (bool, <-chan struct{}) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.open {
		return true, nil
	}
	if g.passes > 0 {
		g.passes--
		return true, nil
	}
	return false, g.changed
}

func (g *Gate) update(change func()) {
	g.mu.Lock()
	defer g.mu.Unlock()
	change()
	close(g.changed)
	g.changed = make(chan struct{})
}
