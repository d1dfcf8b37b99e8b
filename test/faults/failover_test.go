package faults

import (
	"context"
	"slices"
	"sync"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	coordinationv1 "k8s.io/api/coordination/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/live-operator/live-operator/test/harness"
	"github.com/live-operator/live-operator/test/livesim"
)

// The leader gives up well before its lease ends, so that one that is slow to
// end has ended when the next begins.
const (
	leaseDuration = 6 * time.Second
	renewDeadline = 3 * time.Second
	retryPeriod   = 500 * time.Millisecond
)

// replica is one of several operators. It has a way of its own to the API
// server, and one to the Live API, whose address tells it from the others.
type replica struct {
	proxy *harness.Proxy
	host  string
	flags []string

	mu  sync.Mutex
	ops []*harness.Operator
}

func newReplica(ctx context.Context, sim *livesim.Simulator, namespace string) *replica {
	GinkgoHelper()
	proxy, err := harness.NewProxy(cluster)
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(func() { Expect(proxy.Close()).To(Succeed()) })
	door, err := sim.Door(ctx, "127.0.0.1:0", nil)
	Expect(err).NotTo(HaveOccurred())
	return &replica{proxy: proxy, host: door.Address(), flags: []string{
		"--live-endpoint=http://" + door.Address(), "--api-timeout=" + callTimeout.String(), "--api-qps=50", "--api-burst=50",
		"--leader-elect", "--leader-election-namespace=" + namespace, "--leader-election-lease-duration=" + leaseDuration.String(),
		"--leader-election-renew-deadline=" + renewDeadline.String(), "--leader-election-retry-period=" + retryPeriod.String(),
	}}
}

// keep starts the replica again whenever it has ended, as a Deployment does,
// until the end of the spec.
func (r *replica) keep(ctx context.Context) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	var running sync.WaitGroup
	DeferCleanup(func() {
		cancel()
		running.Wait()
	})
	running.Go(func() {
		for ctx.Err() == nil {
			op, err := binary.Start(ctx, r.proxy.Kubeconfig, r.flags...)
			if err == nil {
				r.started(op)
				select {
				case <-op.Done():
				case <-ctx.Done():
				}
			}
			if op != nil {
				op.Kill()
			}
		}
	})
}

func (r *replica) started(op *harness.Operator) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ops = append(r.ops, op)
}

// starts is how often the replica was started.
func (r *replica) starts() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.ops)
}

var _ = Describe("Two replicas that fight for the lease", func() {
	It("act one after the other, and leave exactly what is wanted", func(ctx SpecContext) {
		random := newRandom()
		sim := livesim.New(livesim.Options{
			CallLog:  100_000,
			Behavior: livesim.Behavior{AllowDuplicates: true, Latency: 50 * time.Millisecond},
		})
		DeferCleanup(sim.Close)
		f := newFleet(ctx, sim, fleetSize, random)
		replicas := []*replica{newReplica(ctx, sim, f.namespace), newReplica(ctx, sim, f.namespace)}
		for _, r := range replicas {
			r.keep(ctx)
		}
		share := len(f.steps)/3 + 1

		By("pausing the API server for both, for longer than the lease, in the middle of the work")
		Eventually(func() string { return leader(ctx, f.namespace) }).WithContext(ctx).ShouldNot(BeEmpty(), "one of them leads")
		f.take(ctx, share)
		Eventually(func() int { return len(f.writes()) }).WithContext(ctx).Should(BeNumerically(">", 10), "the leader is at work")
		before := replicas[0].starts() + replicas[1].starts()
		for _, r := range replicas {
			r.proxy.Pause()
		}
		f.take(ctx, share)
		Eventually(func() int { return ended(replicas) }).WithContext(ctx).Should(BeNumerically(">", 0), "the leader gives up")
		for _, r := range replicas {
			r.proxy.Resume()
		}
		Eventually(func() int { return replicas[0].starts() + replicas[1].starts() }).WithContext(ctx).Should(BeNumerically(">", before))

		By("pausing it for the leader alone, which gives up before the other takes over")
		count := len(f.writes())
		Eventually(func() int { return len(f.writes()) }).WithContext(ctx).Should(BeNumerically(">", count), "a leader is at work")
		writes := f.writes()
		old := replicas[slices.IndexFunc(replicas, func(r *replica) bool { return r.host == hostOf(writes[len(writes)-1]) })]
		old.proxy.Pause()
		f.take(ctx, len(f.steps))
		Eventually(func() bool {
			writes := f.writes()
			return hostOf(writes[len(writes)-1]) != old.host
		}).WithContext(ctx).Should(BeTrue(), "the other takes over")
		old.proxy.Resume()

		f.eventuallySettled(ctx)
		f.check(ctx)

		By("reading from the log that no two of them wrote at the same time")
		var turns int
		var previous livesim.Call
		for _, call := range f.writes() {
			if previous.Number != 0 && hostOf(call) != hostOf(previous) {
				turns++
				Expect(call.Time).To(BeTemporally(">", previous.Time.Add(previous.Took)), "%s began before %s had ended", call, previous)
			}
			previous = call
		}
		Expect(turns).To(BeNumerically(">=", 1), "times that another replica took over")
		Expect(turns).To(BeNumerically("<=", transitions(ctx, f.namespace)), "the lease changed hands at least as often")
	}, NodeTimeout(5*time.Minute))
})

// hostOf is the address by which the call came.
func hostOf(c livesim.Call) string { return c.Header.Get("Host") }

// ended is how many operators have ended of those that were started.
func ended(replicas []*replica) int {
	n := 0
	for _, r := range replicas {
		r.mu.Lock()
		for _, op := range r.ops {
			select {
			case <-op.Done():
				n++
			default:
			}
		}
		r.mu.Unlock()
	}
	return n
}

func lease(ctx context.Context, namespace string) *coordinationv1.Lease {
	l := &coordinationv1.Lease{}
	_ = cluster.Client.Get(ctx, client.ObjectKey{Namespace: namespace, Name: "live-operator"}, l) // At first there is none.
	return l
}

// leader is who holds the lease; empty where nobody does.
func leader(ctx context.Context, namespace string) string {
	if holder := lease(ctx, namespace).Spec.HolderIdentity; holder != nil {
		return *holder
	}
	return ""
}

func transitions(ctx context.Context, namespace string) int {
	if n := lease(ctx, namespace).Spec.LeaseTransitions; n != nil {
		return int(*n)
	}
	return 0
}
