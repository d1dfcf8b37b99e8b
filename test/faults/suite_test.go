// Package faults proves that the operator converges after any fault of the Live
// API: every operation meets every fault, once and for as long as a test lets it
// last. A real API server, the real binary, and the simulator over real TLS.
package faults

import (
	"crypto/rand"
	"encoding/hex"
	"flag"
	"testing"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/live-operator/live-operator/test/harness"
)

// update writes the tables of docs/reliability.md in place of checking them.
var update = flag.Bool("update", false, "write what was seen into docs/reliability.md")

func TestFaults(t *testing.T) {
	RegisterFailHandler(Fail)
	SetDefaultEventuallyTimeout(time.Minute)
	SetDefaultEventuallyPollingInterval(50 * time.Millisecond)
	EnforceDefaultTimeoutsWhenUsingContexts()
	RunSpecs(t, "Faults")
}

var (
	cluster *harness.Cluster
	binary  harness.Binary
)

// callTimeout is the operator's --api-timeout.
const callTimeout = 5 * time.Second

var _ = BeforeSuite(func(ctx SpecContext) {
	var err error
	cluster, err = harness.StartCluster()
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(func() { Expect(cluster.Stop()).To(Succeed()) })
	binary, err = harness.Build(ctx)
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(binary.Remove)
}, NodeTimeout(5*time.Minute))

// newID is 32 hexadecimal digits, as the IDs of projects are.
func newID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails, by its documentation
	return hex.EncodeToString(b[:])
}
