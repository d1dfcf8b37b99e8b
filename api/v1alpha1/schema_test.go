package v1alpha1_test

import (
	"encoding/json"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
)

var _ = Describe("The CustomResourceDefinition", func() {
	It("is established as it is, the cost of its rules included", func(ctx SpecContext) {
		crd := &apiextensionsv1.CustomResourceDefinition{}
		Expect(k8s.Get(ctx, client.ObjectKey{Name: "recordcallbackconfigs.live.huaweicloud.com"}, crd)).To(Succeed())
		states := map[apiextensionsv1.CustomResourceDefinitionConditionType]apiextensionsv1.ConditionStatus{}
		for _, c := range crd.Status.Conditions {
			states[c.Type] = c.Status
		}
		Expect(states).To(HaveKeyWithValue(apiextensionsv1.Established, apiextensionsv1.ConditionTrue))
		Expect(states).To(HaveKeyWithValue(apiextensionsv1.NamesAccepted, apiextensionsv1.ConditionTrue))
		Expect(states).NotTo(HaveKey(apiextensionsv1.NonStructuralSchema))
	})

	It("needs no more than kubectl's client-side apply can keep in an annotation", func() {
		// Then kubectl apply works without --server-side too.
		content, err := json.Marshal(readCRD())
		Expect(err).NotTo(HaveOccurred())
		Expect(len(content)).To(BeNumerically("<", 256<<10))
	})

	It("has a message for each rule", func() {
		rules := 0
		walk("", rootSchema(), func(path string, schema apiextensionsv1.JSONSchemaProps) {
			for _, rule := range schema.XValidations {
				rules++
				Expect(rule.Message).NotTo(BeEmpty(), "%s: %s", path, rule.Rule)
				Expect(schema.Pattern).To(BeEmpty(), "%s: a rule says more to a person than a pattern", path)
			}
		})
		Expect(rules).To(BeNumerically(">", 10))
	})

	It("documents each field", func() {
		walk("", rootSchema(), func(path string, schema apiextensionsv1.JSONSchemaProps) {
			if path != ".metadata" { // the API server documents that one
				Expect(schema.Description).NotTo(BeEmpty(), "%s has no documentation", path)
			}
		})
	})

	It("begins the documentation of a field with the name that a manifest has", func() {
		for _, part := range []string{"spec", "status"} {
			for name, schema := range rootSchema().Properties[part].Properties {
				Expect(schema.Description).To(MatchRegexp(`^%s\b`, name))
			}
		}
	})
})

var _ = Describe("kubectl explain", func() {
	DescribeTable("documents each field of",
		func(path ...string) {
			schema := rootSchema()
			for _, name := range path {
				schema = schema.Properties[name]
				if schema.Items != nil {
					schema = *schema.Items.Schema
				}
			}
			Expect(schema.Properties).NotTo(BeEmpty())

			out := explain(append([]string{"rcc"}, path...)...)
			Expect(out).NotTo(ContainSubstring("<no description>"))
			for name := range schema.Properties {
				Expect(out).To(MatchRegexp(`(?m)^  %s\t<.*>.*\n(  [a-z]+:.*\n)*    \S`, name))
			}
		},
		Entry("the resource"),
		Entry("the spec", "spec"),
		Entry("the credentials", "spec", "credentialsSecretRef"),
		Entry("the callback key", "spec", "keySecretRef"),
		Entry("the status", "status"),
		Entry("the last error", "status", "lastError"),
		Entry("a condition", "status", "conditions"),
	)

	DescribeTable("says what may be written to",
		func(name string, words ...string) {
			text := strings.Join(strings.Fields(explain("rcc", "spec", name)), " ")
			for _, word := range words {
				Expect(text).To(ContainSubstring(word))
			}
		},
		Entry(nil, "notifyCallbackURL", "http or https URL", "at most 2,048 characters", "without query parameters or fragment"),
		Entry(nil, "notifyEventSubscription", "RECORD_NEW_FILE_START", "RECORD_FILE_COMPLETE", "RECORD_OVER", "RECORD_FAILED"),
		Entry(nil, "signType", "HMACSHA256", "MD5"),
		Entry(nil, "keySecretRef", "32 or more letters and digits"),
		Entry(nil, "app", "* stands for any", "Defaults to *", "Immutable"),
		Entry(nil, "resyncInterval", "at least 1m, or 0s for never"),
	)
})

// rootSchema is the schema of the whole resource.
func rootSchema() apiextensionsv1.JSONSchemaProps {
	GinkgoHelper()
	versions := readCRD().Spec.Versions
	Expect(versions).To(HaveLen(1))
	return *versions[0].Schema.OpenAPIV3Schema
}

// walk visits a schema and all below it, with their paths.
func walk(path string, schema apiextensionsv1.JSONSchemaProps, visit func(string, apiextensionsv1.JSONSchemaProps)) {
	visit(path, schema)
	for _, name := range slices.Sorted(maps.Keys(schema.Properties)) {
		walk(path+"."+name, schema.Properties[name], visit)
	}
	if schema.Items != nil {
		walk(path+"[]", *schema.Items.Schema, visit)
	}
}

// explain runs kubectl explain.
func explain(path ...string) string {
	GinkgoHelper()
	admin, err := environment.AddUser(envtest.User{Name: "admin", Groups: []string{"system:masters"}}, nil)
	Expect(err).NotTo(HaveOccurred())
	kubectl, err := admin.Kubectl()
	Expect(err).NotTo(HaveOccurred())

	var printed []byte
	Eventually(func(g Gomega) {
		// A cache of its own: the one at home may know another server at this address.
		stdout, stderr, err := kubectl.Run("explain", strings.Join(path, "."), "--cache-dir", GinkgoT().TempDir())
		g.Expect(err).NotTo(HaveOccurred(), func() string {
			said, _ := io.ReadAll(stderr)
			return string(said)
		})
		printed, err = io.ReadAll(stdout)
		g.Expect(err).NotTo(HaveOccurred())
	}).WithTimeout(time.Minute).Should(Succeed(), "the documentation is served a little after the resource")
	return string(printed)
}
