package chart_test

import (
	"os"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"sigs.k8s.io/yaml"
)

const generatedCRD = root + "/config/crd/bases/live.huaweicloud.com_recordcallbackconfigs.yaml"

var _ = Describe("The CRD", func() {
	It("is the generated one, byte for byte, in the chart's files", func() {
		generated, err := os.ReadFile(generatedCRD)
		Expect(err).NotTo(HaveOccurred())
		packaged, err := os.ReadFile(chartDir + "/files/crd.yaml")
		Expect(err).NotTo(HaveOccurred())
		Expect(string(packaged)).To(Equal(string(generated)), "run make manifests")
	})

	It("is rendered whole, with the release's labels and annotations besides", func() {
		content, err := os.ReadFile(generatedCRD)
		Expect(err).NotTo(HaveOccurred())
		generated := map[string]any{}
		Expect(yaml.Unmarshal(content, &generated)).To(Succeed())

		rendered := crd(render(`crds: {annotations: {note: mine}}`))
		Expect(rendered["spec"]).To(Equal(generated["spec"]))
		Expect(group(rendered, "metadata")).To(HaveKeyWithValue("name", group(generated, "metadata")["name"]))
		annotations := group(rendered, "metadata", "annotations")
		for key, value := range group(generated, "metadata", "annotations") {
			Expect(annotations).To(HaveKeyWithValue(key, value))
		}
		Expect(annotations).To(HaveKeyWithValue("note", "mine"))
		Expect(group(rendered, "metadata", "labels")).To(HaveKeyWithValue("app.kubernetes.io/managed-by", "Helm"))
	})

	It("outlives the release unless that is switched off", func() {
		const policy = "helm.sh/resource-policy"
		Expect(group(crd(render(``)), "metadata", "annotations")).To(HaveKeyWithValue(policy, "keep"))
		Expect(group(crd(render(`crds: {keep: false}`)), "metadata", "annotations")).NotTo(HaveKey(policy))
	})

	It("can be left to another release", func() {
		Expect(render(`crds: {enabled: false}`).kinds()).NotTo(ContainElement(HavePrefix("CustomResourceDefinition")))
	})

	It("is in the package, too", func() {
		folder := GinkgoT().TempDir()
		_, stderr, err := helm("package", chartDir, "--destination", folder)
		Expect(err).NotTo(HaveOccurred(), stderr)
		packages, err := os.ReadDir(folder)
		Expect(err).NotTo(HaveOccurred())
		Expect(packages).To(HaveLen(1))
		stdout, stderr, err := helm("template", release, folder+"/"+packages[0].Name(), "--kube-version", "1.30.0", "--show-only", "templates/crd.yaml")
		Expect(err).NotTo(HaveOccurred(), stderr)
		Expect(stdout).To(ContainSubstring("recordcallbackconfigs.live.huaweicloud.com"))
	})
})

func crd(m manifests) map[string]any {
	GinkgoHelper()
	return only[map[string]any](m, "CustomResourceDefinition")
}
