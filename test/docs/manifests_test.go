package docs

import (
	"bufio"
	"errors"
	"io"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/live-operator/live-operator/api/v1alpha1"
)

// documents are the YAML documents of a block.
func documents(text string) []map[string]any {
	GinkgoHelper()
	var found []map[string]any
	for reader := utilyaml.NewYAMLReader(bufio.NewReader(strings.NewReader(text))); ; {
		document, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return found
		}
		Expect(err).NotTo(HaveOccurred())
		var content map[string]any
		Expect(yaml.UnmarshalStrict(document, &content)).To(Succeed(), "%s", document)
		if len(content) > 0 {
			found = append(found, content)
		}
	}
}

var _ = Describe("The manifests of the pages", func() {
	It("are what the API server takes, to the last field", func(ctx SpecContext) {
		ours := 0
		for _, p := range pages() {
			for _, b := range p.blocks {
				if b.language != "yaml" {
					continue
				}
				By(p.path + ": " + b.name())
				for _, content := range documents(b.text) {
					object := &unstructured.Unstructured{Object: content}
					if object.GetKind() == "" || object.GetAPIVersion() == "" {
						continue // A part of a manifest, or values of the chart.
					}
					mapping, err := cluster.Client.RESTMapper().RESTMapping(object.GroupVersionKind().GroupKind(), object.GroupVersionKind().Version)
					if meta.IsNoMatchError(err) {
						Expect(object.GroupVersionKind().Group).NotTo(Equal(v1alpha1.GroupVersion.Group), "%s", b.text)
						continue // Of an operator that is not here.
					}
					Expect(err).NotTo(HaveOccurred())
					if mapping.Scope.Name() == meta.RESTScopeNameNamespace {
						object.SetNamespace(manifests)
					} else {
						// One of that name may be there.
						object.SetName("checked-" + object.GetName())
					}
					Expect(cluster.Client.Create(ctx, object, client.DryRunAll, client.FieldValidation("Strict"))).To(Succeed(), "%s", b.text)
					if object.GetKind() == "RecordCallbackConfig" {
						ours++
					}
				}
			}
		}
		Expect(ours).To(BeNumerically(">", 2), "the pages show resources, and they were found")
	})
})
