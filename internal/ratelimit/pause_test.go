package ratelimit_test

import (
	"fmt"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/live-operator/live-operator/internal/ratelimit"
)

var _ = Describe("A pause after a throttled call", func() {
	var (
		clock  *watch
		budget *ratelimit.Budget
	)
	BeforeEach(func() {
		clock = newWatch()
		budget = usual(clock)
	})
	// throttled is a 429 that comes when the last pause is over.
	throttled := func() time.Duration {
		clock.pass(budget.Paused("p"))
		return budget.Pause("p", 0)
	}

	It("takes as long as the answer says", func() {
		Expect(budget.Pause("p", 17*time.Second)).To(Equal(17 * time.Second))
		Expect(budget.Paused("p")).To(Equal(17 * time.Second))
		Expect(budget.Left("p")).To(BeZero())
		Expect(budget.Take("p", "a", ratelimit.High)).To(Equal(17 * time.Second))
		clock.pass(17*time.Second - 1)
		Expect(budget.Take("p", "a", ratelimit.High)).NotTo(BeZero())
		clock.pass(time.Millisecond)
		Expect(budget.Take("p", "a", ratelimit.High)).To(BeZero())
		Expect(budget.Paused("p")).To(BeZero())
	})

	It("takes an hour at most", func() {
		Expect(budget.Pause("p", 1000*time.Hour)).To(Equal(time.Hour))
	})

	It("takes 2 s, and twice as long with each that follows, up to 60 s", func() {
		for _, seconds := range []int{2, 4, 8, 16, 32, 60, 60, 60} {
			Expect(throttled()).To(Equal(time.Duration(seconds) * time.Second))
		}
	})

	It("begins at 2 s again after a success", func() {
		throttled()
		Expect(throttled()).To(Equal(4 * time.Second))
		clock.pass(4 * time.Second)
		budget.Succeeded("p")
		Expect(throttled()).To(Equal(2 * time.Second))
	})

	It("takes no comfort from the answer to a call that was made before it", func() {
		throttled()
		budget.Succeeded("p")
		Expect(throttled()).To(Equal(4 * time.Second))
	})

	It("is one pause for all the calls that were on their way", func() {
		for range 16 {
			Expect(budget.Pause("p", 0)).To(Equal(2 * time.Second))
		}
		clock.pass(time.Second)
		Expect(budget.Pause("p", 0)).To(Equal(time.Second))
		Expect(throttled()).To(Equal(4 * time.Second))
	})

	It("becomes longer when another answer says so, never shorter", func() {
		Expect(budget.Pause("p", 10*time.Second)).To(Equal(10 * time.Second))
		Expect(budget.Pause("p", 3*time.Second)).To(Equal(10 * time.Second))
		Expect(budget.Pause("p", 20*time.Second)).To(Equal(20 * time.Second))
	})

	It("ends with one call and not with a burst", func() {
		pause := throttled()
		var waits []time.Duration
		for i := range 20 {
			waits = append(waits, budget.Take("p", fmt.Sprint(i), ratelimit.High))
		}
		for i, wait := range waits {
			Expect(wait).To(BeNumerically("~", pause+places(float64(i)), time.Millisecond))
		}
		clock.pass(pause)
		Expect(budget.Take("p", "0", ratelimit.High)).To(BeZero())
		Expect(budget.Take("p", "1", ratelimit.High)).NotTo(BeZero())
	})

	It("keeps the order of the line", func() {
		spend(budget, "p")
		budget.Take("p", "first", ratelimit.Low)
		budget.Take("p", "second", ratelimit.Low)
		pause := throttled()
		Expect(budget.Take("p", "second", ratelimit.Low)).To(And(BeNumerically(">", pause), BeNumerically("<=", pause+places(1))))
		Expect(budget.Take("p", "first", ratelimit.Low)).To(Equal(pause))
	})

	It("does not exist where nothing was throttled", func() {
		Expect(budget.Paused("p")).To(BeZero())
		budget.Succeeded("p")
		Expect(budget.Held()).To(BeZero())
	})
})
