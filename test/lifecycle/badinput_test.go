package lifecycle

import (
	"net/http"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"

	"github.com/live-operator/live-operator/api/v1alpha1"
	"github.com/live-operator/live-operator/test/builder"
	"github.com/live-operator/live-operator/test/livesim"
)

var _ = Describe("A Secret that can't be used", func() {
	DescribeTable("is told of without a call, and used as soon as it is mended:",
		func(ctx SpecContext, secret func(*builder.SecretBuilder) *builder.SecretBuilder, reason, says string) {
			t := newTenant(ctx)
			id := t.sim.Seed(t.project, livesim.Config{PublishDomain: "publish.example.com", App: "live"})
			if secret != nil {
				t.create(ctx, secret(builder.Secret("odd").InNamespace(t.namespace)).Build())
			}
			t.apply(ctx, t.config("careful").WithID(id).WithCredentials("odd"))
			c := t.eventuallyReason(ctx, "careful", reason)
			Expect(ready(c).Message).To(ContainSubstring("Secret odd"))
			Expect(ready(c).Message).To(ContainSubstring(says))
			Expect(ready(c).Message).NotTo(ContainSubstring("canary"))
			Expect(has(c, v1alpha1.ConditionStalled)).To(BeTrue())
			Expect(t.calls()).To(BeEmpty())
			Eventually(func() []string { return t.events(ctx, "careful") }).Should(ConsistOf(reason))

			By("mending it")
			_ = cluster.Client.Delete(ctx, builder.Secret("odd").InNamespace(t.namespace).Build())
			t.create(ctx, builder.Secret("odd").InNamespace(t.namespace).WithToken("  "+t.token+"\n").Build())
			t.eventuallyReady(ctx, "careful")
		},
		Entry("missing", nil, v1alpha1.ReasonCredentialsNotFound, "does not exist in this namespace. Create it"),
		Entry("without a key that is known", func(s *builder.SecretBuilder) *builder.SecretBuilder { return s.With("tokken", "canary") },
			v1alpha1.ReasonCredentialsInvalid, "token"),
		Entry("with an empty token", func(s *builder.SecretBuilder) *builder.SecretBuilder { return s.WithToken("") },
			v1alpha1.ReasonCredentialsInvalid, "token"),
		Entry("with a token of white space", func(s *builder.SecretBuilder) *builder.SecretBuilder { return s.WithToken(" \n") },
			v1alpha1.ReasonCredentialsInvalid, "token"),
		Entry("with a newline inside the token", func(s *builder.SecretBuilder) *builder.SecretBuilder { return s.WithToken("canary\ncanary") },
			v1alpha1.ReasonCredentialsInvalid, "token"),
		Entry("with half a key pair", func(s *builder.SecretBuilder) *builder.SecretBuilder { return s.With("accessKey", "canary") },
			v1alpha1.ReasonCredentialsInvalid, "secretKey"),
		Entry("with two kinds at once", func(s *builder.SecretBuilder) *builder.SecretBuilder {
			return s.WithToken("canary").WithAccessKey("canary", "canary")
		}, v1alpha1.ReasonCredentialsInvalid, "one"),
	)

	It("is found by its name in the resource's own namespace alone", func(ctx SpecContext) {
		owner, stranger := newTenant(ctx), newTenant(ctx)
		owner.create(ctx, builder.Secret("only-here").InNamespace(owner.namespace).WithToken(owner.token).Build())
		stranger.apply(ctx, stranger.config("thief").WithID("any").WithCredentials("only-here"))
		stranger.eventuallyReason(ctx, "thief", v1alpha1.ReasonCredentialsNotFound)
	})
})

var _ = Describe("An answer that is no success", func() {
	// expectation is what the status is to show.
	type expectation struct {
		reason      string
		reconciling bool
		status      int
		code        string
		says        string
		// requestID: the answer has one that reaches the status.
		requestID bool
	}
	failing := func(f livesim.Fault) func(*tenant) {
		return func(t *tenant) { f.Project = t.project; f.Operation = livesim.Update; t.sim.Fail(f) }
	}

	DescribeTable("shows its reason, message, code and request ID in the status, and is overcome:",
		func(ctx SpecContext, arrange func(*tenant), want expectation) {
			t := newTenant(ctx)
			id := t.sim.Seed(t.project, livesim.Config{PublishDomain: "publish.example.com", App: "live"})
			arrange(t)
			DeferCleanup(func() { t.sim.ClearFaults() })
			t.apply(ctx, t.config("unlucky").WithID(id))
			c := t.eventuallyReason(ctx, "unlucky", want.reason)

			Expect(has(c, v1alpha1.ConditionReconciling)).To(Equal(want.reconciling), "Reconciling")
			Expect(has(c, v1alpha1.ConditionStalled)).To(Equal(!want.reconciling), "Stalled")
			Expect(c.Status.LastError).NotTo(BeNil())
			Expect(c.Status.LastError.Operation).To(Equal("Update"))
			Expect(c.Status.LastError.HTTPStatus).To(BeEquivalentTo(want.status))
			Expect(c.Status.LastError.Code).To(Equal(want.code))
			Expect(c.Status.LastError.Message).To(ContainSubstring(want.says))
			Expect(len(c.Status.LastError.Message)).To(BeNumerically("<=", 1024))
			if want.requestID {
				var sent []string
				for _, call := range t.calls() {
					sent = append(sent, call.RequestID)
				}
				Expect(c.Status.LastError.RequestID).NotTo(BeEmpty())
				Expect(sent).To(ContainElement(c.Status.LastError.RequestID), "the request ID as the API sent it")
				Expect(c.Status.RequestID).To(Equal(c.Status.LastError.RequestID))
				Expect(ready(c).Message).NotTo(ContainSubstring(c.Status.RequestID))
			} else {
				Expect(c.Status.LastError.RequestID).To(BeEmpty())
			}
			Expect(ready(c).Message).NotTo(ContainSubstring(t.token))
			Expect(c.Status.AppliedGeneration).To(BeZero())

			Eventually(func() []string { return t.events(ctx, "unlucky") }).Should(ContainElement(want.reason))

			By("ending the trouble and asking for a reconcile")
			t.sim.ClearFaults()
			t.credential.Allow()
			t.force(ctx, "unlucky")
			c = t.eventuallyReady(ctx, "unlucky")
			Expect(c.Status.LastError).To(BeNil())
			Expect(has(c, v1alpha1.ConditionReconciling)).To(BeFalse())
			Expect(has(c, v1alpha1.ConditionStalled)).To(BeFalse())
			var told int
			for _, reason := range t.events(ctx, "unlucky") {
				if reason == want.reason {
					told++
				}
			}
			Expect(told).To(Equal(1), "an event for the transition, and none for each try")
		},
		Entry("400", failing(livesim.Fault{Status: 400, Code: "LIVE.100011001", Message: "Request Illegal"}),
			expectation{reason: v1alpha1.ReasonRejected, status: 400, code: "LIVE.100011001", says: "Request Illegal", requestID: true}),
		Entry("400 with far too long a message", failing(livesim.Fault{Status: 400, Code: "LIVE.100011001", Message: longMessage}),
			expectation{reason: v1alpha1.ReasonRejected, status: 400, code: "LIVE.100011001", says: "much too long", requestID: true}),
		Entry("401, which for the service means a missing permission", func(t *tenant) { t.credential.Deny(livesim.ByService, livesim.Update) },
			expectation{reason: v1alpha1.ReasonForbidden, status: 401, code: "LIVE.100011003", requestID: true}),
		Entry("403", func(t *tenant) { t.credential.Deny(livesim.ByGateway, livesim.Update) },
			expectation{reason: v1alpha1.ReasonForbidden, status: 403, code: "APIGW.0302", requestID: true}),
		Entry("404 of the service", failing(livesim.Fault{Status: 404, Code: "LIVE.103011019", Message: "resource not exist"}),
			expectation{reason: v1alpha1.ReasonNotFound, status: 404, code: "LIVE.103011019", requestID: true}),
		Entry("404 of the gateway, which is about the API and not the configuration", failing(livesim.GatewayNotFound()),
			expectation{reason: v1alpha1.ReasonAPIUnavailable, reconciling: true, status: 404, code: "APIGW.0101", requestID: true}),
		Entry("429", failing(livesim.Throttled()),
			expectation{reason: v1alpha1.ReasonThrottled, reconciling: true, status: 429, code: "APIGW.0308", requestID: true}),
		Entry("500", failing(livesim.Fault{Status: 500, Code: "LIVE.100011000", Message: "System Error"}),
			expectation{reason: v1alpha1.ReasonAPIUnavailable, reconciling: true, status: 500, code: "LIVE.100011000", requestID: true}),
		Entry("502 with a page of HTML", failing(livesim.HTML(http.StatusBadGateway)),
			expectation{reason: v1alpha1.ReasonAPIUnavailable, reconciling: true, status: 502, says: "text/html", requestID: true}),
		Entry("200 with truncated JSON", failing(livesim.Fault{Truncate: true}),
			expectation{reason: v1alpha1.ReasonAPIUnavailable, reconciling: true, status: 200, requestID: true}),
		Entry("200 with a body of 256 MiB", failing(livesim.Fault{Huge: 256 << 20}),
			expectation{reason: v1alpha1.ReasonAPIUnavailable, reconciling: true, status: 200, requestID: true}),
		Entry("a reset", failing(livesim.Fault{Reset: livesim.Before}),
			expectation{reason: v1alpha1.ReasonAPIUnavailable, reconciling: true}),
		Entry("a hang", failing(livesim.Fault{Hang: true}),
			expectation{reason: v1alpha1.ReasonAPIUnavailable, reconciling: true, says: "2s"}),
		Entry("a redirect", failing(livesim.Fault{Redirect: "https://elsewhere.example.com/steal"}),
			expectation{reason: v1alpha1.ReasonAPIUnavailable, reconciling: true, status: 307, says: "redirect", requestID: true}),
	)

	It("401 of a token that has ended: the Secret is read once more, then left alone, and a new token is used at once", func(ctx SpecContext) {
		t := newTenant(ctx)
		id := t.sim.Seed(t.project, livesim.Config{PublishDomain: "publish.example.com", App: "live"})
		t.credential.Revoke()
		t.apply(ctx, t.config("expired").WithID(id))
		c := t.eventuallyReason(ctx, "expired", v1alpha1.ReasonUnauthorized)
		Expect(c.Status.LastError.HTTPStatus).To(BeEquivalentTo(401))
		Expect(c.Status.LastError.Code).To(Equal("APIGW.0301"))
		Expect(c.Status.LastError.RequestID).NotTo(BeEmpty())
		Expect(ready(c).Message).To(ContainSubstring("Secret " + secretName))
		Expect(has(c, v1alpha1.ConditionStalled)).To(BeTrue())
		Expect(len(t.calls())).To(BeNumerically("<=", 2))

		renewed := "canary-token-" + newID()
		t.sim.AddToken(renewed, t.project)
		secret := &corev1.Secret{}
		Expect(cluster.Client.Get(ctx, keyOf(t.namespace, secretName), secret)).To(Succeed())
		secret.Data["token"] = []byte(renewed)
		Expect(cluster.Client.Update(ctx, secret)).To(Succeed())
		t.eventuallyReady(ctx, "expired")
	})

	It("429 with Retry-After holds the project back for as long as it says, and no other", func(ctx SpecContext) {
		t, other := newTenant(ctx), newTenant(ctx)
		fault := livesim.Throttled()
		fault.Project, fault.Times, fault.Header = t.project, 1, map[string]string{"Retry-After": "3"}
		t.sim.Fail(fault)
		DeferCleanup(func() { t.sim.ClearFaults() })
		id := t.sim.Seed(t.project, livesim.Config{PublishDomain: "publish.example.com", App: "live"})
		t.apply(ctx, t.config("slowed").WithID(id))
		t.eventuallyReason(ctx, "slowed", v1alpha1.ReasonThrottled)
		other.apply(ctx, other.config("free"))
		other.eventuallyReady(ctx, "free")
		t.eventuallyReady(ctx, "slowed")
		calls := t.calls(livesim.Update)
		Expect(calls).To(HaveLen(2))
		Expect(calls[1].Time.Sub(calls[0].Time)).To(BeNumerically(">=", 3*time.Second))
	})

	It("to a change takes Ready away, which was True, until the change is accepted", func(ctx SpecContext) {
		t := newTenant(ctx)
		id := t.sim.Seed(t.project, livesim.Config{PublishDomain: "publish.example.com", App: "live"})
		t.apply(ctx, t.config("changed").WithID(id))
		t.eventuallyReady(ctx, "changed")
		t.sim.Fail(livesim.Fault{Project: t.project, Status: 400, Code: "LIVE.100011001", Message: "Request Illegal"})
		DeferCleanup(func() { t.sim.ClearFaults() })
		t.change(ctx, "changed", func(c *v1alpha1.RecordCallbackConfig) { c.Spec.NotifyCallbackURL = "https://callback.example.com/v2" })
		c := t.eventuallyReason(ctx, "changed", v1alpha1.ReasonRejected)
		Expect(c.Status.AppliedGeneration).To(BeNumerically("<", c.Generation))
		Expect(c.Status.ID).To(Equal(id), "what is known is not forgotten")
		t.sim.ClearFaults()
		t.change(ctx, "changed", func(c *v1alpha1.RecordCallbackConfig) { c.Spec.NotifyCallbackURL = "https://callback.example.com/v3" })
		t.eventuallyReady(ctx, "changed")
	})

	It("that was rejected is not tried again until something changes", func(ctx SpecContext) {
		t := newTenant(ctx)
		id := t.sim.Seed(t.project, livesim.Config{PublishDomain: "publish.example.com", App: "live"})
		t.sim.Fail(livesim.Fault{Project: t.project, Status: 400, Code: "LIVE.100011001", Message: "Request Illegal"})
		DeferCleanup(func() { t.sim.ClearFaults() })
		t.apply(ctx, t.config("refused").WithID(id))
		t.eventuallyReason(ctx, "refused", v1alpha1.ReasonRejected)
		t.touchSecret(ctx)
		Eventually(func() int { return len(t.calls()) }).Should(Equal(2), "a changed Secret is a reason to try")
		Expect(op.Stop()).To(Succeed())
		op = startOperator(ctx, proxy, sim)
		Consistently(func() int { return len(t.calls()) }).WithTimeout(2*time.Second).Should(Equal(2), "a restart is none")
	})
})
