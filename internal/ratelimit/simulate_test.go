package ratelimit_test

import (
	"fmt"
	"math/rand/v2"
	"sort"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/live-operator/live-operator/internal/ratelimit"
)

// simulate has that many owners ask at once and come back when they are told
// to, and gives them in the order in which they were served.
func simulate(clock *watch, budget *ratelimit.Budget, owners int, priority func(int) ratelimit.Priority) (served []int) {
	start := clock.Now()
	due := make(map[int]time.Time, owners)
	ask := func(i int) {
		wait := budget.Take("p", fmt.Sprint("owner-", i), priority(i))
		if wait == 0 {
			served = append(served, i)
			delete(due, i)
			return
		}
		due[i] = clock.Now().Add(wait)
	}
	for i := range owners {
		ask(i)
	}
	for len(due) > 0 && clock.Now().Sub(start) < 24*time.Hour {
		next := -1
		for i, at := range due {
			if next < 0 || at.Before(due[next]) || at.Equal(due[next]) && i < next {
				next = i
			}
		}
		clock.pass(max(due[next].Sub(clock.Now()), 0))
		ask(next)
	}
	return served
}

// caller is an owner of the property test. It has its own idea of punctuality.
type caller struct {
	name     string
	priority ratelimit.Priority
	due      time.Time
}

var _ = DescribeTable("Never more than 298 calls in any minute",
	func(callers int, manners func(*rand.Rand, time.Duration) time.Duration, trouble float64) {
		random := rand.New(rand.NewPCG(uint64(GinkgoRandomSeed()), 0))
		clock := newWatch()
		budget := usual(clock)
		start := clock.Now()
		all := make([]caller, callers)
		for i := range all {
			all[i] = caller{fmt.Sprint(i), ratelimit.Priority(random.IntN(3)), start.Add(time.Duration(random.Int64N(int64(3 * time.Minute))))}
		}
		var calls []time.Time
		for {
			sort.Slice(all, func(i, j int) bool { return all[i].due.Before(all[j].due) })
			c := &all[0]
			clock.pass(max(c.due.Sub(clock.Now()), 0))
			now := clock.Now()
			if now.Sub(start) > 6*time.Minute {
				break
			}
			wait := budget.Take("p", c.name, c.priority)
			if wait == 0 {
				calls = append(calls, now)
				// It has more to do.
				c.priority = ratelimit.Priority(random.IntN(3))
				c.due = now.Add(time.Duration(random.Int64N(int64(time.Second))))
			} else {
				Expect(wait).To(BeNumerically(">", 0))
				c.due = now.Add(max(manners(random, wait), 10*time.Microsecond))
			}
			switch r := random.Float64(); {
			case r < trouble:
				budget.Pause("p", time.Duration(random.Int64N(int64(4*time.Second))))
			case r < 2*trouble:
				budget.Forget(c.name)
			case r < 3*trouble:
				clock.pass(time.Duration(random.Int64N(int64(30 * time.Second))))
			default:
				budget.Succeeded("p")
			}
		}
		Expect(len(calls)).To(BeNumerically(">", 300), "the property says nothing about a budget that is not used")
		for i := range calls {
			if i+298 < len(calls) {
				Expect(calls[i+298].Sub(calls[i])).To(BeNumerically(">", time.Minute), "calls %d to %d", i, i+298)
			}
		}
	},
	Entry("where everybody is punctual", 60, func(_ *rand.Rand, wait time.Duration) time.Duration { return wait }, 0.0),
	Entry("where everybody is early", 40, func(r *rand.Rand, wait time.Duration) time.Duration {
		return max(time.Duration(r.Float64()*float64(wait)), 20*time.Millisecond)
	}, 0.0),
	Entry("where everybody is late", 60, func(r *rand.Rand, wait time.Duration) time.Duration {
		return wait + time.Duration(r.Int64N(int64(5*time.Second)))
	}, 0.0),
	Entry("where some never come back", 400, func(r *rand.Rand, wait time.Duration) time.Duration {
		if r.IntN(10) == 0 {
			return time.Hour
		}
		return wait
	}, 0.0),
	Entry("with pauses, leaving owners and a process that stands still now and then", 60, func(r *rand.Rand, wait time.Duration) time.Duration {
		return time.Duration(r.Float64() * 2 * float64(wait))
	}, 0.003),
)
