package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

// overlay is config/default with the image that was loaded, and the simulator
// in the place of the cloud.
const overlay = `
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
namespace: live-operator-system
resources: [BASE]
images:
- {name: live-operator, newName: REPOSITORY, newTag: TAG}
configMapGenerator:
- {name: simulator-ca, files: [ca.crt]}
patches:
- target: {kind: Deployment}
  patch: |-
    - {op: add, path: /spec/template/spec/containers/0/args/-, value: --live-endpoint=URL}
    - {op: add, path: /spec/template/spec/containers/0/args/-, value: --iam-endpoint=URL}
    - {op: add, path: /spec/template/spec/containers/0/args/-, value: --ca-bundle=/ca/ca.crt}
    - {op: add, path: /spec/template/spec/volumes, value: [{name: ca, configMap: {name: simulator-ca}}]}
    - {op: add, path: /spec/template/spec/containers/0/volumeMounts, value: [{name: ca, mountPath: /ca, readOnly: true}]}
`

var _ = Describe("config/default", Ordered, func() {
	var folder string

	BeforeAll(func(SpecContext) {
		folder = GinkgoT().TempDir()
		repository, tag, _ := strings.Cut(operatorImage, ":")
		here, err := filepath.Abs(root)
		Expect(err).NotTo(HaveOccurred())
		base, err := filepath.Rel(folder, filepath.Join(here, "config", "default"))
		Expect(err).NotTo(HaveOccurred())
		kustomization := strings.NewReplacer("BASE", base, "REPOSITORY", repository, "TAG", tag, "URL", simulatorURL).Replace(overlay)
		Expect(os.WriteFile(filepath.Join(folder, "kustomization.yaml"), []byte(kustomization), 0o644)).To(Succeed())
		Expect(os.WriteFile(filepath.Join(folder, "ca.crt"), []byte(simulatorCA), 0o644)).To(Succeed())

		DeferCleanup(func() { kubectl("delete", "--ignore-not-found", "-k", folder) })
		DeferCleanup(removeCRD, NodeTimeout(forgiving))
		kubectl("apply", "-k", folder)
		kubectl("rollout", "status", "deployment/live-operator-controller-manager", "--namespace=live-operator-system", "--timeout=2m")
	}, NodeTimeout(3*time.Minute))

	It("gives an operator that works, under the restricted Pod Security Standard", func(ctx SpecContext) {
		t := newTenant(ctx, "live-e2e-kustomize")
		t.create(ctx, "sport")
		t.eventuallyReady(ctx, "sport")
		Expect(t.remote(ctx)).To(HaveLen(1))
		Expect(kubectl("get", "namespace", "live-operator-system", "--show-labels")).To(ContainSubstring("pod-security.kubernetes.io/enforce=restricted"))
	})

	It("applied again, from the server's side too, makes no difference", func() {
		apply := []string{"apply", "--server-side", "-k", folder}
		kubectl(apply...)
		kubectl(apply...)
		// It fails where there is one.
		Expect(kubectl("diff", "--server-side", "-k", folder)).To(BeEmpty())
	})
})
