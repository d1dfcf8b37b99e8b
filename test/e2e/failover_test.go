package e2e

import (
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/live-operator/live-operator/test/livesim"
)

var _ = Describe("Two replicas", func() {
	It("lose the leader in the middle of 50 creations, and finish them, none twice", func(ctx SpecContext) {
		const n, unanswered = 50, 5
		operator := newRelease(ctx, "live-operator", "live-e2e-failover")
		operator.install(chart)
		t := newTenant(ctx, "live-e2e-fleet")
		leader := operator.eventuallyLed(ctx)

		By("letting the API create, and not answer, a few of them")
		DeferCleanup(func(ctx SpecContext) {
			Expect(sim.ClearFaults(ctx)).To(Succeed())
			Expect(sim.SetBehavior(ctx, func(b *livesim.Behavior) { *b = livesim.Behavior{} })).To(Succeed())
		})
		Expect(sim.SetBehavior(ctx, func(b *livesim.Behavior) { b.AllowDuplicates = true })).To(Succeed())
		_, err := sim.Fail(ctx, livesim.Fault{Operation: livesim.Create, Project: t.project, Skip: 10, Times: unanswered, Acts: true, Hang: true})
		Expect(err).NotTo(HaveOccurred())
		t.createMany(ctx, n)

		created := func() int { return len(t.remote(ctx)) }
		Eventually(created).WithContext(ctx).Should(BeNumerically(">=", 20), "waiting for the middle")
		// No grace, so that what is under way is cut off.
		Expect(k8s.Delete(ctx, &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: leader, Namespace: operator.namespace}}, client.GracePeriodSeconds(0))).To(Succeed())
		Expect(created()).To(BeNumerically("<", n), "it is the middle")

		t.eventuallyAllReady(ctx, n)
		Expect(operator.eventuallyLed(ctx)).NotTo(Equal(leader))
		Expect(sim.Acted(ctx, t.project)).To(HaveKeyWithValue(livesim.Create, n), "none was created twice")
		ids := map[string]bool{}
		for _, c := range t.list(ctx) {
			ids[c.Status.ID] = true
		}
		Expect(ids).To(HaveLen(n))
		Expect(t.remote(ctx)).To(And(HaveLen(n), HaveEach(HaveField("ID", BeKeyOf(ids)))))
	}, SpecTimeout(5*time.Minute))
})
