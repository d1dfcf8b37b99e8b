package e2e

import (
	"slices"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

var _ = Describe("helm upgrade", func() {
	It("from the previous chart changes no resource, and calls the API for none", func(ctx SpecContext) {
		const n = 20
		GinkgoWriter.Println("The previous chart is", previousFrom)
		operator := newRelease(ctx, "live-operator", "live-e2e-upgrade")
		operator.install(previousChart)
		t := newTenant(ctx, "live-e2e-kept")
		t.createMany(ctx, n)
		t.eventuallyAllReady(ctx, n)
		old := operator.pods(ctx)
		versions, writes := t.versions(ctx), t.writes(ctx)

		helm(slices.Concat([]string{"upgrade", operator.name, chart, "--namespace", operator.namespace},
			values("metrics.readers[0].name=prometheus", "metrics.readers[0].namespace="+operator.namespace,
				// In the place of a new image: the pods are replaced in any case.
				"podAnnotations.upgraded=yes"))...)
		operator.rolledOut()
		var leader string
		Eventually(func(g Gomega) {
			leader = operator.eventuallyLed(ctx)
			g.Expect(old).NotTo(HaveKey(leader))
		}).WithContext(ctx).Should(Succeed(), "waiting for one of the new pods to be the leader")

		By("letting the new leader look at each of them")
		address, token := forward(operator.namespace, "pod/"+leader, "8443"), newToken(ctx, operator.namespace, "prometheus")
		Eventually(func(g Gomega) {
			status, metrics := scrape(ctx, address, token)
			g.Expect(status).To(Equal(200))
			g.Expect(sum(metrics, "controller_runtime_reconcile_total")).To(BeNumerically(">=", n))
			g.Expect(sum(metrics, "workqueue_depth") + sum(metrics, "controller_runtime_active_workers")).To(BeZero())
		}).WithContext(ctx).Should(Succeed(), "waiting for the new leader to have handled all")

		Expect(t.versions(ctx)).To(Equal(versions))
		Expect(t.writes(ctx)).To(Equal(writes))

		By("changing one")
		t.callBack(ctx, "many-7", "https://callback.example.com/upgraded")
		t.eventuallyReady(ctx, "many-7")
		Expect(t.writes(ctx)).To(HaveLen(len(writes) + 1))
	}, SpecTimeout(4*time.Minute))
})
