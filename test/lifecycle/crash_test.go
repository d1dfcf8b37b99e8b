package lifecycle

import (
	"net/http"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/live-operator/live-operator/api/v1alpha1"
	"github.com/live-operator/live-operator/test/harness"
	"github.com/live-operator/live-operator/test/livesim"
)

// keyOf names an object.
func keyOf(namespace, name string) client.ObjectKey {
	return client.ObjectKey{Namespace: namespace, Name: name}
}

var _ = Describe("Creation by an operator that is killed", func() {
	// stop arranges for the operator to come to a stop at some point of the
	// creation. It gives what tells whether it is there, and what lets go of it
	// when the operator is dead.
	type stop func(t *tenant, path string) (reached func() bool, release func())
	atWrite := func(gate func(*harness.Proxy, string, string) *harness.Gate, suffix string) stop {
		return func(t *tenant, path string) (func() bool, func()) {
			g := gate(t.proxy, http.MethodPatch, path+suffix)
			return g.Reached, g.Open
		}
	}
	atCall := func(operation livesim.Operation, acts bool) stop {
		return func(t *tenant, _ string) (func() bool, func()) {
			gate := livesim.NewGate()
			t.sim.Fail(livesim.Fault{Operation: operation, Project: t.project, Acts: acts, Gate: gate, Times: 1})
			return func() bool { return gate.Waiting() > 0 }, gate.Open
		}
	}

	DescribeTable("leaves one configuration, which is the resource's own, and a trap untouched:",
		func(ctx SpecContext, at stop) {
			t := newTenant(ctx)
			// What a person has made under the same domain must survive all of this.
			trap := t.sim.Seed(t.project, livesim.Config{PublishDomain: "publish.example.com", App: "*", NotifyCallbackURL: "https://someone.example.com/"})
			// Uniqueness is inferred and not documented, so it may not be leaned on.
			t.behave(func(b *livesim.Behavior) { b.AllowDuplicates = true })
			DeferCleanup(func() { t.sim.ClearFaults() })

			reached, release := at(t, "/namespaces/"+t.namespace+"/recordcallbackconfigs/interrupted")
			t.apply(ctx, t.config("interrupted"))
			Eventually(reached).Should(BeTrue(), "waiting for the operator to get that far")
			op.Kill()
			release()
			op = startOperator(ctx, proxy, sim)

			c := t.eventuallyReady(ctx, "interrupted")
			mine := 0
			for _, remote := range t.remote() {
				if remote.App == "live" {
					mine++
					Expect(c.Status.ID).To(Equal(remote.ID), "the configuration is the resource's")
				}
			}
			Expect(mine).To(Equal(1), "configurations of the resource's domain and app")
			Expect(c.Status.Origin).To(Equal(v1alpha1.OriginCreated))

			By("deleting the resource, and with it its configuration and no other")
			t.delete(ctx, "interrupted")
			t.eventuallyGone(ctx, "interrupted")
			Expect(t.remote()).To(HaveLen(1))
			Expect(t.remote()[0].ID).To(Equal(trap))
			Expect(t.remote()[0].NotifyCallbackURL).To(Equal("https://someone.example.com/"))
		},
		Entry("while it lists", atCall(livesim.List, false)),
		Entry("before the mark is written", atWrite((*harness.Proxy).Before, "")),
		Entry("after the mark is written, before the POST", atWrite((*harness.Proxy).After, "")),
		Entry("when the POST has arrived and not acted yet", atCall(livesim.Create, false)),
		Entry("when the POST has acted and not been answered", atCall(livesim.Create, true)),
		Entry("before the status is written", atWrite((*harness.Proxy).Before, "/status")),
		Entry("after the status is written, before it knows", atWrite((*harness.Proxy).After, "/status")),
	)

	DescribeTable("or whose answer is lost leaves one configuration too:",
		func(ctx SpecContext, fault livesim.Fault) {
			t := newTenant(ctx)
			t.behave(func(b *livesim.Behavior) { b.AllowDuplicates = true })
			fault.Operation, fault.Project, fault.Times = livesim.Create, t.project, 1
			t.sim.Fail(fault)
			DeferCleanup(func() { t.sim.ClearFaults() })
			t.apply(ctx, t.config("unheard"))
			c := t.eventuallyReady(ctx, "unheard")
			Expect(t.remote()).To(HaveLen(1))
			Expect(c.Status.ID).To(Equal(t.remote()[0].ID))
			Expect(c.Status.Origin).To(Equal(v1alpha1.OriginCreated))
		},
		Entry("reset after acting", livesim.Fault{Reset: livesim.After}),
		Entry("reset before acting", livesim.Fault{Reset: livesim.Before}),
		Entry("truncated", livesim.Fault{Truncate: true}),
		Entry("500 after acting", livesim.Fault{Acts: true, Status: 500, Code: "LIVE.100011000"}),
		Entry("504 after acting", livesim.Fault{Acts: true, Status: 504, Code: "APIGW.0201"}),
		Entry("a hang after acting", livesim.Fault{Acts: true, Hang: true}),
		Entry("500 without acting", livesim.Fault{Status: 500, Code: "LIVE.100011000"}),
		Entry("already exists, though it was not there", livesim.Fault{Status: 400, Code: "LIVE.103011018"}),
	)

	It("is undone where the resource is gone meanwhile, without its finalizer having held it", func(ctx SpecContext) {
		t := newTenant(ctx)
		gate := livesim.NewGate()
		t.sim.Fail(livesim.Fault{Operation: livesim.Create, Project: t.project, Acts: true, Gate: gate, Times: 1})
		DeferCleanup(func() { t.sim.ClearFaults() })
		t.apply(ctx, t.config("vanished"))
		Expect(gate.Await(ctx, 1)).To(Succeed(), "the POST has acted")
		t.change(ctx, "vanished", func(c *v1alpha1.RecordCallbackConfig) { c.Finalizers = nil })
		t.delete(ctx, "vanished")
		t.eventuallyGone(ctx, "vanished")
		gate.Open()
		Eventually(t.remote).Should(BeEmpty(), "what nobody owns is deleted again")
		Expect(t.calls(livesim.Create)).To(HaveLen(1))
	})

	It("gets its configuration back when the status is lost, as by a restore from a backup", func(ctx SpecContext) {
		t := newTenant(ctx)
		t.apply(ctx, t.config("restored"))
		before := t.eventuallyReady(ctx, "restored")
		op.Kill()
		c := t.get(ctx, "restored")
		base := c.DeepCopy()
		c.Status = v1alpha1.RecordCallbackConfigStatus{}
		Expect(cluster.Client.Status().Patch(ctx, c, client.MergeFrom(base))).To(Succeed())
		op = startOperator(ctx, proxy, sim)
		after := t.eventuallyReady(ctx, "restored")
		Expect(after.Status.ID).To(Equal(before.Status.ID))
		Expect(after.Status.Origin).To(Equal(v1alpha1.OriginCreated))
		Expect(t.calls(livesim.Create)).To(HaveLen(1))
	})

	It("that was refused holds nothing: the resource can be deleted at once", func(ctx SpecContext) {
		t := newTenant(ctx)
		t.sim.Fail(livesim.Fault{Operation: livesim.Create, Project: t.project, Status: 400, Code: "LIVE.100011001", Message: "Request Illegal"})
		DeferCleanup(func() { t.sim.ClearFaults() })
		t.apply(ctx, t.config("hopeless"))
		c := t.eventuallyReason(ctx, "hopeless", v1alpha1.ReasonRejected)
		Expect(c.Finalizers).To(BeEmpty())
		Expect(c.Annotations).NotTo(HaveKey(v1alpha1.AnnotationCreatePending))
		calls := len(t.calls())
		t.delete(ctx, "hopeless")
		t.eventuallyGone(ctx, "hopeless")
		Expect(t.calls()).To(HaveLen(calls))
	})
})
