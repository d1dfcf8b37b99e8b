package faults

import (
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/live-operator/live-operator/api/v1alpha1"
	"github.com/live-operator/live-operator/test/harness"
	"github.com/live-operator/live-operator/test/livesim"
)

var _ = Describe("An operator that is told to stop", func() {
	var (
		sim *livesim.Simulator
		f   *fleet
		op  *harness.Operator
	)
	BeforeEach(func(ctx SpecContext) {
		sim = livesim.New(livesim.Options{Behavior: livesim.Behavior{AllowDuplicates: true}})
		sim.Start()
		DeferCleanup(sim.Close)
		f = newFleet(ctx, sim, 0, newRandom())
		var err error
		op, err = binary.Start(ctx, cluster.Kubeconfig, "--live-endpoint="+sim.URL(), "--api-timeout="+callTimeout.String(),
			"--leader-elect", "--leader-election-namespace="+f.namespace)
		Expect(err).NotTo(HaveOccurred())
		DeferCleanup(op.Kill)
	}, NodeTimeout(time.Minute))

	// stop sends SIGTERM, and gives what Stop will say once the operator knows.
	stop := func() <-chan error {
		ended := make(chan error, 1)
		go func() { ended <- op.Stop() }()
		Eventually(op.Log).Should(ContainSubstring("Stopping and waiting for"), "the operator hears it")
		return ended
	}
	holder := func(ctx SpecContext) string {
		l := lease(ctx, f.namespace)
		Expect(l.Spec.HolderIdentity).NotTo(BeNil(), "it has held the lease")
		return *l.Spec.HolderIdentity
	}

	It("sees a call through that is under way, writes down what came of it, and lets go of the lease", func(ctx SpecContext) {
		gate := livesim.NewGate()
		sim.Fail(livesim.Fault{Operation: livesim.Create, Acts: true, Gate: gate})
		f.create("under-way", f.projects[0])(ctx)
		Expect(gate.Await(ctx, 1)).To(Succeed(), "the POST has acted, and is not answered")
		Expect(holder(ctx)).NotTo(BeEmpty())
		ended := stop()
		f.create("too-late", f.projects[1])(ctx)
		gate.Open()
		Eventually(ended).WithContext(ctx).Should(Receive(Not(HaveOccurred())), "it ends with the code 0")

		o := f.named("under-way")
		Expect(cluster.Client.Get(ctx, client.ObjectKeyFromObject(o), o)).To(Succeed())
		created := f.writes()[0]
		Expect(o.Status.ID).To(Equal(created.ID))
		Expect(o.Status.RequestID).To(Equal(created.RequestID))
		Expect(o.Status.Origin).To(Equal(v1alpha1.OriginCreated))
		Expect(synced(o)).To(BeTrue())
		Expect(holder(ctx)).To(BeEmpty())

		Expect(f.writes()).To(HaveLen(1), "nothing new is begun")
	}, NodeTimeout(time.Minute))

	It("does not wait longer for a call that hangs than a call may take, and says what it knows", func(ctx SpecContext) {
		gate := livesim.NewGate()
		sim.Fail(livesim.Fault{Operation: livesim.Create, Gate: gate})
		DeferCleanup(gate.Open)
		f.create("hanging", f.projects[0])(ctx)
		Expect(gate.Await(ctx, 1)).To(Succeed())
		Eventually(stop()).WithContext(ctx).Should(Receive(Not(HaveOccurred())), "it ends with the code 0")

		o := f.named("hanging")
		Expect(cluster.Client.Get(ctx, client.ObjectKeyFromObject(o), o)).To(Succeed())
		Expect(o.Status.LastError).NotTo(BeNil())
		Expect(o.Status.LastError.Operation).To(Equal("Create"))
		Expect(o.Annotations).To(HaveKey(v1alpha1.AnnotationCreatePending), "the next one finds what may come of the POST")
		Expect(o.Finalizers).To(ContainElement(v1alpha1.Finalizer))
		Expect(holder(ctx)).To(BeEmpty())
	}, NodeTimeout(time.Minute))
})
