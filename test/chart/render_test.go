package chart_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"
)

// The release that is rendered; its Deployment has the release's name.
const (
	release   = "live-operator"
	namespace = "live-system"
)

// manifests are the objects of a release.
type manifests []unstructured.Unstructured

// render is what a release with these values consists of. The values are YAML.
func render(values string) manifests {
	GinkgoHelper()
	stdout, stderr, err := template(values)
	Expect(err).NotTo(HaveOccurred(), stderr)
	var objects manifests
	for _, document := range strings.Split(stdout, "\n---\n") {
		object := map[string]any{}
		Expect(yaml.UnmarshalStrict([]byte(document), &object)).To(Succeed(), document)
		if len(object) > 0 {
			objects = append(objects, unstructured.Unstructured{Object: object})
		}
	}
	return objects
}

// refusal is what helm says of values that it does not accept.
func refusal(values string) string {
	GinkgoHelper()
	_, stderr, err := template(values)
	Expect(err).To(HaveOccurred(), "helm rendered values that it should refuse")
	return stderr
}

func template(values string) (stdout, stderr string, err error) {
	GinkgoHelper()
	file := filepath.Join(GinkgoT().TempDir(), "values.yaml")
	Expect(os.WriteFile(file, []byte(values), 0o600)).To(Succeed())
	return helm("template", release, chartDir, "--namespace", namespace, "--kube-version", "1.30.0", "--values", file)
}

// kinds are kind and name of the objects; those of a namespace other than the
// release's have it in front.
func (m manifests) kinds() []string {
	var kinds []string
	for _, o := range m {
		name := o.GetKind() + " " + o.GetName()
		if n := o.GetNamespace(); n != "" && n != namespace {
			name = n + ": " + name
		}
		kinds = append(kinds, name)
	}
	return kinds
}

// all are the objects of a kind, as the API's own type; fields that the type
// does not have fail the test, as the API server would drop them.
func all[T any](m manifests, kind string) []T {
	GinkgoHelper()
	var found []T
	for _, o := range m {
		if o.GetKind() != kind {
			continue
		}
		content, err := json.Marshal(o.Object)
		Expect(err).NotTo(HaveOccurred())
		var typed T
		Expect(yaml.UnmarshalStrict(content, &typed)).To(Succeed(), kind)
		found = append(found, typed)
	}
	return found
}

// only is the one object of a kind.
func only[T any](m manifests, kind string) T {
	GinkgoHelper()
	found := all[T](m, kind)
	Expect(found).To(HaveLen(1), kind)
	return found[0]
}

// group is the map at a path of an object.
func group(object map[string]any, path ...string) map[string]any {
	GinkgoHelper()
	found, _, err := unstructured.NestedMap(object, path...)
	Expect(err).NotTo(HaveOccurred())
	return found
}

// pod is the Deployment's.
func (m manifests) pod() corev1.PodSpec {
	GinkgoHelper()
	return only[appsv1.Deployment](m, "Deployment").Spec.Template.Spec
}

// container is the pod's only one.
func (m manifests) container() corev1.Container {
	GinkgoHelper()
	pod := m.pod()
	Expect(pod.InitContainers).To(BeEmpty())
	Expect(pod.Containers).To(HaveLen(1))
	return pod.Containers[0]
}
