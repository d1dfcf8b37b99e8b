package lifecycle

import (
	"strings"
	"unicode"
	"unicode/utf8"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/live-operator/live-operator/api/v1alpha1"
	"github.com/live-operator/live-operator/test/livesim"
)

var _ = Describe("A forged status", func() {
	It("gives no power over a configuration that the tenant's own credentials do not have", func(ctx SpecContext) {
		victim, attacker := newTenant(ctx), newTenant(ctx)
		victim.apply(ctx, victim.config("owner"))
		id := victim.eventuallyReady(ctx, "owner").Status.ID
		before := victim.remote()

		attacker.project = victim.project // Its token is not good for that project.
		forged := attacker.apply(ctx, attacker.config("forger").WithURL("https://attacker.example.com/record").WithDeletion(v1alpha1.DeletionDelete))
		attacker.eventuallyReason(ctx, "forger", v1alpha1.ReasonForbidden)
		base := forged.DeepCopy()
		forged.Status.ID, forged.Status.Origin = id, v1alpha1.OriginCreated
		Expect(cluster.Client.Status().Patch(ctx, forged, client.MergeFrom(base))).To(Succeed())
		attacker.force(ctx, "forger")
		attacker.change(ctx, "forger", func(c *v1alpha1.RecordCallbackConfig) {
			c.Spec.NotifyCallbackURL = "https://attacker.example.com/other"
		})
		attacker.force(ctx, "forger")
		attacker.delete(ctx, "forger")
		Eventually(func(g Gomega) {
			c := &v1alpha1.RecordCallbackConfig{}
			if err := cluster.Client.Get(ctx, client.ObjectKeyFromObject(forged), c); apierrors.IsNotFound(err) {
				return
			}
			g.Expect(ready(c)).To(HaveField("Reason", v1alpha1.ReasonDeletionBlocked))
		}).WithContext(ctx).Should(Succeed(), "waiting for the forger to be gone, or blocked")
		for _, call := range victim.calls() {
			if call.Credential == attacker.credential.Name() {
				Expect(call.Status).To(BeNumerically(">=", 400), "%+v", call)
			}
		}
		Expect(victim.remote()).To(Equal(before))
	})
})

var _ = Describe("A hostile answer", func() {
	It("reaches status and events as one line of bounded length without control characters", func(ctx SpecContext) {
		t := newTenant(ctx)
		t.apply(ctx, t.config("sport"))
		t.eventuallyReady(ctx, "sport")
		evil := "\x1b[2J\x00\r\nReady=True \u202e" + strings.Repeat("挺 ", 100_000)
		fault := t.sim.Fail(livesim.Fault{Project: t.project, Operation: livesim.Update, Status: 400, Code: "LIVE.\x1b[31m" + strings.Repeat("9", 5_000),
			Message: evil, Header: map[string]string{"X-request-id": strings.Repeat("r", 5_000)}})
		DeferCleanup(func() { t.sim.ClearFaults(fault) })
		t.change(ctx, "sport", func(c *v1alpha1.RecordCallbackConfig) {
			c.Spec.NotifyCallbackURL = "https://callback.example.com/other"
		})
		c := t.eventuallyReason(ctx, "sport", v1alpha1.ReasonRejected)

		bounded := func(what, text string, most int) {
			GinkgoHelper()
			Expect(len(text)).To(BeNumerically("<=", most), what)
			Expect(utf8.ValidString(text)).To(BeTrue(), what)
			Expect(strings.ContainsFunc(text, unicode.IsControl)).To(BeFalse(), "%s: %q", what, text)
		}
		bounded("the error's message", c.Status.LastError.Message, 1024)
		bounded("the error's code", c.Status.LastError.Code, 64)
		bounded("the error's request ID", c.Status.LastError.RequestID, 256)
		bounded("the request ID", c.Status.RequestID, 256)
		for _, condition := range c.Status.Conditions {
			bounded("the message of "+condition.Type, condition.Message, 2048)
		}
		var events corev1.EventList
		Eventually(func(g Gomega) {
			g.Expect(cluster.Client.List(ctx, &events, client.InNamespace(t.namespace))).To(Succeed())
			g.Expect(events.Items).To(ContainElement(HaveField("Type", corev1.EventTypeWarning)))
		}).WithContext(ctx).Should(Succeed(), "waiting for the event of the rejection")
		for _, event := range events.Items {
			bounded("the event "+event.Reason, event.Message, 1024)
		}
	})
})
