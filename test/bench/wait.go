package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"
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
	said := time.Now()
	for i := 0; i < n && ctx.Err() == nil; i++ {
		if time.Since(said) >= sayEvery {
			said = time.Now()
			b.say("  %d of %d requested; %d Live calls so far", i, n, b.ledger.len())
		}
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

// untilDone waits until so many resources are as the tracker expects.
func (b *bed) untilDone(ctx context.Context, size int, t *tracker) error {
	return b.until(ctx, size, 50*time.Millisecond, func() (int, string, error) {
		done, reasons, err := t.count()
		words := "done"
		for _, reason := range slices.Sorted(maps.Keys(reasons)) {
			words += fmt.Sprintf(", %d %s", reasons[reason], reason)
		}
		return done, words, err
	})
}

// untilCompared waits until every resource of a fleet has been compared so many
// times since the restart.
func (b *bed) untilCompared(ctx context.Context, f *fleet, seen *comparisons, times int) error {
	return b.until(ctx, f.size, pollOf(f.size), func() (int, string, error) {
		seen.follow(b.operator.Log())
		return seen.count(f.namespace, times), "compared", nil
	})
}
