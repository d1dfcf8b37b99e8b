package lifecycle

import (
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"sigs.k8s.io/controller-runtime/pkg/client"

	corev1 "k8s.io/api/core/v1"

	"github.com/live-operator/live-operator/api/v1alpha1"
	"github.com/live-operator/live-operator/test/builder"
	"github.com/live-operator/live-operator/test/livesim"
)

var _ = Describe("Deletion", func() {
	It("deletes what the operator created", func(ctx SpecContext) {
		t := newTenant(ctx)
		t.apply(ctx, t.config("short-lived"))
		t.eventuallyReady(ctx, "short-lived")
		t.delete(ctx, "short-lived")
		t.eventuallyGone(ctx, "short-lived")
		Expect(t.remote()).To(BeEmpty())
		Expect(t.calls(livesim.Delete)).To(HaveLen(1))
	})

	It("deletes what was adopted where the policy says so", func(ctx SpecContext) {
		t := newTenant(ctx)
		id := t.sim.Seed(t.project, livesim.Config{PublishDomain: "publish.example.com", App: "live"})
		t.apply(ctx, t.config("taken").WithID(id).WithDeletion(v1alpha1.DeletionDelete))
		c := t.eventuallyReady(ctx, "taken")
		Expect(c.Finalizers).To(ConsistOf(v1alpha1.Finalizer))
		t.delete(ctx, "taken")
		t.eventuallyGone(ctx, "taken")
		Expect(t.remote()).To(BeEmpty())
	})

	It("retains what was created where the policy says so, without a call", func(ctx SpecContext) {
		t := newTenant(ctx)
		t.apply(ctx, t.config("kept").WithDeletion(v1alpha1.DeletionRetain))
		t.eventuallyReady(ctx, "kept")
		calls := len(t.calls())
		t.delete(ctx, "kept")
		t.eventuallyGone(ctx, "kept")
		Expect(t.calls()).To(HaveLen(calls))
		Expect(t.remote()).To(HaveLen(1))
	})

	It("succeeds where the service says that the configuration is gone", func(ctx SpecContext) {
		t := newTenant(ctx)
		t.apply(ctx, t.config("gone"))
		c := t.eventuallyReady(ctx, "gone")
		t.sim.Remove(t.project, c.Status.ID)
		t.delete(ctx, "gone")
		t.eventuallyGone(ctx, "gone")
	})

	It("is blocked without credentials, says what to do, and Retain frees it without a call", func(ctx SpecContext) {
		t := newTenant(ctx)
		t.apply(ctx, t.config("stuck"))
		t.eventuallyReady(ctx, "stuck")
		Expect(cluster.Client.Delete(ctx, builder.Secret(secretName).InNamespace(t.namespace).Build())).To(Succeed())
		calls := len(t.calls())
		t.delete(ctx, "stuck")
		c := t.eventuallyReason(ctx, "stuck", v1alpha1.ReasonDeletionBlocked)
		Expect(ready(c).Message).To(ContainSubstring("Secret " + secretName))
		Expect(ready(c).Message).To(ContainSubstring("spec.deletionPolicy: Retain"))
		Expect(c.Finalizers).To(ConsistOf(v1alpha1.Finalizer))

		t.change(ctx, "stuck", func(c *v1alpha1.RecordCallbackConfig) { c.Spec.DeletionPolicy = v1alpha1.DeletionRetain })
		t.eventuallyGone(ctx, "stuck")
		Expect(t.calls()).To(HaveLen(calls))
		Expect(t.remote()).To(HaveLen(1))
	})

	DescribeTable("is blocked by an answer that is no success, and goes on when that ends:",
		func(ctx SpecContext, fault livesim.Fault, condition, says string) {
			t := newTenant(ctx)
			t.apply(ctx, t.config("held"))
			t.eventuallyReady(ctx, "held")
			fault.Operation, fault.Project = livesim.Delete, t.project
			t.sim.Fail(fault)
			DeferCleanup(func() { t.sim.ClearFaults() })
			t.delete(ctx, "held")
			c := t.eventuallyReason(ctx, "held", v1alpha1.ReasonDeletionBlocked)
			Expect(has(c, condition)).To(BeTrue())
			Expect(ready(c).Message).To(ContainSubstring(says))
			Expect(ready(c).Message).To(ContainSubstring("spec.deletionPolicy: Retain"))
			Expect(c.Status.LastError.Operation).To(Equal("Delete"))
			Expect(c.Status.LastError.HTTPStatus).To(BeEquivalentTo(fault.Status))
			Expect(t.remote()).To(HaveLen(1))

			t.sim.ClearFaults()
			t.touchSecret(ctx)
			t.eventuallyGone(ctx, "held")
			Expect(t.remote()).To(BeEmpty())
		},
		Entry("the gateway's 404, which says nothing about the configuration", livesim.GatewayNotFound(), v1alpha1.ConditionReconciling, "APIGW.0101"),
		Entry("403", livesim.Fault{Status: 403, Code: "APIGW.0302", Message: "denied"}, v1alpha1.ConditionStalled, "live:record:deleteCallback"),
		Entry("400", livesim.Fault{Status: 400, Code: "LIVE.103011022", Message: "not allowed"}, v1alpha1.ConditionStalled, "LIVE.103011022"),
		Entry("503", livesim.Fault{Status: 503, Code: "APIGW.0201", Message: "backend unavailable"}, v1alpha1.ConditionReconciling, "HTTP 503"),
		Entry("a reset", livesim.Fault{Reset: livesim.Before}, v1alpha1.ConditionReconciling, "delete call failed"),
	)

	It("goes on when the credentials are back", func(ctx SpecContext) {
		t := newTenant(ctx)
		t.apply(ctx, t.config("patient"))
		t.eventuallyReady(ctx, "patient")
		Expect(cluster.Client.Delete(ctx, builder.Secret(secretName).InNamespace(t.namespace).Build())).To(Succeed())
		t.delete(ctx, "patient")
		t.eventuallyReason(ctx, "patient", v1alpha1.ReasonDeletionBlocked)
		t.create(ctx, builder.Secret(secretName).InNamespace(t.namespace).WithToken(t.token).Build())
		t.eventuallyGone(ctx, "patient")
		Expect(t.remote()).To(BeEmpty())
	})

	It("makes no call while suspended, and says so", func(ctx SpecContext) {
		t := newTenant(ctx)
		t.apply(ctx, t.config("paused"))
		t.eventuallyReady(ctx, "paused")
		t.change(ctx, "paused", func(c *v1alpha1.RecordCallbackConfig) { c.Spec.Suspend = true })
		calls := len(t.calls())
		t.delete(ctx, "paused")
		c := t.eventuallyReason(ctx, "paused", v1alpha1.ReasonDeletionBlocked)
		Expect(ready(c).Message).To(ContainSubstring("spec.suspend: false"))
		Expect(t.calls()).To(HaveLen(calls))
		t.change(ctx, "paused", func(c *v1alpha1.RecordCallbackConfig) { c.Spec.Suspend = false })
		t.eventuallyGone(ctx, "paused")
		Expect(t.remote()).To(BeEmpty())
	})
})

var _ = Describe("Observe", func() {
	It("reports what differs, never writes, and needs no finalizer", func(ctx SpecContext) {
		t := newTenant(ctx)
		id := t.sim.Seed(t.project, livesim.Config{PublishDomain: "publish.example.com", App: "live", NotifyCallbackURL: "https://other.example.com/"})
		t.apply(ctx, t.config("watcher").WithManagement(v1alpha1.ManagementObserve))
		c := t.eventuallyReason(ctx, "watcher", v1alpha1.ReasonDrifted)
		Expect(has(c, v1alpha1.ConditionDrifted)).To(BeTrue())
		Expect(ready(c).Message).To(ContainSubstring("notifyCallbackURL"))
		Expect(c.Status.ID).To(Equal(id))
		Expect(c.Status.Origin).To(BeEmpty(), "it is a sighting, not a claim")
		Expect(c.Finalizers).To(BeEmpty())

		t.sim.Change(t.project, id, func(r *livesim.Config) { r.NotifyCallbackURL = "https://callback.example.com/record" })
		c = t.force(ctx, "watcher")
		Expect(ready(c).Reason).To(Equal(v1alpha1.ReasonSynced))
		Expect(has(c, v1alpha1.ConditionDrifted)).To(BeFalse())

		By("managing it from now on, which is no license to take over what was only seen")
		t.change(ctx, "watcher", func(c *v1alpha1.RecordCallbackConfig) { c.Spec.ManagementPolicy = v1alpha1.ManagementManage })
		t.eventuallyReason(ctx, "watcher", v1alpha1.ReasonAlreadyExists)
		Expect(t.calls(livesim.Create, livesim.Update, livesim.Delete)).To(BeEmpty())
	})

	It("says that there is nothing to observe", func(ctx SpecContext) {
		t := newTenant(ctx)
		t.apply(ctx, t.config("nothing").WithManagement(v1alpha1.ManagementObserve))
		t.eventuallyReason(ctx, "nothing", v1alpha1.ReasonNotFound)
	})
})

var _ = Describe("Suspend", func() {
	It("makes no call, shows itself, and catches up when it ends", func(ctx SpecContext) {
		t := newTenant(ctx)
		t.apply(ctx, t.config("break"))
		t.eventuallyReady(ctx, "break")
		calls := len(t.calls())
		t.change(ctx, "break", func(c *v1alpha1.RecordCallbackConfig) {
			c.Spec.Suspend = true
			c.Spec.NotifyCallbackURL = "https://callback.example.com/later"
		})
		c := t.eventually(ctx, "break", "the suspension to show", func(c *v1alpha1.RecordCallbackConfig) bool {
			return has(c, v1alpha1.ConditionSuspended)
		})
		Expect(c.Status.AppliedGeneration).To(BeNumerically("<", c.Generation), "the change was not applied")
		Expect(t.calls()).To(HaveLen(calls))

		t.change(ctx, "break", func(c *v1alpha1.RecordCallbackConfig) { c.Spec.Suspend = false })
		c = t.eventuallyReady(ctx, "break")
		Expect(has(c, v1alpha1.ConditionSuspended)).To(BeFalse())
		Expect(t.remote()[0].NotifyCallbackURL).To(Equal("https://callback.example.com/later"))
	})
})

var _ = Describe("The callback key", func() {
	const key1 = "canaryKey1canaryKey1canaryKey1canary"
	const key2 = "canaryKey2canaryKey2canaryKey2canary"

	rotate := func(ctx SpecContext, t *tenant, name, value string) {
		GinkgoHelper()
		secret := &corev1.Secret{}
		Expect(cluster.Client.Get(ctx, client.ObjectKey{Namespace: t.namespace, Name: name}, secret)).To(Succeed())
		secret.Data["key"] = []byte(value)
		Expect(cluster.Client.Update(ctx, secret)).To(Succeed())
	}

	It("is sent on create; a rotated one is exactly one PUT for each of two resources that share it", func(ctx SpecContext) {
		t := newTenant(ctx)
		t.create(ctx, builder.Secret("callback-key").InNamespace(t.namespace).With("key", key1+"\n").Build())
		t.apply(ctx, t.config("signed-a").WithApp("a").WithKey("callback-key", "key"))
		t.apply(ctx, t.config("signed-b").WithApp("b").WithKey("callback-key", "key"))
		a, b := t.eventuallyReady(ctx, "signed-a"), t.eventuallyReady(ctx, "signed-b")
		for _, c := range []*v1alpha1.RecordCallbackConfig{a, b} {
			stored := t.sim.KeyOf(t.project, c.Status.ID)
			Expect(stored.Reveal()).To(Equal(key1))
			Expect(c.Status.KeyDigest).NotTo(BeEmpty())
			Expect(c.Status.KeyDigest).NotTo(ContainSubstring(key1))
		}

		rotate(ctx, t, "callback-key", key2)
		for _, c := range []*v1alpha1.RecordCallbackConfig{a, b} {
			t.eventually(ctx, c.Name, "the rotated key to be written", func(now *v1alpha1.RecordCallbackConfig) bool {
				return now.Status.KeyDigest != c.Status.KeyDigest
			})
			stored := t.sim.KeyOf(t.project, c.Status.ID)
			Expect(stored.Reveal()).To(Equal(key2))
		}
		Consistently(func() int { return len(t.calls(livesim.Update)) }).Should(Equal(2), "one PUT for each resource")
	})

	It("is not noted as written while the write is refused", func(ctx SpecContext) {
		t := newTenant(ctx)
		t.create(ctx, builder.Secret("callback-key").InNamespace(t.namespace).With("key", key1).Build())
		t.apply(ctx, t.config("refused").WithKey("callback-key", "key"))
		before := t.eventuallyReady(ctx, "refused")
		t.credential.Deny(livesim.ByGateway, livesim.Update)
		rotate(ctx, t, "callback-key", key2)
		c := t.eventuallyReason(ctx, "refused", v1alpha1.ReasonForbidden)
		Expect(c.Status.KeyDigest).To(Equal(before.Status.KeyDigest))
		t.credential.Allow()
		c = t.force(ctx, "refused")
		Expect(c.Status.KeyDigest).NotTo(Equal(before.Status.KeyDigest))
	})

	DescribeTable("is KeyInvalid, with no call and a message that says what to do,",
		func(ctx SpecContext, secret func(namespace string) *corev1.Secret, says string) {
			t := newTenant(ctx)
			if s := secret(t.namespace); s != nil {
				t.create(ctx, s)
			}
			t.apply(ctx, t.config("unsigned").WithKey("callback-key", "key"))
			c := t.eventuallyReason(ctx, "unsigned", v1alpha1.ReasonKeyInvalid)
			Expect(ready(c).Message).To(ContainSubstring(says))
			Expect(has(c, v1alpha1.ConditionStalled)).To(BeTrue())
			Expect(t.calls()).To(BeEmpty())

			_ = cluster.Client.Delete(ctx, builder.Secret("callback-key").InNamespace(t.namespace).Build())
			t.create(ctx, builder.Secret("callback-key").InNamespace(t.namespace).With("key", key1).Build())
			t.eventuallyReady(ctx, "unsigned")
		},
		Entry("without the Secret", func(string) *corev1.Secret { return nil }, "does not exist. Create it"),
		Entry("without the entry", func(ns string) *corev1.Secret {
			return builder.Secret("callback-key").InNamespace(ns).With("other", key1).Build()
		}, "has no entry key"),
		Entry("with one that is too short", func(ns string) *corev1.Secret {
			return builder.Secret("callback-key").InNamespace(ns).With("key", "short").Build()
		}, "32 or more letters and digits"),
		Entry("with one that has other characters", func(ns string) *corev1.Secret {
			return builder.Secret("callback-key").InNamespace(ns).With("key", key1+"-_!").Build()
		}, "32 or more letters and digits"),
	)
})
