package metrics_test

import (
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/live-operator/live-operator/internal/live"
	"github.com/live-operator/live-operator/internal/metrics"
)

var _ = Describe("What happens", func() {
	var b *bench
	BeforeEach(func() { b = newBench().acts() })

	It("is counted for calls by operation, HTTP status and class, and measured by operation", func() {
		b.Call(live.Call{Operation: live.OperationUpdate, HTTPStatus: 200, Duration: time.Second})
		b.Call(live.Call{Operation: live.OperationUpdate, HTTPStatus: 200, Duration: time.Second})
		b.Call(live.Call{Operation: live.OperationUpdate, HTTPStatus: 429, Class: live.ClassThrottled, Duration: time.Second})
		b.Call(live.Call{Operation: live.OperationAuthenticate, Class: live.ClassUnavailable, Duration: 30 * time.Second})
		Expect(b.told("api_requests_total")).To(Equal([]string{
			"class=OK code=200 operation=Update 2",
			"class=Throttled code=429 operation=Update 1",
			"class=Unavailable code=none operation=Authenticate 1",
		}))
		Expect(b.told("api_request_duration_seconds")).To(Equal([]string{"operation=Authenticate 30 in 1", "operation=Update 3 in 3"}))
	})

	It("makes no series for each number that a server may call a status", func() {
		for status := 600; status < 1000; status++ {
			b.Call(live.Call{Operation: live.OperationList, HTTPStatus: status, Class: live.ClassUnavailable})
		}
		Expect(b.told("api_requests_total")).To(Equal([]string{"class=Unavailable code=other operation=List 400"}))
	})

	It("is measured for waits, and counted for rests and drift, from 0 on", func() {
		Expect(b.told("throttle_wait_seconds")).To(Equal([]string{"0 in 0"}))
		Expect(b.told("credential_rests_total")).To(Equal([]string{"0"}))
		Expect(b.told("drift_found_total")).To(Equal([]string{"kind=changed 0", "kind=deleted 0"}))
		Expect(b.told("drift_corrected_total")).To(Equal([]string{"kind=changed 0", "kind=deleted 0"}))
		b.Waited(2 * time.Second)
		b.Rested()
		b.DriftFound(metrics.Changed)
		b.DriftFound(metrics.Deleted)
		b.DriftCorrected(metrics.Deleted)
		Expect(b.told("throttle_wait_seconds")).To(Equal([]string{"2 in 1"}))
		Expect(b.told("credential_rests_total")).To(Equal([]string{"1"}))
		Expect(b.told("drift_found_total")).To(Equal([]string{"kind=changed 1", "kind=deleted 1"}))
		Expect(b.told("drift_corrected_total")).To(Equal([]string{"kind=changed 0", "kind=deleted 1"}))
	})

	It("is not counted without metrics", func() {
		var none *metrics.Metrics
		none.DriftFound(metrics.Changed)
		none.DriftCorrected(metrics.Changed)
	})
})

var _ = Describe("The definitions", func() {
	It("are what is registered: names, types, labels and help", func() {
		b := newBench().acts()
		b.resources = append(b.resources, resource("team-a", "new"))
		b.Call(live.Call{Operation: live.OperationList, HTTPStatus: 200})
		families, err := b.registry.Gather()
		Expect(err).NotTo(HaveOccurred())
		var registered []metrics.Definition
		for _, f := range families {
			d := metrics.Definition{Name: f.GetName(), Type: strings.ToLower(f.GetType().String()), Help: f.GetHelp()}
			for _, l := range f.GetMetric()[0].GetLabel() {
				d.Labels = append(d.Labels, l.GetName())
			}
			registered = append(registered, d)
		}
		Expect(registered).To(HaveLen(len(metrics.Definitions())))
		for _, d := range metrics.Definitions() {
			Expect(registered).To(ContainElement(And(HaveField("Name", d.Name), HaveField("Type", d.Type), HaveField("Help", d.Help),
				HaveField("Labels", ConsistOf(toAny(d.Labels)...)))), d.Name)
		}
		Expect(b.told("build_info")).To(ContainElement(HavePrefix("commit=c0ffee goversion=go")))
	})
})

func toAny(words []string) (all []any) {
	for _, w := range words {
		all = append(all, w)
	}
	return all
}
