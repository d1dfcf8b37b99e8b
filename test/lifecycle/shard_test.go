package lifecycle

import (
	"context"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/live-operator/live-operator/api/v1alpha1"
	"github.com/live-operator/live-operator/test/livesim"
)

var _ = Describe("Operators with different selectors", Serial, func() {
	It("each lead their shard at the same time, and hand a resource over by its label", func(ctx SpecContext) {
		Expect(op.Stop()).To(Succeed(), "it would serve all")
		DeferCleanup(func(ctx SpecContext) { op = startOperator(ctx, proxy, sim) })
		leases := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "leases-"}}
		Expect(cluster.Client.Create(ctx, leases)).To(Succeed())
		shards := []string{"a", "b"}
		for _, name := range shards {
			o := startOperator(ctx, proxy, sim, "--selector=shard="+name, "--leader-elect", "--leader-election-namespace="+leases.Name)
			DeferCleanup(func() { Expect(o.Stop()).To(Succeed()) })
		}

		t := newTenant(ctx)
		for _, name := range shards {
			t.apply(ctx, t.config("of-"+name).WithApp(name).WithLabel("shard", name))
		}
		t.apply(ctx, t.config("of-none").WithApp("none"))
		t.eventuallyReady(ctx, "of-a")
		t.eventuallyReady(ctx, "of-b")
		Expect(leaseNames(ctx, leases.Name)).To(HaveLen(2), "a lease for each shard")
		Expect(t.get(ctx, "of-none").Status.Conditions).To(BeEmpty(), "no shard serves what none selects")

		By("moving a resource")
		t.change(ctx, "of-a", func(c *v1alpha1.RecordCallbackConfig) { c.Labels["shard"] = "b" })
		t.change(ctx, "of-a", func(c *v1alpha1.RecordCallbackConfig) {
			c.Spec.NotifyCallbackURL = "https://callback.example.com/moved"
		})
		t.eventuallyReady(ctx, "of-a")
		Expect(t.calls(livesim.Create)).To(HaveLen(2), "what the other shard created is not created again")
		Expect(t.calls(livesim.Update)).To(HaveLen(1))
	})
})

// leaseNames are the leases in a namespace.
func leaseNames(ctx context.Context, namespace string) []string {
	GinkgoHelper()
	clients, err := kubernetes.NewForConfig(cluster.Config)
	Expect(err).NotTo(HaveOccurred())
	list, err := clients.CoordinationV1().Leases(namespace).List(ctx, metav1.ListOptions{})
	Expect(err).NotTo(HaveOccurred())
	var names []string
	for _, l := range list.Items {
		names = append(names, l.Name)
	}
	return names
}
