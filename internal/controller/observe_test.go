package controller

import (
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/live-operator/live-operator/api/v1alpha1"
	"github.com/live-operator/live-operator/internal/metrics"
)

var _ = Describe("Drift is counted", func() {
	var registry *prometheus.Registry
	var m *memory
	var counts *metrics.Metrics
	BeforeEach(func() {
		registry, m = prometheus.NewRegistry(), &memory{}
		counts = metrics.New(registry)
	})

	// decided counts what is decided of the facts.
	decided := func(f *facts) *pass {
		d := decide(f)
		obj := &v1alpha1.RecordCallbackConfig{Spec: f.spec, Status: f.status}
		obj.Generation = f.generation
		p := &pass{Reconciler: &Reconciler{Metrics: counts}, obj: obj, before: obj.DeepCopy(), m: m, f: *f}
		p.countDrift(&d)
		return p
	}
	count := func(name, kind string) (value float64) {
		GinkgoHelper()
		families, err := registry.Gather()
		Expect(err).NotTo(HaveOccurred())
		for _, family := range families {
			for _, one := range family.GetMetric() {
				if family.GetName() == "live_operator_"+name && one.GetLabel()[0].GetValue() == kind {
					value = one.GetCounter().GetValue()
				}
			}
		}
		return value
	}
	found := func(kind string) float64 { return count("drift_found_total", kind) }
	corrected := func(kind string) float64 { return count("drift_corrected_total", kind) }
	changed := func(more ...func(*facts)) *facts {
		return given(append([]func(*facts){owning(ownID, v1alpha1.OriginCreated), due, listing(theConfig(ownID, withURL("https://strange.example.com/")))}, more...)...)
	}

	It("once until it is corrected, however often that is tried, and again when it comes back", func() {
		decided(changed())
		p := decided(changed())
		Expect(found(metrics.Changed)).To(BeEquivalentTo(1))
		Expect(corrected(metrics.Changed)).To(BeZero())
		p.countCorrection()
		Expect(corrected(metrics.Changed)).To(BeEquivalentTo(1))
		decided(changed())
		Expect(found(metrics.Changed)).To(BeEquivalentTo(2))
	})

	It("where it is only reported, and not as corrected when somebody else puts it right", func() {
		decided(changed(reporting))
		decided(given(owning(ownID, v1alpha1.OriginCreated), due, listing(theConfig(ownID)))).countCorrection()
		Expect(found(metrics.Changed)).To(BeEquivalentTo(1))
		Expect(corrected(metrics.Changed)).To(BeZero())
	})

	It("as a deletion where the configuration is gone", func() {
		p := decided(given(owning(ownID, v1alpha1.OriginCreated), due, listing(), shownGone))
		Expect(found(metrics.Deleted)).To(BeEquivalentTo(1))
		p.countCorrection()
		Expect(corrected(metrics.Deleted)).To(BeEquivalentTo(1))
		decided(given(owning(ownID, v1alpha1.OriginAdopted), specID(ownID), due, listing(), shownGone))
		decided(given(owning(ownID, v1alpha1.OriginCreated), reporting, due, listing(), shownGone))
		Expect(found(metrics.Deleted)).To(BeEquivalentTo(2), "the second kind of the same drift")
	})

	It("not again by an operator that started anew", func() {
		decided(changed(reporting, wasReady(v1alpha1.ReasonDrifted)))
		Expect(found(metrics.Changed)).To(BeZero())
	})

	It("not for a change of the spec, or where nothing differs", func() {
		decided(given(owning(ownID, v1alpha1.OriginCreated), specChanged, listing(theConfig(ownID)))).countCorrection()
		decided(given(owning(ownID, v1alpha1.OriginCreated), due, listing(theConfig(ownID))))
		Expect(found(metrics.Changed) + found(metrics.Deleted) + corrected(metrics.Changed) + corrected(metrics.Deleted)).To(BeZero())
	})
})
