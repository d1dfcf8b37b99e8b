package faults

import (
	"runtime"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

var _ = Describe("The fault matrix", Ordered, ContinueOnFailure, func() {
	var groups []*group
	for _, o := range operations {
		g := newGroup(o)
		groups = append(groups, g)
		Describe(o.name, func() {
			BeforeAll(func(ctx SpecContext) {
				if runtime.GOOS != "linux" {
					Skip("each cell needs an address of its own in 127.0.0.0/8")
				}
				g.run(ctx)
			}, NodeTimeout(5*time.Minute))
			for _, c := range g.cells {
				It("stands "+c.fault.name+", "+c.often(), func() {
					Expect(c.failure).To(BeEmpty())
				})
			}
		})
	}

	It("is what docs/reliability.md shows", func() {
		for _, g := range groups {
			for _, c := range g.cells {
				if !c.done || c.failure != "" {
					Skip("there is no whole matrix without " + g.operation.name + ", " + c.fault.name)
				}
			}
		}
		once, lasting := table(groups, false), table(groups, true)
		AddReportEntry("once", "\n"+once)
		AddReportEntry("for ever", "\n"+lasting)
		publish("once", once)
		publish("for ever", lasting)
	})
})
