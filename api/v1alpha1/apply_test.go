package v1alpha1_test

import (
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/live-operator/live-operator/test/builder"
)

var _ = Describe("Server-side apply", func() {
	var name string

	// apply applies the smallest manifest after the edits.
	apply := func(ctx SpecContext, owner string, edits ...edit) (*unstructured.Unstructured, error) {
		u := builder.Config(name).BuildUnstructured()
		all(edits...)(u)
		err := k8s.Apply(ctx, client.ApplyConfigurationFromUnstructured(u), client.FieldOwner(owner))
		return u, err
	}

	BeforeEach(func() {
		name = "applied"
		DeferCleanup(func(ctx SpecContext) {
			Expect(k8s.Delete(ctx, builder.Config(name).Build())).To(Succeed())
		})
	})

	DescribeTable("of the same manifest again changes nothing",
		func(ctx SpecContext, e edit) {
			first, err := apply(ctx, "gitops", e)
			Expect(err).NotTo(HaveOccurred())
			second, err := apply(ctx, "gitops", e)
			Expect(err).NotTo(HaveOccurred())
			Expect(second.GetResourceVersion()).To(Equal(first.GetResourceVersion()))
			Expect(second.GetGeneration()).To(BeEquivalentTo(1))
		},
		Entry("with the required fields only", edit(unchanged)),
		Entry("with every field", all(
			setText("spec.id", "e89b76"), setText("spec.app", "live"),
			setText("spec.notifyCallbackURL", "https://a.example.com/"), setText("spec.onDemandCallbackURL", "https://b.example.com/"),
			set("spec.notifyEventSubscription", "[RECORD_OVER, RECORD_FAILED]"), setText("spec.signType", "MD5"),
			set("spec.keySecretRef", "{name: callback-key, key: key}"), setText("spec.managementPolicy", "Observe"),
			setText("spec.adoptionPolicy", "IfExists"), setText("spec.deletionPolicy", "Retain"), setText("spec.driftPolicy", "Report"),
			setText("spec.resyncInterval", "10m"), set("spec.suspend", "true"))),
		Entry("with an interval that Go would write differently", setText("spec.resyncInterval", "60s")),
		Entry("with the defaults written out", all(
			setText("spec.app", "*"), setText("spec.managementPolicy", "Manage"), set("spec.suspend", "false"))),
	)

	It("gives a field back that a manifest no longer has", func(ctx SpecContext) {
		_, err := apply(ctx, "gitops", setText("spec.notifyCallbackURL", "https://a.example.com/"))
		Expect(err).NotTo(HaveOccurred())
		u, err := apply(ctx, "gitops")
		Expect(err).NotTo(HaveOccurred())
		Expect(field(u, "spec")).NotTo(HaveKey("notifyCallbackURL"))
	})

	It("takes the events as a set, whose members different owners add", func(ctx SpecContext) {
		_, err := apply(ctx, "gitops", set("spec.notifyEventSubscription", "[RECORD_OVER]"))
		Expect(err).NotTo(HaveOccurred())
		u, err := apply(ctx, "alerting", set("spec.notifyEventSubscription", "[RECORD_FAILED]"))
		Expect(err).NotTo(HaveOccurred())
		Expect(field(u, "spec.notifyEventSubscription")).To(ConsistOf("RECORD_OVER", "RECORD_FAILED"))
	})

	It("tells two owners of one field that they disagree", func(ctx SpecContext) {
		_, err := apply(ctx, "gitops", setText("spec.signType", "MD5"))
		Expect(err).NotTo(HaveOccurred())
		_, err = apply(ctx, "somebody", setText("spec.signType", "HMACSHA256"))
		Expect(apierrors.IsConflict(err)).To(BeTrue(), "%v", err)
		Expect(err).To(MatchError(ContainSubstring(".spec.signType")))
	})
})
