package main

import (
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/live-operator/live-operator/test/livesim"
)

var _ = Describe("The ledger", func() {
	It("gives one project's calls of a time, in the order of arrival", func() {
		l := &ledger{}
		record(l, "a", 3, livesim.Update)
		record(l, "a", 1, livesim.List, "0")
		record(l, "b", 2, livesim.Create)
		record(l, "a", 5, livesim.Delete)
		calls := l.between("a", at(1), at(5))
		Expect(calls).To(HaveLen(2))
		Expect(calls[0].operation).To(Equal(livesim.List))
		Expect(calls[1].operation).To(Equal(livesim.Update))
		Expect(l.between("a", at(1), time.Time{})).To(HaveLen(3), "without an end")
		Expect(l.len()).To(Equal(4))
	})

	DescribeTable("knows the first page of a list:",
		func(operation livesim.Operation, offset []string, first bool) {
			l := &ledger{}
			record(l, "a", 0, operation, offset...)
			Expect(l.calls[0].first).To(Equal(first))
		},
		Entry("without an offset", livesim.List, nil, true),
		Entry("with offset 0", livesim.List, []string{"0"}, true),
		Entry("not a later page", livesim.List, []string{"100"}, false),
		Entry("not another operation", livesim.Show, nil, false),
	)

	It("counts calls to IAM apart", func() {
		t := tally{}
		t.add([]call{{operation: livesim.Authenticate}, {operation: livesim.List}, {operation: livesim.List}, {operation: livesim.Unknown}})
		Expect(t).To(HaveKeyWithValue(livesim.List, 2))
		Expect(t.total()).To(Equal(3), "what the API does not know is a call to it all the same")
	})
})

var _ = Describe("Rounds", func() {
	cut := func(record func(*ledger)) []int {
		l := &ledger{}
		record(l)
		var lengths []int
		for _, round := range rounds(l.between("a", noon, time.Time{}), time.Minute) {
			lengths = append(lengths, len(round))
		}
		return lengths
	}

	It("are told apart by the interval, less its jitter", func() {
		Expect(cut(func(l *ledger) {
			record(l, "a", 10, livesim.List, "0")
			record(l, "a", 10.1, livesim.List, "100")
			record(l, "a", 64.1, livesim.List, "0")
			record(l, "a", 64.2, livesim.List, "100")
			record(l, "a", 124, livesim.List, "0")
		})).To(Equal([]int{2, 2, 1}))
	})

	It("have a list that was not due", func() {
		Expect(cut(func(l *ledger) {
			record(l, "a", 10, livesim.List, "0")
			record(l, "a", 40, livesim.List, "0")
			record(l, "a", 65, livesim.List, "0")
		})).To(Equal([]int{2, 1}))
	})

	It("begin where the last one ended, so that no call gets lost", func() {
		Expect(cut(func(l *ledger) {
			record(l, "a", 1, livesim.Update)
			record(l, "a", 10, livesim.List, "0")
			record(l, "a", 63, livesim.Update)
			record(l, "a", 66, livesim.List, "0")
		})).To(Equal([]int{2, 2}))
	})

	It("are none without calls", func() {
		Expect(cut(func(*ledger) {})).To(BeEmpty())
	})
})
