// Package argocd_test runs the Lua of config/argocd as Argo CD runs it, on what
// the operator really writes: a real API server, the real binary and the
// simulator over real HTTP. It also holds docs/argo-cd.md to its word.
package argocd_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/live-operator/live-operator/test/harness"
	"github.com/live-operator/live-operator/test/livesim"
)

func TestArgoCD(t *testing.T) {
	RegisterFailHandler(Fail)
	SetDefaultEventuallyTimeout(30 * time.Second)
	SetDefaultEventuallyPollingInterval(25 * time.Millisecond)
	EnforceDefaultTimeoutsWhenUsingContexts()
	RunSpecs(t, "Argo CD")
}

var (
	cluster     *harness.Cluster
	sim         *livesim.Simulator
	kubectlPath string
)

var _ = BeforeSuite(func(ctx SpecContext) {
	var err error
	cluster, err = harness.StartCluster()
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(func() { Expect(cluster.Stop()).To(Succeed()) })
	kubectlPath = filepath.Join(os.Getenv("KUBEBUILDER_ASSETS"), "kubectl")

	binary, err := harness.Build(ctx)
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(binary.Remove)

	sim = livesim.New(livesim.Options{})
	sim.Start()
	DeferCleanup(sim.Close)

	op, err := binary.Start(ctx, cluster.Kubeconfig, "--live-endpoint="+sim.URL(), "--iam-endpoint="+sim.URL())
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(func() {
		if CurrentSpecReport().Failed() {
			GinkgoWriter.Println(op.Log())
		}
		Expect(op.Stop()).To(Succeed(), "the operator ends well on SIGTERM")
	})
}, NodeTimeout(5*time.Minute))

// repositoryFile is what a file of the repository holds.
func repositoryFile(path ...string) string {
	GinkgoHelper()
	content, err := os.ReadFile(filepath.Join(append([]string{harness.Root()}, path...)...))
	Expect(err).NotTo(HaveOccurred())
	return string(content)
}
