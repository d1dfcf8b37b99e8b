package controller

import (
	"fmt"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

var _ = Describe("The next comparison", func() {
	const interval = 10 * time.Minute
	started := time.Date(2026, time.March, 1, 12, 0, 0, 0, time.UTC)

	It("is the interval less up to a tenth after the project was seen", func() {
		earliest, latest := interval, time.Duration(0)
		for i := range 2000 {
			seen := started.Add(time.Duration(i) * 1234567 * time.Microsecond)
			wait := nextCompare("cn-north-4/project-a", interval, started, seen).Sub(seen)
			Expect(wait).To(BeNumerically("<=", interval))
			Expect(wait).To(BeNumerically(">=", interval*9/10))
			earliest, latest = min(earliest, wait), max(latest, wait)
		}
		Expect(latest-earliest).To(BeNumerically(">", interval/10*9/10), "the jitter uses its tenth")
	})

	It("is the same for all resources of a project", func() {
		seen := started.Add(time.Hour)
		Expect(nextCompare("cn-north-4/project-a", interval, started, seen)).To(Equal(nextCompare("cn-north-4/project-a", interval, started, seen)))
		Expect(nextCompare("cn-north-4/project-a", interval, started, time.Time{})).To(Equal(nextCompare("cn-north-4/project-a", interval, started, time.Time{})))
	})

	It("is another for another project that was seen at the same time", func() {
		seen := started.Add(time.Hour)
		times := map[time.Time]bool{}
		for i := range 100 {
			times[nextCompare(fmt.Sprint("cn-north-4/project-", i), interval, started, seen)] = true
		}
		Expect(len(times)).To(BeNumerically(">", 95))
	})

	It("is spread over the whole interval after a start", func() {
		var minutes [10]int
		const projects = 1000
		for i := range projects {
			wait := nextCompare(fmt.Sprint("cn-north-4/project-", i), interval, started, time.Time{}).Sub(started)
			Expect(wait).To(BeNumerically(">=", 0))
			Expect(wait).To(BeNumerically("<", interval))
			minutes[int(wait/time.Minute)]++
		}
		for minute, n := range minutes {
			Expect(n).To(BeNumerically("~", projects/10, projects/20), "minute %d", minute)
		}
	})

	It("is another after the next start", func() {
		first := nextCompare("cn-north-4/project-a", interval, started, time.Time{}).Sub(started)
		again := started.Add(time.Hour)
		Expect(nextCompare("cn-north-4/project-a", interval, again, time.Time{}).Sub(again)).NotTo(Equal(first))
	})

	It("is never for an interval of 0", func() {
		for _, seen := range []time.Time{{}, started} {
			Expect(nextCompare("cn-north-4/project-a", 0, started, seen)).To(BeZero())
			Expect(nextCompare("cn-north-4/project-a", -time.Second, started, seen)).To(BeZero())
		}
	})

	It("follows the monotonic clock, so that a clock that is set moves nothing", func() {
		now := time.Now()
		Expect(now).NotTo(Equal(now.Round(0)), "this machine has a monotonic clock")
		for _, due := range []time.Time{
			nextCompare("cn-north-4/project-a", interval, now, time.Time{}),
			nextCompare("cn-north-4/project-a", interval, now, now),
		} {
			Expect(due).NotTo(Equal(due.Round(0)), "the reading of the monotonic clock is lost")
		}
	})

	It("is due at once, once, after the time jumped ahead", func() {
		seen := started
		now := started.Add(1000 * time.Hour)
		Expect(nextCompare("cn-north-4/project-a", interval, started, seen)).To(BeTemporally("<", now))
		Expect(nextCompare("cn-north-4/project-a", interval, started, now)).To(BeTemporally(">", now))
	})
})

var _ = Describe("The back-off", func() {
	It("doubles from a second to five minutes, less up to a fifth", func() {
		for failures := range 2000 {
			most := 5 * time.Minute
			if failures <= 9 {
				most = min(most, time.Second<<max(failures-1, 0))
			}
			shortest, longest := most, time.Duration(0)
			for range 20 {
				wait := backoff(failures)
				Expect(wait).To(BeNumerically("<=", most), "after %d failures", failures)
				Expect(wait).To(BeNumerically(">=", most*4/5), "after %d failures", failures)
				shortest, longest = min(shortest, wait), max(longest, wait)
			}
			Expect(shortest).To(BeNumerically("<", longest), "resources must not move in step")
		}
	})

	It("is a second for numbers that make no sense", func() {
		for _, failures := range []int{-1, -1000, 0} {
			Expect(backoff(failures)).To(And(BeNumerically("<=", time.Second), BeNumerically(">=", 800*time.Millisecond)))
		}
	})
})

var _ = Describe("A share", func() {
	It("is a number in [0, 1) of the words and where they end", func() {
		Expect(share("a", "b")).To(Equal(share("a", "b")))
		Expect(share("a", "b")).NotTo(Equal(share("ab")))
		Expect(share("a", "b")).NotTo(Equal(share("b", "a")))
		var sum float64
		for i := range 10000 {
			s := share(fmt.Sprint(i))
			Expect(s).To(And(BeNumerically(">=", 0), BeNumerically("<", 1)))
			sum += s
		}
		Expect(sum / 10000).To(BeNumerically("~", 0.5, 0.02))
	})
})

var _ = DescribeTable("latest",
	func(a, b, want time.Time) { Expect(latest(a, b)).To(BeTemporally("==", want)) },
	Entry("the first", markTime.Add(1), markTime, markTime.Add(1)),
	Entry("the second", markTime, markTime.Add(1), markTime.Add(1)),
	Entry("no first", time.Time{}, markTime, markTime),
	Entry("no second", markTime, time.Time{}, markTime),
	Entry("neither", time.Time{}, time.Time{}, time.Time{}),
)
