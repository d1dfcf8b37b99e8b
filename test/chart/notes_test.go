package chart_test

import (
	"os"
	"path/filepath"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

var _ = Describe("The notes", func() {
	It("tell what to do next, step by step", func() {
		Expect(notes(`watchNamespaces: [team-a, team-b]`)).To(And(
			ContainSubstring("serves the namespaces team-a, team-b"),
			ContainSubstring("kubectl rollout status deployment/live-operator --namespace live-system"),
			ContainSubstring("kubectl create secret generic live-credentials --namespace team-a"),
			ContainSubstring("kind: RecordCallbackConfig"),
			ContainSubstring("kubectl wait rcc/publish-example --namespace team-a --for=condition=Ready")))
	})

	DescribeTable("say who can read the metrics",
		func(values, told string) {
			Expect(notes(values)).To(ContainSubstring(told))
		},
		Entry("those who are authorized", ``, "live-operator:live-system:metrics-reader, or the like"),
		Entry("nobody, where it can't be asked who is", `watchNamespaces: [team-a]`, "Nobody can read the metrics yet"),
		Entry("anyone, where nobody asks", `metrics: {secure: false}`, "to anyone who reaches port 8443"),
	)

	It("say what is left to do where the release lacks something", func() {
		Expect(notes(`{crds: {enabled: false}, rbac: {create: false}}`)).To(And(
			ContainSubstring("The CRD is not part of this release"), ContainSubstring("No permissions were granted")))
	})
})

// notes are what helm install prints at the end.
func notes(values string) string {
	GinkgoHelper()
	file := filepath.Join(GinkgoT().TempDir(), "values.yaml")
	Expect(os.WriteFile(file, []byte(values), 0o600)).To(Succeed())
	stdout, stderr, err := helm("install", release, chartDir, "--namespace", namespace, "--dry-run=client", "--values", file)
	Expect(err).NotTo(HaveOccurred(), stderr)
	return stdout
}
