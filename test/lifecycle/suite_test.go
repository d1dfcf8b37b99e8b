// Package lifecycle tests the whole operator: a real API server, the real
// binary as a process of its own, and the simulator over real HTTP.
package lifecycle

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"testing"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/live-operator/live-operator/test/harness"
	"github.com/live-operator/live-operator/test/livesim"
)

func TestLifecycle(t *testing.T) {
	RegisterFailHandler(Fail)
	SetDefaultEventuallyTimeout(30 * time.Second)
	SetDefaultEventuallyPollingInterval(25 * time.Millisecond)
	SetDefaultConsistentlyDuration(500 * time.Millisecond)
	EnforceDefaultTimeoutsWhenUsingContexts()
	RunSpecs(t, "Lifecycle")
}

var (
	cluster *harness.Cluster
	binary  harness.Binary
	// sim and proxy serve the operator that most specs share.
	sim   *livesim.Simulator
	proxy *harness.Proxy
	op    *harness.Operator
)

// callTimeout is the operator's --api-timeout.
const callTimeout = 2 * time.Second

var _ = BeforeSuite(func(ctx SpecContext) {
	var err error
	cluster, err = harness.StartCluster()
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(func() { Expect(cluster.Stop()).To(Succeed()) })

	binary, err = harness.Build(ctx)
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(binary.Remove)

	sim = livesim.New(livesim.Options{})
	sim.Start()
	DeferCleanup(sim.Close)

	proxy, err = harness.NewProxy(cluster)
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(func() { Expect(proxy.Close()).To(Succeed()) })

	op = startOperator(ctx, proxy, sim)
	DeferCleanup(func() {
		if CurrentSpecReport().Failed() {
			GinkgoWriter.Println(op.Log())
		}
		Expect(op.Stop()).To(Succeed(), "the operator ends well on SIGTERM")
	})
}, NodeTimeout(5*time.Minute))

// startOperator starts an operator against that simulator.
func startOperator(ctx context.Context, p *harness.Proxy, s *livesim.Simulator, flags ...string) *harness.Operator {
	GinkgoHelper()
	flags = append([]string{"--live-endpoint=" + s.URL(), "--iam-endpoint=" + s.URL(), "--api-timeout=" + callTimeout.String()}, flags...)
	started, err := binary.Start(ctx, p.Kubeconfig, flags...)
	Expect(err).NotTo(HaveOccurred())
	return started
}

// replaceAPI puts a simulator that behaves otherwise, and an operator that
// talks to it, in the place of the shared ones until the end of the spec.
func replaceAPI(ctx context.Context, b livesim.Behavior, flags ...string) *livesim.Simulator {
	GinkgoHelper()
	other := livesim.New(livesim.Options{Behavior: b})
	other.Start()
	Expect(op.Stop()).To(Succeed())
	op = startOperator(ctx, proxy, other, flags...)
	DeferCleanup(func(ctx SpecContext) {
		Expect(op.Stop()).To(Succeed())
		other.Close()
		op = startOperator(ctx, proxy, sim)
	})
	return other
}

// newID is 32 hexadecimal digits, as the IDs of projects and configurations are.
func newID() string {
	var b [16]byte
	_, _ = rand.Read(b[:])
	return hex.EncodeToString(b[:])
}
