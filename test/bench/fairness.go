package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/live-operator/live-operator/test/livesim"
)

const (
	// fairRounds is how often it is measured, with and without in turns, so that
	// what else the machine does weighs on both.
	fairRounds = 2
	// othersSize resources in othersProjects projects become Ready beside a
	// project with hungSize resources.
	othersSize, othersProjects, hungSize = 400, 4, 200
)

// fairUse says what a project whose API hangs costs the others.
type fairUse struct {
	Resources int `json:"resources"`
	Projects  int `json:"projects"`
	// Hung is how many calls of the project hung when the others began.
	Hung int `json:"hungCalls"`
	// Without and With are the seconds until all others were Ready, of all rounds.
	Without float64 `json:"secondsWithout"`
	With    float64 `json:"secondsWith"`
	Ratio   float64 `json:"ratio"`
}

// fairness measures how long some projects take without and with one that hangs.
func (b *bed) fairness(ctx context.Context) (*fairUse, error) {
	b.say("fairness: %s, without and with a project whose API hangs, %d times", spread(othersSize, othersProjects), fairRounds)
	b.setLatency(20 * time.Millisecond)
	if err := b.startOperator(ctx, noResync, "info"); err != nil {
		return nil, err
	}
	use := &fairUse{Resources: othersSize, Projects: othersProjects}
	for round := range fairRounds {
		without, err := b.others(ctx, fmt.Sprint("without-", round))
		if err != nil {
			return nil, err
		}
		with, hung, err := b.beside(ctx, round)
		if err != nil {
			return nil, err
		}
		use.Without += without.Seconds()
		use.With += with.Seconds()
		use.Hung = max(use.Hung, hung)
	}
	use.Ratio = use.With / use.Without
	return use, b.stopOperator()
}

// others creates resources, and says how long it took.
func (b *bed) others(ctx context.Context, name string) (time.Duration, error) {
	f := newFleet(name, othersSize, othersProjects)
	if err := b.prepare(ctx, f); err != nil {
		return 0, err
	}
	t, err := b.follow(ctx, f.namespace)
	if err != nil {
		return 0, err
	}
	defer t.stop()
	t.expect(readyAt(1))
	b.say("  %s", name)
	err = b.eachDone(ctx, f, creation, t, func(i int) error { return b.client.Create(ctx, f.resource(i)) })
	return f.measure(creation).took, err
}

// beside is others beside a project whose creations hang.
func (b *bed) beside(ctx context.Context, round int) (took time.Duration, hung int, err error) {
	f := newFleet(fmt.Sprint("hung-", round), hungSize, 1)
	if err := b.prepare(ctx, f); err != nil {
		return 0, 0, err
	}
	id := b.sim.Fail(livesim.Fault{Operation: livesim.Create, Project: f.projects[0].id, Hang: true})
	err = b.each(ctx, f.size, func(i int) error { return b.client.Create(ctx, f.resource(i)) })
	if err == nil {
		err = b.until(ctx, 1, 50*time.Millisecond, func() (int, string, error) { return b.sim.Hits(id), "calls hang", nil })
	}
	if err == nil {
		hung = b.sim.Hits(id)
		took, err = b.others(ctx, fmt.Sprint("with-", round))
	}
	b.sim.ClearFaults()
	// So that it does not weigh on what comes next.
	return took, hung, errors.Join(err, b.quiet(ctx))
}
