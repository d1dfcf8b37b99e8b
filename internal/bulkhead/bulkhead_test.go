package bulkhead_test

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/live-operator/live-operator/internal/bulkhead"
)

var _ = Describe("A project", func() {
	var w *ward
	BeforeEach(func() { w = newWard(workers) })

	It("that never answered may have an eighth of the workers", func() {
		Expect(w.calls("new")).To(HaveLen(2))
	})

	It("that answers may have one slot more for each answer", func() {
		for have := 2; have < 12; have++ {
			w = newWard(workers)
			for range have - 2 {
				w.Answered("p", 20*time.Millisecond)
			}
			Expect(w.calls("p")).To(HaveLen(have))
		}
	})

	It("that is alone may have all workers but a quarter", func() {
		w.works("p")
		Expect(w.calls("p")).To(HaveLen(12))
	})

	It("that hangs in all its calls leaves the others what it was not given", func() {
		w.works("hung", "a")
		held := w.calls("hung")
		Expect(held).To(HaveLen(12))
		w.clock.pass(3 * time.Second)
		w.works("a")
		Expect(len(w.calls("a"))).To(BeNumerically(">=", 3))

		By("getting no more until all but its eighth have ended")
		for len(held) > 2 {
			Expect(w.calls("hung")).To(BeEmpty())
			w.clock.pass(time.Second)
			held[0].Leave()
			held = held[1:]
		}
		Expect(w.calls("hung")).To(BeEmpty())
		held[0].Leave()
		Expect(w.calls("hung")).To(HaveLen(1))
	})

	It("that hung may have an eighth, until it answers in time", func() {
		hung := w.calls("p")
		w.clock.pass(30 * time.Second)
		leave(hung)
		Expect(w.calls("p")).To(HaveLen(2))

		w = newWard(workers)
		w.works("p")
		hung = w.calls("p")
		w.clock.pass(30 * time.Second)
		leave(hung)
		probes := w.calls("p")
		Expect(probes).To(HaveLen(2))
		w.clock.pass(20 * time.Millisecond)
		leave(probes)
		Expect(w.calls("p")).To(HaveLen(4), "two answers came")
	})

	It("that was not used for a while has to show again how it answers", func() {
		w.works("p")
		w.clock.pass(10 * time.Second)
		Expect(w.calls("p")).To(HaveLen(12))

		w = newWard(workers)
		w.works("p")
		w.clock.pass(10*time.Second + 1)
		Expect(w.calls("p")).To(HaveLen(2))
	})

	It("is brisk by a list that it answers, and is not by one that takes long", func() {
		w.works("p")
		w.Answered("p", 5*time.Second)
		Expect(w.calls("p")).To(HaveLen(2))
	})

	It("is not judged by a slot that no call was made with", func() {
		s := w.Enter("p", "a", nil)
		w.clock.pass(time.Second)
		s.Leave()
		s.Leave()
		Expect(w.calls("p")).To(HaveLen(2))

		By("nor by the time before the call")
		w = newWard(workers)
		w.works("p")
		s = w.Enter("p", "a", nil)
		w.clock.pass(1500 * time.Millisecond)
		s.Start()
		w.clock.pass(1500 * time.Millisecond)
		s.Leave()
		Expect(w.calls("p")).To(HaveLen(12))
	})
})

var _ = Describe("Many projects", func() {
	var w *ward
	BeforeEach(func() { w = newWard(workers) })

	It("that hang may have half of the workers together, and the one that answers has most of the rest", func() {
		total := 0
		for i := range 100 {
			total += len(w.calls(fmt.Sprint("hung-", i)))
		}
		Expect(total).To(Equal(8))
		w.works("p")
		Expect(w.calls("p")).To(HaveLen(6), "all but a quarter of the other half")
	})

	It("that answer have a share each, however much one of them wants", func() {
		w.works("greedy", "a", "b", "c")
		held := w.calls("greedy")
		Expect(held).To(HaveLen(12))
		for _, p := range []string{"a", "b", "c"} {
			Expect(w.call(p, p)).NotTo(BeNil(), p)
		}

		By("giving what the greedy one leaves to those who have less")
		leave(held[:6])
		Expect(w.calls("a")).To(HaveLen(3), "idle are all but a quarter")
		leave(held[6:])
		Expect(len(w.calls("b"))).To(BeNumerically(">=", 3))
	})

	It("never have more slots than there are workers", func() {
		total := 0
		for i := range 100 {
			p := fmt.Sprint("p-", i)
			w.works(p)
			total += len(w.calls(p))
		}
		Expect(total).To(Equal(workers))
	})

	DescribeTable("one that hangs and one that answers",
		func(workers, hung, brisk int) {
			w := newWard(workers)
			Expect(w.calls("hung")).To(HaveLen(hung))
			w.works("p")
			w.works("p")
			Expect(w.calls("p")).To(HaveLen(brisk))
		},
		Entry("of a single worker", 1, 1, 0),
		Entry("of two workers", 2, 1, 1),
		Entry("of four workers", 4, 1, 2),
		Entry("of eight workers", 8, 1, 6),
		Entry("of 32 workers", 32, 4, 21),
	)
})

var _ = Describe("Those who wait", func() {
	var w *ward
	BeforeEach(func() { w = newWard(workers) })

	It("are woken in order of arrival, one for each slot that is left", func() {
		held := w.calls("p")
		for i := range 5 {
			Expect(w.call("p", fmt.Sprint(i))).To(BeNil())
		}
		w.clock.pass(3 * time.Second) // So that the window does not grow.
		held[0].Leave()
		Expect(w.takeWoken()).To(Equal([]string{"0"}))
		Expect(w.call("p", "newcomer")).To(BeNil(), "the slot is kept for who was woken")
		Expect(w.call("p", "0")).NotTo(BeNil())
		held[1].Leave()
		Expect(w.takeWoken()).To(Equal([]string{"1"}))
	})

	It("keep their place when they ask again", func() {
		held := w.calls("p")
		w.call("p", "first")
		w.call("p", "second")
		w.call("p", "first")
		w.clock.pass(3 * time.Second)
		leave(held)
		Expect(w.takeWoken()).To(Equal([]string{"first", "second"}))
	})

	It("make room for the next when they say that they do not come", func() {
		held := w.calls("p")
		for _, owner := range []string{"a", "b", "c"} {
			w.call("p", owner)
		}
		w.Forget("b")
		w.clock.pass(3 * time.Second)
		held[0].Leave()
		Expect(w.takeWoken()).To(Equal([]string{"a"}))
		w.Forget("a")
		Expect(w.takeWoken()).To(Equal([]string{"c"}))
		w.Forget("nobody")
	})

	It("make room for the next when they do not come and do not say so", func() {
		held := w.calls("p")
		w.call("p", "lost")
		w.call("p", "next")
		w.clock.pass(3 * time.Second)
		held[0].Leave()
		Expect(w.takeWoken()).To(Equal([]string{"lost"}))
		w.clock.pass(2 * time.Minute)
		Expect(w.call("p", "next")).NotTo(BeNil())
	})

	It("take turns by project", func() {
		var held []*bulkhead.Slot
		for i := range 4 {
			held = append(held, w.calls(fmt.Sprint("hung-", i))...)
		}
		for _, p := range []string{"a", "b", "c"} {
			for i := range 2 {
				Expect(w.call(p, fmt.Sprint(p, i))).To(BeNil())
			}
		}
		w.clock.pass(time.Minute)
		leave(held[:4])
		Expect(w.takeWoken()).To(Equal([]string{"a0", "b0", "c0", "a1"}))
	})

	It("are woken by a list that its project answers", func() {
		w.calls("p")
		w.call("p", "a")
		w.Answered("p", 20*time.Millisecond)
		Expect(w.takeWoken()).To(Equal([]string{"a"}))
	})
})

var _ = Describe("A bulkhead", func() {
	It("forgets projects that are no longer used", func() {
		w := newWard(workers)
		for i := range 100 {
			w.works(fmt.Sprint(i))
		}
		held := w.calls("held")
		w.clock.pass(2 * time.Minute)
		w.calls("another")
		Expect(w.Projects()).To(Equal(2))
		leave(held)
	})

	It("is safe for many goroutines, loses nobody and keeps its bounds", func() {
		const owners = 400
		b := bulkhead.New(bulkhead.Options{Workers: workers})
		var under atomic.Int64
		var tooMany atomic.Bool
		var all, pool sync.WaitGroup
		queue := make(chan int, 4*owners)
		all.Add(owners)
		for i := range owners {
			queue <- i
		}
		for range workers {
			pool.Go(func() {
				defer GinkgoRecover()
				for i := range queue {
					slot := b.Enter(fmt.Sprint("p", i%7), fmt.Sprint(i), func() { queue <- i })
					if slot == nil {
						continue
					}
					slot.Start()
					if now := under.Add(1); now > workers {
						tooMany.Store(true)
					}
					if rand.IntN(3) == 0 {
						b.Answered(fmt.Sprint("p", i%7), time.Duration(rand.IntN(3))*time.Second)
					}
					under.Add(-1)
					slot.Leave()
					all.Done()
				}
			})
		}
		all.Wait()
		close(queue)
		pool.Wait()
		Expect(tooMany.Load()).To(BeFalse())
	})
})
