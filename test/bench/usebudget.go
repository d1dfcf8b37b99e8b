package main

import (
	"context"
	"fmt"
	"time"

	"github.com/live-operator/live-operator/test/livesim"
)

const (
	// vendorLimit is how many calls the API takes in a minute of one user.
	vendorLimit = 300
	// defaultQPS and defaultBurst are the operator's --api-qps and --api-burst.
	defaultQPS, defaultBurst = 4.8, 10
	// budgetResources is how many are created: two minutes' worth of calls.
	budgetResources = 600
)

// budgetUse says how much of what a project may call was called.
type budgetUse struct {
	Calls   int     `json:"calls"`
	Seconds float64 `json:"seconds"`
	// Allowed is how many calls the budget lets through in that time, and Used the
	// part of them that were made.
	Allowed float64 `json:"allowed"`
	Used    float64 `json:"used"`
	// Busiest is the most calls in any minute, Throttled how many were refused
	// with 429 by a simulator that allows 300.
	Busiest   int `json:"busiestMinute"`
	Throttled int `json:"throttled"`
}

// useBudget creates so many resources in one project that the budget is what
// holds them back.
func (b *bed) useBudget(ctx context.Context) (*budgetUse, error) {
	f := newFleet("budget", budgetResources, 1)
	b.say("budget: %s, with the operator's default limits: two minutes", spread(f.size, 1))
	b.sim.SetBehavior(func(behavior *livesim.Behavior) {
		behavior.Latency, behavior.LimitPerMinute = 20*time.Millisecond, vendorLimit
	})
	defer b.sim.SetBehavior(func(behavior *livesim.Behavior) { behavior.LimitPerMinute = 0 })
	if err := b.startOperator(ctx, noResync, "info", fmt.Sprint("--api-qps=", defaultQPS), fmt.Sprint("--api-burst=", defaultBurst)); err != nil {
		return nil, err
	}
	if err := b.prepare(ctx, f); err != nil {
		return nil, err
	}
	t, err := b.follow(ctx, f.namespace)
	if err != nil {
		return nil, err
	}
	defer t.stop()
	if err := b.create(ctx, f, t); err != nil {
		return nil, err
	}
	project := f.projects[0].id
	use := useOf(b.ledger.between(project, f.begun[creation].at, time.Time{}))
	use.Busiest = b.sim.Busiest(project)
	return use, b.stopOperator()
}

// useOf adds up the calls of a project that never had fewer to make than it may.
func useOf(calls []call) *budgetUse {
	use := &budgetUse{Calls: len(calls)}
	for _, c := range calls {
		if c.throttled {
			use.Throttled++
		}
	}
	if len(calls) > 0 {
		use.Seconds = calls[len(calls)-1].at.Sub(calls[0].at).Seconds()
	}
	use.Allowed = defaultBurst + defaultQPS*use.Seconds
	use.Used = float64(use.Calls) / use.Allowed
	return use
}

// kept tells whether nothing was refused, and to within 2% all was used.
func (u *budgetUse) kept() bool {
	return u.Throttled == 0 && u.Used >= 0.98 && u.Busiest <= vendorLimit
}
