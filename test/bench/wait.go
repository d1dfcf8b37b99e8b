package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/live-operator/live-operator/api/v1alpha1"
)

const (
	// sayEvery is how often a wait says how far it is.
	sayEvery = 5 * time.Second
	// stuckAfter is how long a wait goes on without any progress. A comparison
	// comes a minute after the last one.
	stuckAfter = 3 * time.Minute
	// quietFor is how long nothing happens once the operator is done: events
	// come a little later than what they tell of.
	quietFor = 2 * time.Second
)

// each calls do for 0 to n-1, several at a time, until one fails.
func (b *bed) each(ctx context.Context, n int, do func(int) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	next := make(chan int)
	var workers sync.WaitGroup
	for range b.workers {
		workers.Go(func() {
			for i := range next {
				if err := do(i); err != nil {
					cancel(err)
				}
			}
		})
	}
	for i := 0; i < n && ctx.Err() == nil; i++ {
		select {
		case next <- i:
		case <-ctx.Done():
		}
	}
	close(next)
	workers.Wait()
	return context.Cause(ctx)
}

// until waits until the count that look gives is total. It says from time to
// time how far it is, in look's words, and gives up where it gets no further.
func (b *bed) until(ctx context.Context, total int, poll time.Duration, look func() (count int, words string, err error)) error {
	tick := time.NewTicker(poll)
	defer tick.Stop()
	best, progressed, said := -1, time.Now(), time.Now()
	for {
		count, words, err := look()
		switch {
		case err != nil:
			return err
		case count >= total:
			return nil
		case count > best:
			best, progressed = count, time.Now()
		case time.Since(progressed) > stuckAfter:
			return fmt.Errorf("no progress for %s: %d of %d %s", stuckAfter, count, total, words)
		}
		if time.Since(said) >= sayEvery {
			said = time.Now()
			b.say("  %d of %d %s; %d Live calls so far", count, total, words, b.ledger.len())
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-b.operator.Done():
			return errors.New("the operator ended by itself; -operator-log shows why")
		case <-tick.C:
		}
	}
}

// pollOf is how often to look at so many resources: seldom enough not to
// disturb what is measured.
func pollOf(size int) time.Duration {
	return min(max(time.Second, time.Duration(size)*time.Millisecond), 10*time.Second)
}

// quiet waits until neither a call nor a write was made for a while.
func (b *bed) quiet(ctx context.Context) error {
	last, since := -1, time.Now()
	return b.until(ctx, 1, 100*time.Millisecond, func() (int, string, error) {
		if n := b.ledger.len() + len(b.proxy.Writes("")); n != last {
			last, since = n, time.Now()
		}
		if time.Since(since) < quietFor {
			return 0, "quiet", nil
		}
		return 1, "quiet", nil
	})
}

// untilReady waits until the API agrees with all resources of a fleet as they
// now stand.
func (b *bed) untilReady(ctx context.Context, f *fleet, p phase) error {
	err := b.until(ctx, f.size, pollOf(f.size), func() (int, string, error) {
		items, err := b.list(ctx, f)
		ready, others := readyOf(items)
		return ready, "Ready" + others, err
	})
	if err != nil {
		return err
	}
	f.took[p] = time.Since(f.begun[p].at)
	return b.quiet(ctx)
}

// readyOf counts the resources that are Ready at their generation, and says why
// the others are not.
func readyOf(items []v1alpha1.RecordCallbackConfig) (ready int, others string) {
	reasons := map[string]int{}
	for i := range items {
		c := meta.FindStatusCondition(items[i].Status.Conditions, v1alpha1.ConditionReady)
		switch {
		case c == nil || c.ObservedGeneration != items[i].Generation:
		case c.Status == metav1.ConditionTrue:
			ready++
		default:
			reasons[c.Reason]++
		}
	}
	words := make([]string, 0, len(reasons))
	for _, reason := range slices.Sorted(maps.Keys(reasons)) {
		words = append(words, fmt.Sprintf("%d %s", reasons[reason], reason))
	}
	if len(words) > 0 {
		others = ", " + strings.Join(words, ", ")
	}
	return ready, others
}

// untilCompared waits until every resource of all fleets has been compared so
// many times since the restart.
func (b *bed) untilCompared(ctx context.Context, fleets []*fleet, seen *comparisons, p phase, times int) error {
	total := 0
	for _, f := range fleets {
		total += f.size
	}
	err := b.until(ctx, total, pollOf(total), func() (int, string, error) {
		seen.follow(b.operator.Log())
		count := 0
		for _, f := range fleets {
			n := seen.count(f.namespace, times)
			if n == f.size && f.took[p] == 0 {
				f.took[p] = time.Since(f.begun[p].at)
			}
			count += n
		}
		return count, "compared", nil
	})
	if err != nil {
		return err
	}
	return b.quiet(ctx)
}

// list is a fleet's resources, from the API server's memory.
func (b *bed) list(ctx context.Context, f *fleet) ([]v1alpha1.RecordCallbackConfig, error) {
	var list v1alpha1.RecordCallbackConfigList
	err := b.cluster.Client.List(ctx, &list, client.InNamespace(f.namespace), &client.ListOptions{Raw: &metav1.ListOptions{ResourceVersion: "0"}})
	return list.Items, err
}
