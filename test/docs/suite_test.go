// Package docs tests the documentation as its readers use it: the links lead
// somewhere, the API server takes the manifests, the commands run, and what a
// page lists is all that there is.
package docs

import (
	"testing"
	"time"

	"github.com/go-logr/logr"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/live-operator/live-operator/test/harness"
	"github.com/live-operator/live-operator/test/livesim"
)

func TestDocs(t *testing.T) {
	RegisterFailHandler(Fail)
	SetDefaultEventuallyTimeout(30 * time.Second)
	SetDefaultEventuallyPollingInterval(25 * time.Millisecond)
	EnforceDefaultTimeoutsWhenUsingContexts()
	// The warnings of the API server to the tests' own client.
	log.SetLogger(logr.Discard())
	RunSpecs(t, "Documentation")
}

// The namespaces of the pages' examples, and of the manifests that are only checked.
const (
	examples  = "streaming"
	manifests = "manifests"
)

var (
	cluster *harness.Cluster
	binary  harness.Binary
	sim     *livesim.Simulator
	op      *harness.Operator
)

var _ = BeforeSuite(func(ctx SpecContext) {
	var err error
	cluster, err = harness.StartCluster()
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(func() { Expect(cluster.Stop()).To(Succeed()) })
	for _, name := range []string{examples, manifests} {
		Expect(cluster.Client.Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}})).To(Succeed())
	}

	binary, err = harness.Build(ctx)
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(binary.Remove)

	sim = livesim.New(livesim.Options{})
	sim.Start()
	DeferCleanup(sim.Close)

	op, err = binary.Start(ctx, cluster.Kubeconfig,
		"--live-endpoint="+sim.URL(), "--iam-endpoint="+sim.URL(), "--api-timeout=5s", "--api-qps=0")
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(func() { Expect(op.Stop()).To(Succeed(), "the operator ends well on SIGTERM") })
}, NodeTimeout(5*time.Minute))

// A failure tells what the operator said.
var _ = JustAfterEach(func() {
	if CurrentSpecReport().Failed() && op != nil {
		said := op.Log()
		GinkgoWriter.Println(said[max(0, len(said)-10_000):])
	}
})
