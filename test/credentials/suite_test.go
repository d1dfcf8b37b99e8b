// Package credentials tests the credentials of the whole operator: a real API
// server, the real binary as a process of its own, and the simulator, which
// checks tokens and signatures, over real HTTP.
package credentials

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"testing"
	"time"

	"github.com/go-logr/logr"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/live-operator/live-operator/test/harness"
	"github.com/live-operator/live-operator/test/livesim"
)

func TestCredentials(t *testing.T) {
	RegisterFailHandler(Fail)
	SetDefaultEventuallyTimeout(30 * time.Second)
	SetDefaultEventuallyPollingInterval(25 * time.Millisecond)
	SetDefaultConsistentlyDuration(500 * time.Millisecond)
	EnforceDefaultTimeoutsWhenUsingContexts()
	// The warnings of the API server to the tests' own client.
	log.SetLogger(logr.Discard())
	RunSpecs(t, "Credentials")
}

// promptly is what the operator promises for a changed Secret.
const promptly = 10 * time.Second

var (
	cluster *harness.Cluster
	binary  harness.Binary
	sim     *livesim.Simulator
	// op is the operator that specs share until one needs another.
	op *harness.Operator
)

var _ = BeforeSuite(func(ctx SpecContext) {
	var err error
	cluster, err = harness.StartCluster()
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(func() { Expect(cluster.Stop()).To(Succeed()) })

	binary, err = harness.Build(ctx)
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(binary.Remove)

	sim = livesim.New(livesim.Options{CallLog: 100_000})
	sim.Start()
	DeferCleanup(sim.Close)

	op = start(ctx, binary, nil, cluster.Kubeconfig)
	DeferCleanup(func() { Expect(op.Stop()).To(Succeed(), "the operator ends well on SIGTERM") })
}, NodeTimeout(5*time.Minute))

// start starts an operator against the simulator. It does not wait for its
// budget: what keeps it from calling too often in these specs is not that.
func start(ctx context.Context, b harness.Binary, env []string, kubeconfig string, flags ...string) *harness.Operator {
	GinkgoHelper()
	flags = append([]string{"--live-endpoint=" + sim.URL(), "--iam-endpoint=" + sim.URL(), "--api-timeout=5s", "--api-qps=0"}, flags...)
	started, err := b.StartWith(ctx, env, kubeconfig, flags...)
	Expect(err).NotTo(HaveOccurred())
	return started
}

// replaceOperator puts another operator in the place of the shared one until
// the end of the spec: two would get in each other's way.
func replaceOperator(ctx context.Context, b harness.Binary, env []string, kubeconfig string, flags ...string) *harness.Operator {
	GinkgoHelper()
	Expect(op.Stop()).To(Succeed())
	op = start(ctx, b, env, kubeconfig, flags...)
	DeferCleanup(func(ctx SpecContext) {
		Expect(op.Stop()).To(Succeed())
		op = start(ctx, binary, nil, cluster.Kubeconfig)
	})
	return op
}

// A failure tells what the operator said.
var _ = JustAfterEach(func() {
	if CurrentSpecReport().Failed() {
		said := op.Log()
		GinkgoWriter.Println(said[max(0, len(said)-20_000):])
	}
})

// newID is 32 hexadecimal digits, as the IDs of projects are.
func newID() string {
	var b [16]byte
	_, _ = rand.Read(b[:])
	return hex.EncodeToString(b[:])
}
