package v1alpha1_test

import (
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// A rule that a later version adds must not lock an object that is older than
// it: its status has to be written and its finalizer removed all the same.
var _ = Describe("A resource that is older than the rules it breaks", Ordered, func() {
	// A definition of its own, so that the other specs keep theirs.
	old := schema.GroupVersionKind{Group: "old.example.com", Version: "v1alpha1", Kind: "RecordCallbackConfig"}
	var (
		definition *apiextensionsv1.CustomResourceDefinition
		u          *unstructured.Unstructured
	)

	BeforeAll(func(ctx SpecContext) {
		definition = readCRD()
		definition.Name = "recordcallbackconfigs." + old.Group
		definition.Spec.Group = old.Group
		definition.Spec.Names.ShortNames = nil
		definition.Spec.Names.Categories = nil
		strict := definition.Spec.Versions[0].Schema.OpenAPIV3Schema.DeepCopy()
		lax := strict.DeepCopy()
		lax.Properties["spec"] = *withoutRules(lax.Properties["spec"])
		definition.Spec.Versions[0].Schema.OpenAPIV3Schema = lax
		Expect(k8s.Create(ctx, definition)).To(Succeed())
		DeferCleanup(func(ctx SpecContext) { Expect(k8s.Delete(ctx, definition)).To(Succeed()) })

		makeOld := func() error {
			u = manifest(
				setText("spec.region", "CN_North_4"), remove("spec.projectID"), setText("spec.app", ""),
				setText("spec.notifyCallbackURL", "callback?x#y"), set("spec.notifyEventSubscription", "[EVERYTHING]"),
				setText("spec.resyncInterval", "1s"), set("metadata.finalizers", "[live.huaweicloud.com/finalizer]"))
			u.SetGroupVersionKind(old)
			return k8s.Create(ctx, u)
		}
		Eventually(ctx, makeOld).WithTimeout(time.Minute).Should(Succeed(), "the definition is served a little after it was made")

		before := definition.DeepCopy()
		definition.Spec.Versions[0].Schema.OpenAPIV3Schema = strict
		Expect(k8s.Patch(ctx, definition, client.MergeFrom(before))).To(Succeed())
		Eventually(ctx, func() error {
			again := manifest(setText("spec.region", "CN_North_4"))
			again.SetGroupVersionKind(old)
			return k8s.Create(ctx, again, client.DryRunAll)
		}).WithTimeout(time.Minute).Should(beInvalid("spec.region", regionSentence), "the rules apply a little after they were changed")
	})

	It("takes a status", func(ctx SpecContext) {
		Expect(unstructured.SetNestedField(u.Object, "e89b76", "status", "id")).To(Succeed())
		Expect(k8s.Status().Update(ctx, u)).To(Succeed())
		Expect(field(u, "status.id")).To(Equal("e89b76"))
	})

	It("takes a label", func(ctx SpecContext) {
		u.SetLabels(map[string]string{"team": "sport"})
		Expect(k8s.Update(ctx, u)).To(Succeed())
	})

	It("takes a patch of the status, as the operator writes it", func(ctx SpecContext) {
		before := u.DeepCopy()
		Expect(unstructured.SetNestedField(u.Object, "3b1c", "status", "requestID")).To(Succeed())
		Expect(k8s.Status().Patch(ctx, u, client.MergeFrom(before))).To(Succeed())
	})

	It("is told of a rule by the first change of the field, and of that one only", func(ctx SpecContext) {
		changed := u.DeepCopy()
		setText("spec.projectID", "project-a")(changed)
		setText("spec.resyncInterval", "2s")(changed)
		Expect(k8s.Update(ctx, changed)).To(beInvalid("spec.resyncInterval", resyncSentence))
	})

	It("lets go of its finalizer", func(ctx SpecContext) {
		Expect(k8s.Delete(ctx, u)).To(Succeed())
		Expect(k8s.Patch(ctx, u, client.RawPatch("application/merge-patch+json", []byte(`{"metadata":{"finalizers":null}}`)))).To(Succeed())
		Expect(client.IgnoreNotFound(k8s.Get(ctx, client.ObjectKeyFromObject(u), u))).To(Succeed())
		Expect(k8s.Get(ctx, client.ObjectKeyFromObject(u), u)).NotTo(Succeed())
	})
})

// withoutRules is a schema of the same fields that takes any value.
func withoutRules(s apiextensionsv1.JSONSchemaProps) *apiextensionsv1.JSONSchemaProps {
	s.XValidations, s.Required, s.Enum = nil, nil, nil
	s.Pattern, s.MinLength, s.MaxLength, s.MinItems, s.MaxItems = "", nil, nil, nil, nil
	if s.Properties != nil {
		properties := make(map[string]apiextensionsv1.JSONSchemaProps, len(s.Properties))
		for name, property := range s.Properties {
			properties[name] = *withoutRules(property)
		}
		s.Properties = properties
	}
	if s.Items != nil {
		s.Items = &apiextensionsv1.JSONSchemaPropsOrArray{Schema: withoutRules(*s.Items.Schema)}
	}
	return &s
}
