package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/live-operator/live-operator/api/v1alpha1"
)

const (
	// resync is the shortest that the operator takes.
	resync = time.Minute
	// noResync is long enough for no comparison to come due while what is
	// counted is something else.
	noResync = 1000 * time.Hour
)

// life takes a fleet through all phases, and the bare loop through those that it
// can do, each right after the operator. An operator serves one fleet, so that
// its memory is known.
func (b *bed) life(ctx context.Context, f *fleet) (err error) {
	b.setLatency(f.latency)
	if err := b.startOperator(ctx, noResync, "info"); err != nil {
		return err
	}
	if err := b.warmUp(ctx, f); err != nil {
		return fmt.Errorf("warm-up for %s: %w", f, err)
	}
	twin := newFleet("bare-"+f.namespace, f.size, len(f.projects))
	twin.bare = true
	if err := errors.Join(b.prepare(ctx, f), b.prepare(ctx, twin)); err != nil {
		return err
	}
	loop, err := newBare(b)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, loop.close()) }()
	t, err := b.follow(ctx, f.namespace)
	if err != nil {
		return err
	}
	defer t.stop()

	if err := b.create(ctx, f, t); err != nil {
		return fmt.Errorf("creation of %s: %w", f, err)
	}
	if err := b.limit(ctx, f, twin, creation, loop.create); err != nil {
		return err
	}
	if err := b.change(ctx, f, t); err != nil {
		return fmt.Errorf("change of %s: %w", f, err)
	}
	if err := b.limit(ctx, f, twin, change, loop.change); err != nil {
		return err
	}
	if err := b.restart(ctx, f); err != nil {
		return err
	}
	if err := b.delete(ctx, f, t); err != nil {
		return fmt.Errorf("deletion of %s: %w", f, err)
	}
	f.ended = b.mark()
	if err := b.limit(ctx, f, twin, deletion, loop.delete); err != nil {
		return err
	}
	return b.stopOperator()
}

// warmUpSize resources are enough for every worker, connection and code path to
// have been used.
const warmUpSize = 64

// warmUp has the operator serve a small fleet that counts for nothing. Else the
// first phase would pay for the start of the operator and for what the API
// server does once, and the bare loop after it would not.
func (b *bed) warmUp(ctx context.Context, f *fleet) error {
	small := newFleet(warmUpNamespace+f.namespace, warmUpSize, 1)
	if err := b.prepare(ctx, small); err != nil {
		return err
	}
	t, err := b.follow(ctx, small.namespace)
	if err != nil {
		return err
	}
	defer t.stop()
	return errors.Join(b.create(ctx, small, t), b.delete(ctx, small, t))
}

// limit measures the bare loop.
func (b *bed) limit(ctx context.Context, f, twin *fleet, p phase, do func(context.Context, *fleet) (time.Duration, error)) error {
	if b.skipLimit {
		return nil
	}
	b.say("%s: the same by a bare loop", p)
	watched, err := b.follow(ctx, twin.namespace)
	if err != nil {
		return err
	}
	defer watched.stop()
	took, err := do(ctx, twin)
	if err != nil {
		return fmt.Errorf("%s by the bare loop: %w", p, err)
	}
	f.measure(p).bare = took
	return nil
}

// measured does a phase and measures what it takes.
func (b *bed) measured(ctx context.Context, f *fleet, p phase, do func() error) error {
	b.say("%s: %s", p, f)
	if _, begun := f.begun[p]; !begun {
		f.begun[p] = b.mark()
	}
	before, err := b.sample(ctx)
	if err != nil {
		return err
	}
	if err := do(); err != nil {
		return err
	}
	if err := b.quiet(ctx); err != nil {
		return err
	}
	after, err := b.sample(ctx)
	m := f.measure(p)
	m.cpu, m.rss, m.server = after.since(before)
	return err
}

// eachDone asks for something for each resource, and waits until all are done.
func (b *bed) eachDone(ctx context.Context, f *fleet, p phase, t *tracker, ask func(i int) error) error {
	err := b.each(ctx, f.size, func(i int) error {
		t.ask(resourceName(i))
		return ask(i)
	})
	if err != nil {
		return err
	}
	if err := b.untilDone(ctx, f.size, t); err != nil {
		return err
	}
	m := f.measure(p)
	m.took, m.p50, m.p99 = t.times()
	return nil
}

func (b *bed) create(ctx context.Context, f *fleet, t *tracker) error {
	t.expect(readyAt(1))
	err := b.measured(ctx, f, creation, func() error {
		return b.eachDone(ctx, f, creation, t, func(i int) error { return b.client.Create(ctx, f.resource(i)) })
	})
	if err != nil {
		return err
	}
	return b.expectRemote(f, f.size, firstURL)
}

// changePatch is what a user changes.
func changePatch() client.Patch {
	return client.RawPatch(types.MergePatchType, fmt.Appendf(nil, `{"spec":{"notifyCallbackURL":%q}}`, changedURL))
}

func (b *bed) change(ctx context.Context, f *fleet, t *tracker) error {
	t.expect(readyAt(2))
	err := b.measured(ctx, f, change, func() error {
		return b.eachDone(ctx, f, change, t, func(i int) error { return b.client.Patch(ctx, f.shell(i), changePatch()) })
	})
	if err != nil {
		return err
	}
	return b.expectRemote(f, f.size, changedURL)
}

// restart stops the operator, and starts it with a short interval. The first
// comparison of each project is the restart's, the second is drift's; a brief
// life leaves that out. Calls are told apart by project: see rounds.
func (b *bed) restart(ctx context.Context, f *fleet) error {
	if b.skipComparisons {
		return nil
	}
	if err := b.stopOperator(); err != nil {
		return err
	}
	began := time.Now()
	f.begun[restart] = b.mark()
	if err := b.startOperator(ctx, resync, "2"); err != nil {
		return err
	}
	seen := newComparisons()
	compare := func(p phase, times int) error {
		return b.measured(ctx, f, p, func() error {
			defer func() { f.measure(p).took = time.Since(began) }()
			b.say("  each project is compared within %s", resync)
			return b.untilCompared(ctx, f, seen, times)
		})
	}
	if err := compare(restart, 1); err != nil || b.smoke {
		return err
	}
	began = time.Now()
	return compare(drift, 2)
}

func (b *bed) delete(ctx context.Context, f *fleet, t *tracker) error {
	t.expect(gone)
	err := b.measured(ctx, f, deletion, func() error {
		return b.eachDone(ctx, f, deletion, t, func(i int) error { return b.client.Delete(ctx, f.shell(i)) })
	})
	if err != nil {
		return err
	}
	return b.expectRemote(f, 0, "")
}

// shell is the i-th resource by name alone.
func (f *fleet) shell(i int) *v1alpha1.RecordCallbackConfig {
	c := &v1alpha1.RecordCallbackConfig{}
	c.Namespace, c.Name = f.namespace, resourceName(i)
	return c
}

// expectRemote checks that the API holds what the phase was about.
func (b *bed) expectRemote(f *fleet, size int, url string) error {
	found := 0
	for _, p := range f.projects {
		for _, c := range b.sim.Configs(p.id) {
			found++
			if c.NotifyCallbackURL != url {
				return fmt.Errorf("all resources are Ready, but the API holds the callback URL %s and not %s", c.NotifyCallbackURL, url)
			}
		}
	}
	if found != size {
		return fmt.Errorf("the operator is done, but the API holds %d configurations and not %d", found, size)
	}
	return nil
}
