package ratelimit_test

import (
	"math"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/live-operator/live-operator/internal/ratelimit"
)

var _ = Describe("What is told of the budgets", func() {
	var clock *watch
	var budget *ratelimit.Budget
	var waits []time.Duration
	BeforeEach(func() {
		clock, waits = newWatch(), nil
		budget = ratelimit.New(ratelimit.Options{QPS: qps, Burst: burst, Clock: clock,
			OnTurn: func(waited time.Duration) { waits = append(waits, waited) }})
	})

	It("is how long each call waited, from the first time that its owner asked", func() {
		spend(budget, "a")
		Expect(waits).To(HaveLen(burst))
		Expect(waits).To(HaveEach(time.Duration(0)))
		first := budget.Take("a", "one", ratelimit.Low)
		Expect(waits).To(HaveLen(burst))
		clock.pass(first / 2)
		second := budget.Take("a", "one", ratelimit.High)
		clock.pass(second)
		Expect(budget.Take("a", "one", ratelimit.High)).To(BeZero())
		Expect(waits[burst]).To(Equal(first/2+second), "another priority is no other call")
		clock.pass(time.Minute)
		Expect(budget.Take("a", "one", ratelimit.High)).To(BeZero())
		Expect(waits[burst+1]).To(BeZero(), "the next call waits by itself")
	})

	It("is the least that a project has left, how many pause, and how many calls wait", func() {
		Expect(budget.Stats()).To(Equal(ratelimit.Stats{Left: burst}))
		Expect(budget.Take("a", "one", ratelimit.High)).To(BeZero())
		Expect(budget.Stats()).To(Equal(ratelimit.Stats{Left: burst - 1}))
		spend(budget, "b")
		Expect(budget.Take("b", "one", ratelimit.High)).NotTo(BeZero())
		Expect(budget.Take("b", "two", ratelimit.High)).NotTo(BeZero())
		Expect(budget.Stats().Left).To(BeNumerically("~", 0, 1e-6))
		Expect(budget.Stats().Waiting).To(Equal(2))
		budget.Pause("a", time.Minute)
		Expect(budget.Stats().Paused).To(Equal(1))
		Expect(budget.Stats().Left).To(BeZero())
		clock.pass(5 * time.Minute)
		Expect(budget.Stats()).To(Equal(ratelimit.Stats{Left: burst}), "what nobody came back for waits no more")
	})

	It("is infinite without a limit", func() {
		unlimited := ratelimit.New(ratelimit.Options{Clock: clock})
		Expect(unlimited.Take("a", "one", ratelimit.High)).To(BeZero())
		Expect(unlimited.Stats().Left).To(Equal(math.Inf(1)))
	})
})
