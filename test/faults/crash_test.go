package faults

import (
	"flag"
	"math/rand/v2"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/live-operator/live-operator/test/livesim"
)

// crashSeed repeats a run: make test PKG=./test/faults ARGS="-crash-seed N".
var crashSeed = flag.Uint64("crash-seed", 0, "seed of the crashes; 0: a new one, which is printed")

const (
	fleetSize = 200
	kills     = 20
)

// newRandom is of the seed of the flag, or of a new one that is printed.
func newRandom() *rand.Rand {
	seed := *crashSeed
	if seed == 0 {
		seed = rand.Uint64()
	}
	AddReportEntry("-crash-seed", seed)
	return rand.New(rand.NewPCG(seed, 0))
}

var _ = Describe("An operator that is killed again and again", func() {
	It("leaves exactly what is wanted, each POST owned and none repeated", func(ctx SpecContext) {
		random := newRandom()
		sim := livesim.New(livesim.Options{
			CallLog: 100_000,
			// Uniqueness is not to be leaned on. Calls take a while, so that it is
			// killed in the middle of some.
			Behavior: livesim.Behavior{AllowDuplicates: true, Latency: 50 * time.Millisecond},
		})
		sim.Start()
		DeferCleanup(sim.Close)
		f := newFleet(ctx, sim, fleetSize, random)
		flags := []string{"--live-endpoint=" + sim.URL(), "--api-timeout=" + callTimeout.String(), "--api-qps=50", "--api-burst=50"}

		for left := kills; left > 0; left-- {
			op, err := binary.Start(ctx, cluster.Kubeconfig, flags...)
			Expect(err).NotTo(HaveOccurred())
			f.take(ctx, (len(f.steps)+left-1)/left)
			moment := time.Duration(random.Int64N(int64(time.Second)))
			select {
			case <-op.Done():
				Fail("the operator ended by itself\n" + op.Log())
			case <-time.After(moment):
			}
			op.Kill()
		}
		interrupted := 0
		for _, call := range f.writes() {
			if call.Status == 0 {
				interrupted++
			}
		}
		AddReportEntry("calls that were under way when it was killed", interrupted)
		Expect(f.steps).To(BeEmpty())

		op, err := binary.Start(ctx, cluster.Kubeconfig, flags...)
		Expect(err).NotTo(HaveOccurred())
		DeferCleanup(func() { Expect(op.Stop()).To(Succeed()) })
		f.eventuallySettled(ctx)
		f.check(ctx)
	}, NodeTimeout(5*time.Minute))
})
