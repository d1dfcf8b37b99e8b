package main

import (
	"context"
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

// life takes all fleets through all phases; brief leaves drift out.
func (b *bed) life(ctx context.Context, fleets []*fleet, brief bool) error {
	if err := b.startOperator(ctx, noResync); err != nil {
		return err
	}
	for _, f := range fleets {
		if err := b.prepare(ctx, f); err != nil {
			return err
		}
	}
	for _, f := range fleets {
		if err := b.create(ctx, f); err != nil {
			return fmt.Errorf("creation of %s: %w", f, err)
		}
	}
	for _, f := range fleets {
		if err := b.change(ctx, f); err != nil {
			return fmt.Errorf("change of %s: %w", f, err)
		}
	}
	if err := b.restart(ctx, fleets, brief); err != nil {
		return err
	}
	begin(fleets, deletion, b.mark())
	for _, f := range fleets {
		if err := b.delete(ctx, f); err != nil {
			return fmt.Errorf("deletion of %s: %w", f, err)
		}
	}
	end := b.mark()
	for _, f := range fleets {
		f.ended = end
	}
	return nil
}

func begin(fleets []*fleet, p phase, m mark) {
	for _, f := range fleets {
		f.begun[p] = m
	}
}

func (b *bed) create(ctx context.Context, f *fleet) error {
	f.begun[creation] = b.mark()
	b.say("creation: %s", f)
	err := b.each(ctx, f.size, func(i int) error { return b.cluster.Client.Create(ctx, f.resource(i)) })
	if err != nil {
		return err
	}
	if err := b.untilReady(ctx, f, creation); err != nil {
		return err
	}
	return b.expectRemote(f, f.size, firstURL)
}

func (b *bed) change(ctx context.Context, f *fleet) error {
	f.begun[change] = b.mark()
	b.say("change: %s", f)
	patch := client.RawPatch(types.MergePatchType, fmt.Appendf(nil, `{"spec":{"notifyCallbackURL":%q}}`, changedURL))
	err := b.each(ctx, f.size, func(i int) error { return b.cluster.Client.Patch(ctx, f.shell(i), patch) })
	if err != nil {
		return err
	}
	if err := b.untilReady(ctx, f, change); err != nil {
		return err
	}
	return b.expectRemote(f, f.size, changedURL)
}

// restart stops the operator, and starts it with a short interval. The first
// comparison of each project is the restart's, the second is drift's; brief
// leaves that out. All fleets go through this at the same time, because it is
// mostly waiting. Calls are told apart by project: see rounds.
func (b *bed) restart(ctx context.Context, fleets []*fleet, brief bool) error {
	b.say("restart: all fleets; each project is compared once within %s", resync)
	if err := b.stopOperator(); err != nil {
		return err
	}
	begin(fleets, restart, b.mark())
	if err := b.startOperator(ctx, resync); err != nil {
		return err
	}
	seen := newComparisons()
	if err := b.untilCompared(ctx, fleets, seen, restart, 1); err != nil {
		return err
	}
	if brief {
		b.say("drift: left out; the restart has compared everything once")
		return nil
	}
	b.say("drift: all fleets; each project is compared once more within %s", resync)
	begin(fleets, drift, b.mark())
	return b.untilCompared(ctx, fleets, seen, drift, 2)
}

func (b *bed) delete(ctx context.Context, f *fleet) error {
	b.say("deletion: %s", f)
	began := time.Now()
	err := b.each(ctx, f.size, func(i int) error { return b.cluster.Client.Delete(ctx, f.shell(i)) })
	if err != nil {
		return err
	}
	err = b.until(ctx, f.size, pollOf(f.size), func() (int, string, error) {
		left, err := b.list(ctx, f)
		return f.size - len(left), "gone", err
	})
	if err != nil {
		return err
	}
	if err := b.quiet(ctx); err != nil {
		return err
	}
	f.took[deletion] = time.Since(began)
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
