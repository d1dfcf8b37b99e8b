package ratelimit_test

import (
	"fmt"
	"math"
	"sync"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/live-operator/live-operator/internal/ratelimit"
)

var _ = Describe("A project's budget", func() {
	var (
		clock  *watch
		budget *ratelimit.Budget
	)
	BeforeEach(func() {
		clock = newWatch()
		budget = usual(clock)
	})

	It("lets a burst through at once, and then the rate", func() {
		Expect(budget.Left("p")).To(BeNumerically("==", burst))
		spend(budget, "p")
		wait := budget.Take("p", "a", ratelimit.High)
		Expect(wait).To(BeNumerically("~", places(1), time.Millisecond))
		clock.pass(wait)
		Expect(budget.Take("p", "a", ratelimit.High)).To(BeZero())
		clock.pass(time.Hour)
		Expect(budget.Left("p")).To(BeNumerically("~", burst, 1e-3), "a long rest must not save up more than a burst")
	})

	It("is fully used by owners who come back when they are told to", func() {
		const owners = 500
		start := clock.Now()
		came := simulate(clock, budget, owners, func(int) ratelimit.Priority { return ratelimit.Low })
		Expect(came).To(HaveLen(owners))
		Expect(clock.Now().Sub(start)).To(BeNumerically("~", places(owners-burst), 100*time.Millisecond))
	})

	It("serves in order of arrival", func() {
		came := simulate(clock, budget, 300, func(int) ratelimit.Priority { return ratelimit.Low })
		for i, owner := range came {
			Expect(owner).To(Equal(i), "the owner that is number %d", i)
		}
	})

	It("serves lists ahead of changes, and changes ahead of drift", func() {
		spend(budget, "p")
		Expect(budget.Take("p", "drift", ratelimit.Low)).To(BeNumerically("~", places(1), time.Millisecond))
		Expect(budget.Take("p", "change", ratelimit.High)).To(BeNumerically("~", places(1), time.Millisecond))
		Expect(budget.Take("p", "list", ratelimit.Listing)).To(BeNumerically("~", places(1), time.Millisecond))
		clock.pass(places(1) + time.Millisecond)
		Expect(budget.Take("p", "drift", ratelimit.Low)).To(BeNumerically("~", places(2), 5*time.Millisecond))
		Expect(budget.Take("p", "change", ratelimit.High)).To(BeNumerically("~", places(1), 5*time.Millisecond))
		Expect(budget.Take("p", "list", ratelimit.Listing)).To(BeZero())
		clock.pass(places(1))
		Expect(budget.Take("p", "change", ratelimit.High)).To(BeZero())
		clock.pass(places(1))
		Expect(budget.Take("p", "drift", ratelimit.Low)).To(BeZero())
	})

	It("keeps a place for an owner that asks again too early", func() {
		spend(budget, "p")
		first := budget.Take("p", "first", ratelimit.Low)
		second := budget.Take("p", "second", ratelimit.Low)
		for range 10 {
			clock.pass(time.Millisecond)
			first = budget.Take("p", "first", ratelimit.Low)
		}
		clock.pass(first)
		Expect(second).To(BeNumerically(">", first))
		Expect(budget.Take("p", "second", ratelimit.Low)).NotTo(BeZero(), "the first is still ahead of it")
		Expect(budget.Take("p", "first", ratelimit.Low)).To(BeZero())
		Expect(budget.Waiting("p")).To(Equal(1))
	})

	It("moves an owner whose work became urgent ahead of those whose work is not", func() {
		spend(budget, "p")
		for i := range 100 {
			budget.Take("p", fmt.Sprint("drift-", i), ratelimit.Low)
		}
		Expect(budget.Take("p", "drift-99", ratelimit.High)).To(BeNumerically("~", places(1), time.Millisecond))
		Expect(budget.Waiting("p")).To(Equal(100), "an owner has one place")
		Expect(budget.Take("p", "drift-0", ratelimit.Low)).To(BeNumerically("~", places(2), time.Millisecond))
		Expect(budget.Take("p", "change", ratelimit.High)).To(BeNumerically("~", places(2), time.Millisecond))
		budget.Forget("change")
		Expect(budget.Take("p", "drift-99", ratelimit.Low)).To(BeNumerically("~", places(100), time.Millisecond))
		Expect(budget.Waiting("p")).To(Equal(100))
	})

	It("tells a thousand owners to come back one after the other", func() {
		spend(budget, "p")
		var last time.Duration
		for i := range 1000 {
			wait := budget.Take("p", fmt.Sprint(i), ratelimit.High)
			Expect(wait).To(BeNumerically("~", places(float64(i+1)), time.Millisecond))
			Expect(wait).To(BeNumerically(">", last))
			last = wait
		}
	})

	It("is not held up by an owner that never comes back", func() {
		spend(budget, "p")
		budget.Take("p", "gone", ratelimit.Low)
		wait := budget.Take("p", "next", ratelimit.Low)
		clock.pass(wait)
		Expect(budget.Take("p", "next", ratelimit.Low)).To(BeZero())
	})

	It("is not held up by many owners that never come back", func() {
		spend(budget, "p")
		for i := range 200 {
			budget.Take("p", fmt.Sprint("gone-", i), ratelimit.High)
		}
		arrived := clock.Now()
		for wait := budget.Take("p", "next", ratelimit.Low); wait > 0; wait = budget.Take("p", "next", ratelimit.Low) {
			clock.pass(wait)
		}
		Expect(clock.Now().Sub(arrived)).To(BeNumerically("~", places(201), 2*time.Second))

		By("not counting those whose time is past")
		Expect(budget.Take("p", "new", ratelimit.Low)).To(BeNumerically("<", 4*time.Second))

		clock.pass(2 * time.Minute)
		budget.Take("p", "anybody", ratelimit.Low)
		Expect(budget.Waiting("p")).To(BeZero(), "their places must not stay in memory")
	})

	It("serves an owner that comes late ahead of those who came after it", func() {
		spend(budget, "p")
		budget.Take("p", "late", ratelimit.Low)
		clock.pass(10 * time.Second)
		spend(budget, "p")
		for i := range 50 {
			budget.Take("p", fmt.Sprint(i), ratelimit.Low)
		}
		Expect(budget.Take("p", "late", ratelimit.Low)).To(BeNumerically("~", places(1), time.Millisecond))
	})

	It("forgets an owner at once that says it will not come", func() {
		spend(budget, "p")
		for i := range 5 {
			budget.Take("p", fmt.Sprint(i), ratelimit.Low)
			budget.Take("q", fmt.Sprint(i), ratelimit.Low)
		}
		budget.Forget("0")
		budget.Forget("2")
		budget.Forget("4")
		budget.Forget("nobody")
		Expect(budget.Waiting("p")).To(Equal(2))
		Expect(budget.Take("p", "3", ratelimit.Low)).To(BeNumerically("~", places(2), time.Millisecond))
		Expect(budget.Take("p", "5", ratelimit.Low)).To(BeNumerically("~", places(3), time.Millisecond))
	})

	It("does not touch another project's", func() {
		spend(budget, "p")
		for i := range 100 {
			budget.Take("p", fmt.Sprint(i), ratelimit.High)
		}
		budget.Pause("p", time.Minute)
		Expect(budget.Left("q")).To(BeNumerically("==", burst))
		spend(budget, "q")
		Expect(budget.Take("q", "a", ratelimit.Low)).To(BeNumerically("~", places(1), time.Millisecond))
	})

	It("leaves memory when the project is idle", func() {
		for i := range 100 {
			budget.Take(fmt.Sprint(i), "a", ratelimit.Low)
		}
		Expect(budget.Held()).To(Equal(100))
		budget.Pause("paused", time.Hour)
		clock.pass(15 * time.Minute)
		budget.Take("another", "a", ratelimit.Low)
		Expect(budget.Held()).To(Equal(2), "one is in use and one pauses")
	})

	It("has no limit where none is wanted", func() {
		for _, none := range []float64{0, -1, math.NaN()} {
			budget = ratelimit.New(ratelimit.Options{QPS: none, Clock: clock})
			for range 10000 {
				Expect(budget.Take("p", "a", ratelimit.Low)).To(BeZero())
			}
			Expect(math.IsInf(budget.Left("p"), 1)).To(BeTrue())
			Expect(budget.Pause("p", 7*time.Second)).To(Equal(7 * time.Second))
			Expect(budget.Take("p", "a", ratelimit.Low)).To(Equal(7 * time.Second))
			Expect(budget.Left("p")).To(BeZero())
			clock.pass(7 * time.Second)
			Expect(budget.Take("p", "a", ratelimit.Low)).To(BeZero())
			clock.pass(time.Hour)
			budget.Take("q", "a", ratelimit.Low)
			Expect(budget.Held()).To(Equal(1))
		}
	})

	It("lets one call through at a time where the burst is not given", func() {
		budget = ratelimit.New(ratelimit.Options{QPS: 1, Clock: clock})
		Expect(budget.Take("p", "a", ratelimit.Low)).To(BeZero())
		Expect(budget.Take("p", "b", ratelimit.Low)).To(BeNumerically("~", time.Second, time.Millisecond))
	})

	It("goes by the system's clock where none is given", func() {
		budget = ratelimit.New(ratelimit.Options{QPS: 1000, Burst: 1})
		Expect(budget.Take("p", "a", ratelimit.Low)).To(BeZero())
		Eventually(func() time.Duration { return budget.Take("p", "a", ratelimit.Low) }).Should(BeZero(), "a call is due every millisecond")
	})

	It("is safe for many goroutines, and counts every call", func() {
		var wg sync.WaitGroup
		granted := make([]int, 8)
		for g := range granted {
			wg.Go(func() {
				defer GinkgoRecover()
				for i := range 3000 {
					project := fmt.Sprint("p", i%5)
					if budget.Take(project, fmt.Sprint(g, "/", i%70), ratelimit.Priority(i%3)) == 0 {
						granted[g]++
					}
					switch i % 11 {
					case 3:
						budget.Succeeded(project)
					case 5:
						budget.Forget(fmt.Sprint(g, "/", i%70))
					case 7:
						budget.Left(project)
					case 9:
						budget.Paused("p0")
						budget.Pause("another", time.Millisecond)
					}
				}
			})
		}
		wg.Wait()
		total := 0
		for _, n := range granted {
			total += n
		}
		Expect(total).To(Equal(5*burst), "the clock stands still, so each project has just its burst")
	})
})
