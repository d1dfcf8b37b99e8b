package docs

import (
	"os"
	"path/filepath"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/live-operator/live-operator/api/v1alpha1"
	"github.com/live-operator/live-operator/test/builder"
)

const (
	operationsPage = "docs/operations.md"
	restore        = "kubectl create -f rcc.yaml"
)

// command is the block of the page that begins so.
func command(path, first string) string {
	GinkgoHelper()
	for _, b := range readPage(path).blocks {
		if strings.HasPrefix(b.text, first) {
			return b.text
		}
	}
	Fail(path + " has no block that begins with " + first)
	return ""
}

var _ = Describe("Backup and restore", func() {
	It("as the page has them give a configuration back to the resource that created it", func(ctx SpecContext) {
		setScene(ctx)
		DeferCleanup(clearScene)
		dir := GinkgoT().TempDir()
		kubeconfig, err := os.ReadFile(cluster.Kubeconfig)
		Expect(err).NotTo(HaveOccurred())
		Expect(os.WriteFile(filepath.Join(dir, "kubeconfig"), kubeconfig, 0o600)).To(Succeed())
		key := client.ObjectKey{Namespace: examples, Name: "publish-example"}
		before := &v1alpha1.RecordCallbackConfig{}
		Expect(cluster.Client.Get(ctx, key, before)).To(Succeed())

		runScript(ctx, dir, command(operationsPage, "kubectl get rcc --all-namespaces --output=yaml"))

		By("losing the resource, and not the configuration")
		lost := before.DeepCopy()
		lost.Spec.DeletionPolicy = v1alpha1.DeletionRetain
		Expect(cluster.Client.Patch(ctx, lost, client.MergeFrom(before))).To(Succeed())
		Expect(cluster.Client.Delete(ctx, lost)).To(Succeed())
		Eventually(func() bool { return apierrors.IsNotFound(cluster.Client.Get(ctx, key, lost)) }).WithContext(ctx).
			Should(BeTrue(), "waiting for the resource to be gone")

		runScript(ctx, dir, command(operationsPage, restore))
		after := &v1alpha1.RecordCallbackConfig{}
		Eventually(func(g Gomega) {
			g.Expect(cluster.Client.Get(ctx, key, after)).To(Succeed())
			g.Expect(after.Status.ID).To(Equal(before.Status.ID))
		}).WithContext(ctx).Should(Succeed(), "waiting for it to be owned again")
		Expect(after.UID).NotTo(Equal(before.UID))
		Expect(after.Status.Origin).To(Equal(v1alpha1.OriginCreated))
		Expect(after.Spec).To(Equal(before.Spec))
		Expect(sim.Configs(builder.DefaultProjectID)).To(HaveLen(1))
	})
})
