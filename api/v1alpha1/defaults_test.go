package v1alpha1_test

import (
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/live-operator/live-operator/api/v1alpha1"
	"github.com/live-operator/live-operator/test/builder"
)

var _ = Describe("Defaults", func() {
	It("fill in the app and the policies, and nothing that belongs to the API or to a flag", func(ctx SpecContext) {
		u, err := dryRunCreate(ctx)
		Expect(err).NotTo(HaveOccurred())
		Expect(field(u, "spec")).To(Equal(map[string]any{
			"region":               builder.DefaultRegion,
			"projectID":            builder.DefaultProjectID,
			"credentialsSecretRef": map[string]any{"name": builder.DefaultSecret},
			"publishDomain":        builder.DefaultDomain,
			"app":                  "*",
			"managementPolicy":     "Manage",
			"adoptionPolicy":       "Never",
			"driftPolicy":          "Correct",
			"suspend":              false,
		}))
	})

	It("leave what is set as it is", func(ctx SpecContext) {
		u, err := dryRunCreate(ctx,
			setText("spec.app", "live"), setText("spec.managementPolicy", "Observe"),
			setText("spec.adoptionPolicy", "IfExists"), setText("spec.driftPolicy", "Report"), set("spec.suspend", "true"))
		Expect(err).NotTo(HaveOccurred())
		Expect(field(u, "spec")).To(And(
			HaveKeyWithValue("app", "live"), HaveKeyWithValue("managementPolicy", "Observe"),
			HaveKeyWithValue("adoptionPolicy", "IfExists"), HaveKeyWithValue("driftPolicy", "Report"),
			HaveKeyWithValue("suspend", true)))
	})

	It("reach a Go client", func(ctx SpecContext) {
		config := builder.Config("defaults").Build()
		Expect(k8s.Create(ctx, config, client.DryRunAll)).To(Succeed())
		Expect(config.Spec).To(And(
			HaveField("App", "*"),
			HaveField("ManagementPolicy", v1alpha1.ManagementManage),
			HaveField("AdoptionPolicy", v1alpha1.AdoptionNever),
			HaveField("DeletionPolicy", BeEmpty()),
			HaveField("DriftPolicy", v1alpha1.DriftCorrect),
			HaveField("ResyncInterval", BeNil()),
			HaveField("Suspend", false)))
	})
})
