package v1alpha1_test

import (
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/live-operator/live-operator/api/v1alpha1"
	"github.com/live-operator/live-operator/test/builder"
)

const resyncSentence = "resyncInterval must be at least 1m, or 0s for never, in hours, minutes and seconds, " +
	"for example 10m or 1h30m"

var _ = Describe("How the operator goes about it", func() {
	DescribeTable("is accepted",
		func(ctx SpecContext, e edit) {
			_, err := dryRunCreate(ctx, e)
			Expect(err).NotTo(HaveOccurred())
		},
		Entry("with managementPolicy Manage", setText("spec.managementPolicy", "Manage")),
		Entry("with managementPolicy Observe", setText("spec.managementPolicy", "Observe")),
		Entry("with adoptionPolicy Never", setText("spec.adoptionPolicy", "Never")),
		Entry("with adoptionPolicy IfExists", setText("spec.adoptionPolicy", "IfExists")),
		Entry("with deletionPolicy Delete", setText("spec.deletionPolicy", "Delete")),
		Entry("with deletionPolicy Retain", setText("spec.deletionPolicy", "Retain")),
		Entry("with driftPolicy Correct", setText("spec.driftPolicy", "Correct")),
		Entry("with driftPolicy Report", setText("spec.driftPolicy", "Report")),
		Entry("suspended", set("spec.suspend", "true")),
		Entry("not suspended", set("spec.suspend", "false")),

		Entry("with resyncInterval 0s, which is never", setText("spec.resyncInterval", "0s")),
		Entry("with resyncInterval 0h0m0s, which is the same", setText("spec.resyncInterval", "0h0m0s")),
		Entry("with the shortest resyncInterval", setText("spec.resyncInterval", "1m")),
		Entry("with the shortest resyncInterval, in seconds", setText("spec.resyncInterval", "60s")),
		Entry("with the shortest resyncInterval, as Go writes it", setText("spec.resyncInterval", "1m0s")),
		Entry("with resyncInterval 10m", setText("spec.resyncInterval", "10m")),
		Entry("with resyncInterval 1h30m", setText("spec.resyncInterval", "1h30m")),
		Entry("with resyncInterval 1.5h", setText("spec.resyncInterval", "1.5h")),
		Entry("with a resyncInterval of eleven years", setText("spec.resyncInterval", "99999h")),
		Entry("with a resyncInterval of the most digits", setText("spec.resyncInterval", "99999h9999999m999999999s")),
	)

	DescribeTable("is refused, and the message says what to write,",
		func(ctx SpecContext, e edit, path, sentence string) {
			_, err := dryRunCreate(ctx, e)
			Expect(err).To(beInvalid(path, sentence))
		},
		Entry("with an unknown managementPolicy", setText("spec.managementPolicy", "Unmanaged"),
			"spec.managementPolicy", `supported values: "Manage", "Observe"`),
		Entry("with an empty managementPolicy", setText("spec.managementPolicy", ""),
			"spec.managementPolicy", `supported values: "Manage", "Observe"`),
		Entry("with an unknown adoptionPolicy", setText("spec.adoptionPolicy", "Always"),
			"spec.adoptionPolicy", `supported values: "Never", "IfExists"`),
		Entry("with an unknown deletionPolicy", setText("spec.deletionPolicy", "Orphan"),
			"spec.deletionPolicy", `supported values: "Delete", "Retain"`),
		Entry("with an empty deletionPolicy", setText("spec.deletionPolicy", ""),
			"spec.deletionPolicy", `supported values: "Delete", "Retain"`),
		Entry("with an unknown driftPolicy", setText("spec.driftPolicy", "Ignore"),
			"spec.driftPolicy", `supported values: "Correct", "Report"`),
		Entry("suspended by a word", setText("spec.suspend", "yes"),
			"spec.suspend", `spec.suspend in body must be of type boolean: "string"`),

		Entry("with resyncInterval 59s", setText("spec.resyncInterval", "59s"), "spec.resyncInterval", resyncSentence),
		Entry("with resyncInterval 59.999999999s", setText("spec.resyncInterval", "59.999999999s"), "spec.resyncInterval", resyncSentence),
		Entry("with resyncInterval 500ms", setText("spec.resyncInterval", "500ms"), "spec.resyncInterval", resyncSentence),
		Entry("with a negative resyncInterval", setText("spec.resyncInterval", "-10m"), "spec.resyncInterval", resyncSentence),
		Entry("with an empty resyncInterval", setText("spec.resyncInterval", ""), "spec.resyncInterval", resyncSentence),
		Entry("with a resyncInterval without a unit", setText("spec.resyncInterval", "10"), "spec.resyncInterval", resyncSentence),
		Entry("with a resyncInterval in days", setText("spec.resyncInterval", "1d"), "spec.resyncInterval", resyncSentence),
		Entry("with a resyncInterval in words", setText("spec.resyncInterval", "10 minutes"), "spec.resyncInterval", resyncSentence),
		Entry("with a resyncInterval that is too long for a computer", setText("spec.resyncInterval", "9999999999999h"),
			"spec.resyncInterval", resyncSentence),
		Entry("with a resyncInterval of 33 characters", setText("spec.resyncInterval", "10m                              "),
			"spec.resyncInterval", "Too long: may not be more than 32 bytes"),
		Entry("with a resyncInterval that is a number", set("spec.resyncInterval", "600"),
			"spec.resyncInterval", `spec.resyncInterval in body must be of type string: "integer"`),
	)

	DescribeTable("keeps a resyncInterval of the Go type",
		func(ctx SpecContext, interval time.Duration, stored string) {
			config := builder.Config("resync").WithResync(interval).Build()
			Expect(k8s.Create(ctx, config)).To(Succeed())
			DeferCleanup(func(ctx SpecContext) { Expect(k8s.Delete(ctx, config)).To(Succeed()) })

			raw := manifest(unchanged)
			Expect(k8s.Get(ctx, client.ObjectKeyFromObject(config), raw)).To(Succeed())
			Expect(field(raw, "spec.resyncInterval")).To(Equal(stored))

			read := &v1alpha1.RecordCallbackConfig{}
			Expect(k8s.Get(ctx, client.ObjectKeyFromObject(config), read)).To(Succeed())
			Expect(read.Spec.ResyncInterval).To(Equal(&metav1.Duration{Duration: interval}))
		},
		Entry("that is 0, which is not unset", time.Duration(0), "0s"),
		Entry("of ten minutes", 10*time.Minute, "10m0s"),
		Entry("of a fraction", time.Hour+1500*time.Millisecond, "1h0m1.5s"),
	)
})
