package lifecycle

import (
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	. "github.com/onsi/gomega/gstruct"

	"github.com/live-operator/live-operator/api/v1alpha1"
	"github.com/live-operator/live-operator/test/livesim"
)

var _ = Describe("Drift", func() {
	const strange = "https://strange.example.com/"
	strangely := func(c *livesim.Config) { c.NotifyCallbackURL = strange }

	It("is found and corrected every resyncInterval, and told of by an event that names the fields", func(ctx SpecContext) {
		t := newTenant(ctx)
		t.apply(ctx, t.config("watched").WithResync(time.Minute))
		c := t.eventuallyReady(ctx, "watched")
		t.sim.Change(t.project, c.Status.ID, strangely)
		Eventually(func() string { return t.remote()[0].NotifyCallbackURL }).WithTimeout(2*time.Minute).
			Should(Equal("https://callback.example.com/record"), "waiting for the next comparison, which is due within a minute")
		Eventually(func() []string { return t.events(ctx, "watched") }).Should(ContainElement("DriftCorrected"))
		Expect(t.calls(livesim.Update)).To(HaveLen(1))
	})

	It("is not seen in what the spec leaves to the API, in the order of events, or in what only the server sets", func(ctx SpecContext) {
		t := newTenant(ctx)
		t.behave(func(b *livesim.Behavior) {
			b.ReverseEvents, b.OmitSignType, b.OmitOnDemandCallbackURL = true, true, true
		})
		t.apply(ctx, t.config("same").WithEvents(v1alpha1.EventOver, v1alpha1.EventFailed).
			WithSignType(v1alpha1.SignTypeMD5).WithOnDemandURL("https://callback.example.com/ondemand"))
		t.apply(ctx, t.config("unset").WithApp("unset").WithURL(""))
		t.eventuallyReady(ctx, "same")
		c := t.eventuallyReady(ctx, "unset")
		t.sim.Change(t.project, c.Status.ID, func(c *livesim.Config) {
			c.NotifyCallbackURL, c.SignType = strange, "MD5"
			c.NotifyEventSubscription = []string{"RECORD_OVER"}
		})
		before := t.get(ctx, "unset").Status
		c = t.force(ctx, "unset")
		Expect(ready(c).Reason).To(Equal(v1alpha1.ReasonSynced))
		c = t.force(ctx, "same")
		Expect(ready(c).Reason).To(Equal(v1alpha1.ReasonSynced))
		Expect(t.calls(livesim.Update)).To(BeEmpty())
		Expect(c.Status.RequestID).NotTo(BeEmpty())
		Expect(before.RequestID).To(Equal(t.get(ctx, "unset").Status.RequestID), "a look is no change")
	})

	It("is reported and not corrected where the policy says so", func(ctx SpecContext) {
		t := newTenant(ctx)
		t.apply(ctx, t.config("reported").WithDrift(v1alpha1.DriftReport))
		c := t.eventuallyReady(ctx, "reported")
		t.sim.Change(t.project, c.Status.ID, strangely)
		c = t.force(ctx, "reported")
		Expect(ready(c).Reason).To(Equal(v1alpha1.ReasonDrifted))
		Expect(ready(c).Message).To(ContainSubstring("notifyCallbackURL"))
		Expect(has(c, v1alpha1.ConditionDrifted)).To(BeTrue())
		Expect(t.calls(livesim.Update)).To(BeEmpty())

		By("changing the spec, which is written all the same")
		t.change(ctx, "reported", func(c *v1alpha1.RecordCallbackConfig) { c.Spec.NotifyCallbackURL = "https://callback.example.com/v2" })
		t.eventuallyReady(ctx, "reported")
		Expect(t.calls(livesim.Update)).To(HaveLen(1))
	})

	It("that is a deletion has the configuration created again", func(ctx SpecContext) {
		t := newTenant(ctx)
		t.apply(ctx, t.config("deleted"))
		c := t.eventuallyReady(ctx, "deleted")
		old := c.Status.ID
		t.sim.Remove(t.project, old)
		t.force(ctx, "deleted")
		c = t.eventually(ctx, "deleted", "a new configuration", func(c *v1alpha1.RecordCallbackConfig) bool {
			return c.Status.ID != "" && c.Status.ID != old
		})
		Expect(t.remote()).To(HaveLen(1))
		Expect(t.remote()[0].ID).To(Equal(c.Status.ID))
		Expect(c.Status.Origin).To(Equal(v1alpha1.OriginCreated))
		Expect(t.events(ctx, "deleted")).To(ContainElement("Gone"))
	})

	It("that is a deletion under a change of the spec has the configuration created again, as the spec says now", func(ctx SpecContext) {
		t := newTenant(ctx)
		t.apply(ctx, t.config("undercut"))
		c := t.eventuallyReady(ctx, "undercut")
		old := c.Status.ID
		t.sim.Remove(t.project, old)
		t.change(ctx, "undercut", func(c *v1alpha1.RecordCallbackConfig) { c.Spec.NotifyCallbackURL = "https://callback.example.com/v2" })
		t.eventually(ctx, "undercut", "a new configuration", func(c *v1alpha1.RecordCallbackConfig) bool {
			return c.Status.ID != "" && c.Status.ID != old
		})
		Expect(t.remote()).To(HaveLen(1))
		Expect(t.remote()[0].NotifyCallbackURL).To(Equal("https://callback.example.com/v2"))
	})

	It("that is a deletion of what spec.id names is NotFound, with the service's code and request ID", func(ctx SpecContext) {
		t := newTenant(ctx)
		id := t.sim.Seed(t.project, livesim.Config{PublishDomain: "publish.example.com", App: "live"})
		t.apply(ctx, t.config("lost").WithID(id))
		t.eventuallyReady(ctx, "lost")
		t.sim.Remove(t.project, id)
		c := t.force(ctx, "lost")
		Expect(ready(c).Reason).To(Equal(v1alpha1.ReasonNotFound))
		Expect(c.Status.LastError.Code).To(Equal("LIVE.103011019"))
		Expect(c.Status.LastError.RequestID).To(Equal(t.calls(livesim.Show)[0].RequestID))
		Expect(t.calls(livesim.Create)).To(BeEmpty())
	})

	It("that comes back after three corrections is left alone until the spec changes", func(ctx SpecContext) {
		t := newTenant(ctx)
		t.apply(ctx, t.config("fought-over"))
		c := t.eventuallyReady(ctx, "fought-over")
		t.apply(ctx, t.config("neighbor").WithApp("neighbor"))
		t.eventuallyReady(ctx, "neighbor")
		// A list that a neighbor asked for is compared with all who wake after it.
		someTimeLater := func() {
			t.sim.Change(t.project, c.Status.ID, strangely)
			t.force(ctx, "neighbor")
			t.touchSecret(ctx)
		}
		for i := range 3 {
			someTimeLater()
			Eventually(func() int { return len(t.calls(livesim.Update)) }).Should(Equal(i+1), "waiting for a correction")
			t.eventually(ctx, "fought-over", "the correction to be written down", func(c *v1alpha1.RecordCallbackConfig) bool {
				return c.Status.RequestID == t.calls(livesim.Update)[i].RequestID
			})
		}
		someTimeLater()
		c = t.eventuallyReason(ctx, "fought-over", v1alpha1.ReasonDriftPersists)
		Expect(ready(c).Message).To(ContainSubstring("notifyCallbackURL"))
		Expect(t.calls(livesim.Update)).To(HaveLen(3))

		t.change(ctx, "fought-over", func(c *v1alpha1.RecordCallbackConfig) { c.Spec.NotifyCallbackURL = "https://callback.example.com/v2" })
		t.eventuallyReady(ctx, "fought-over")
		Expect(t.calls(livesim.Update)).To(HaveLen(4))
	})
})

var _ = Describe("Credentials that may do little", func() {
	It("keep a configuration that spec.id names with the permission to update alone, and say once what is not looked for", func(ctx SpecContext) {
		t := newTenant(ctx)
		id := t.sim.Seed(t.project, livesim.Config{PublishDomain: "publish.example.com", App: "live"})
		t.credential.Deny(livesim.ByService, livesim.List, livesim.Show, livesim.Create, livesim.Delete)
		t.apply(ctx, t.config("least").WithID(id))
		t.eventuallyReady(ctx, "least")
		c := t.force(ctx, "least")
		Expect(ready(c).Reason).To(Equal(v1alpha1.ReasonSynced))
		Expect(ready(c).Message).To(ContainSubstring("live:record:listCallbacks"))
		t.force(ctx, "least")
		Expect(t.events(ctx, "least")).To(ContainElement("DriftUnseen"))
		t.change(ctx, "least", func(c *v1alpha1.RecordCallbackConfig) { c.Spec.NotifyCallbackURL = "https://callback.example.com/v2" })
		t.eventuallyReady(ctx, "least")
	})

	It("look for drift by Show where listing is forbidden", func(ctx SpecContext) {
		t := newTenant(ctx)
		id := t.sim.Seed(t.project, livesim.Config{PublishDomain: "publish.example.com", App: "live"})
		t.credential.Deny(livesim.ByGateway, livesim.List)
		t.apply(ctx, t.config("shown").WithID(id))
		t.eventuallyReady(ctx, "shown")
		t.sim.Change(t.project, id, func(c *livesim.Config) { c.NotifyCallbackURL = "https://strange.example.com/" })
		t.force(ctx, "shown")
		Eventually(func() string { return t.remote()[0].NotifyCallbackURL }).Should(Equal("https://callback.example.com/record"))
		Expect(t.calls(livesim.Show)).To(HaveLen(1))
	})

	It("correct it where the budget has no more than one call at a time", func(ctx SpecContext) {
		other := replaceAPI(ctx, livesim.Behavior{}, "--api-burst=1")
		t := newTenantOf(ctx, other, proxy)
		t.credential.Deny(livesim.ByService, livesim.List)
		id := t.sim.Seed(t.project, livesim.Config{PublishDomain: "publish.example.com", App: "live"})
		t.apply(ctx, t.config("shown").WithID(id))
		t.eventuallyReady(ctx, "shown")
		t.sim.Change(t.project, id, func(c *livesim.Config) { c.NotifyCallbackURL = "https://strange.example.com/" })
		t.force(ctx, "shown")
		Expect(t.remote()[0].NotifyCallbackURL).To(Equal("https://callback.example.com/record"))
		Expect(t.calls(livesim.Show)).To(HaveLen(1), "what was shown is kept until the PUT has its turn")
	})

	It("can't create without listing, and say what to grant", func(ctx SpecContext) {
		t := newTenant(ctx)
		t.credential.Deny(livesim.ByService, livesim.List)
		t.apply(ctx, t.config("blind"))
		c := t.eventuallyReason(ctx, "blind", v1alpha1.ReasonForbidden)
		Expect(ready(c).Message).To(ContainSubstring("live:record:listCallbacks"))
		Expect(c.Status.LastError).To(PointTo(MatchFields(IgnoreExtras, Fields{
			"Operation": BeEquivalentTo("List"), "HTTPStatus": BeEquivalentTo(401), "Code": Not(BeEmpty()),
			"RequestID": Equal(t.calls(livesim.List)[0].RequestID),
		})))
		Expect(t.calls(livesim.Create)).To(BeEmpty())
	})
})
