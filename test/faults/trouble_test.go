package faults

import (
	"context"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/live-operator/live-operator/test/harness"
	"github.com/live-operator/live-operator/test/livesim"
)

var _ = Describe("An operator whose API server is in trouble", Ordered, ContinueOnFailure, func() {
	var (
		sim   *livesim.Simulator
		proxy *harness.Proxy
		op    *harness.Operator
	)
	BeforeAll(func(ctx SpecContext) {
		sim = livesim.New(livesim.Options{CallLog: 100_000, Behavior: livesim.Behavior{AllowDuplicates: true}})
		sim.Start()
		DeferCleanup(sim.Close)
		var err error
		proxy, err = harness.NewProxy(cluster)
		Expect(err).NotTo(HaveOccurred())
		DeferCleanup(func() { Expect(proxy.Close()).To(Succeed()) })
		op, err = binary.Start(ctx, proxy.Kubeconfig, "--live-endpoint="+sim.URL(), "--api-timeout="+callTimeout.String())
		Expect(err).NotTo(HaveOccurred())
		DeferCleanup(func() { Expect(op.Stop()).To(Succeed()) })
	}, NodeTimeout(time.Minute))

	AfterEach(func() {
		Expect(op.Done()).NotTo(BeClosed(), "it goes on without a restart")
		if CurrentSpecReport().Failed() {
			log := op.Log()
			GinkgoWriter.Println(log[max(0, len(log)-100_000):])
		}
	})

	const size = 24

	DescribeTable("recovers without a restart, and repeats no POST:", func(ctx SpecContext, t harness.Trouble) {
		f := newFleet(ctx, sim, size, newRandom())
		f.take(ctx, len(f.steps)/2)
		hits, end := proxy.Fail(t)
		DeferCleanup(end)
		f.take(ctx, len(f.steps))
		Eventually(hits).WithContext(ctx).Should(BeNumerically(">=", max(t.Times, 1)), "requests run into the trouble")
		end()
		f.eventuallySettled(ctx)
		f.check(ctx)
	},
		Entry("conflicts", harness.Trouble{Match: write, Times: 20, Status: http.StatusConflict, Reason: metav1.StatusReasonConflict}),
		Entry("429 with Retry-After", harness.Trouble{Match: write, Times: 10, Status: http.StatusTooManyRequests, Reason: metav1.StatusReasonTooManyRequests, RetryAfter: 1}),
		Entry("429 without", harness.Trouble{Match: write, Times: 20, Status: http.StatusTooManyRequests, Reason: metav1.StatusReasonTooManyRequests}),
		Entry("timeouts", harness.Trouble{Match: write, Times: 20, Status: http.StatusGatewayTimeout, Reason: metav1.StatusReasonTimeout}),
		Entry("internal errors of reads and writes", harness.Trouble{Match: resource, Times: 20, Status: http.StatusInternalServerError, Reason: metav1.StatusReasonInternalError}),
		Entry("connections that break before it acts", harness.Trouble{Match: write, Times: 20}),
		Entry("connections that break after it has acted", harness.Trouble{Match: write, Times: 20, Late: true}),
	)

	It("recovers from watches that are cut off", func(ctx SpecContext) {
		f := newFleet(ctx, sim, size, newRandom())
		for len(f.steps) > 0 {
			f.take(ctx, 10)
			proxy.CutConnections()
		}
		f.eventuallySettled(ctx)
		f.check(ctx)
	}, NodeTimeout(3*time.Minute))

	It("recovers from an outage of 30 s", func(ctx SpecContext) {
		f := newFleet(ctx, sim, size, newRandom())
		f.take(ctx, len(f.steps)/2)
		hits, end := proxy.Fail(harness.Trouble{})
		proxy.CutConnections()
		f.take(ctx, len(f.steps))
		select {
		case <-op.Done():
		case <-time.After(30 * time.Second):
		}
		Expect(hits()).To(BeNumerically(">", 0))
		end()
		f.eventuallySettled(ctx)
		f.check(ctx)
	}, NodeTimeout(4*time.Minute))

	It("recovers when the CRD is deleted, and with it all resources, and applied again", func(ctx SpecContext) {
		f := newFleet(ctx, sim, size, newRandom())
		f.take(ctx, len(f.steps))
		f.eventuallySettled(ctx)
		f.check(ctx)

		crd := &unstructured.Unstructured{}
		data, err := os.ReadFile(filepath.Join(harness.Root(), "config", "crd", "bases", "live.huaweicloud.com_recordcallbackconfigs.yaml"))
		Expect(err).NotTo(HaveOccurred())
		Expect(yaml.Unmarshal(data, &crd.Object)).To(Succeed())
		deleteCRD(ctx, crd.DeepCopy())
		for _, project := range f.projects {
			Expect(sim.Configs(project)).To(ConsistOf(f.traps[project]), "what was created is deleted with its resource")
		}

		Expect(cluster.Client.Create(ctx, crd.DeepCopy())).To(Succeed())
		again := newFleet(ctx, sim, size, newRandom())
		Eventually(func() error {
			return client.IgnoreNotFound(cluster.Client.Delete(ctx, again.named("no-such")))
		}).WithContext(ctx).Should(Succeed(), "the API server serves it again")
		again.take(ctx, len(again.steps))
		again.eventuallySettled(ctx)
		again.check(ctx)
	}, NodeTimeout(5*time.Minute))
})

// deleteCRD deletes the CRD, and waits until it and all its resources are gone.
func deleteCRD(ctx context.Context, crd *unstructured.Unstructured) {
	GinkgoHelper()
	Expect(cluster.Client.Delete(ctx, crd)).To(Succeed())
	Eventually(func() error {
		return cluster.Client.Get(ctx, client.ObjectKeyFromObject(crd), crd)
	}).WithContext(ctx).WithTimeout(2*time.Minute).Should(MatchError(ContainSubstring("not found")), "the operator lets go of every resource")
}

// resource matches requests about resources of the operator's kind, and write
// those that change one.
func resource(r *http.Request) bool { return strings.Contains(r.URL.Path, "/recordcallbackconfigs") }

func write(r *http.Request) bool { return resource(r) && r.Method != http.MethodGet }
