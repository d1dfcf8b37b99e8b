package lifecycle

import (
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/live-operator/live-operator/api/v1alpha1"
	"github.com/live-operator/live-operator/test/livesim"
)

var _ = Describe("Creation", func() {
	It("is one list and one POST, with the finalizer and the mark set before it", func(ctx SpecContext) {
		t := newTenant(ctx)
		t.apply(ctx, t.config("new").WithEvents(v1alpha1.EventOver))
		c := t.eventuallyReady(ctx, "new")

		Expect(t.calls(livesim.List)).To(HaveLen(1))
		posts := t.calls(livesim.Create)
		Expect(posts).To(HaveLen(1))
		Expect(t.calls()).To(HaveLen(2), "nothing but the list and the POST")
		remote := t.remote()
		Expect(remote).To(HaveLen(1))
		Expect(c.Status.ID).To(Equal(remote[0].ID))
		Expect(c.Status.Origin).To(Equal(v1alpha1.OriginCreated))
		Expect(c.Status.RequestID).To(Equal(posts[0].RequestID))
		Expect(c.Finalizers).To(ConsistOf(v1alpha1.Finalizer))
		mark, err := time.Parse(time.RFC3339, c.Annotations[v1alpha1.AnnotationCreatePending])
		Expect(err).NotTo(HaveOccurred())
		Expect(mark).To(BeTemporally("<=", remote[0].CreateTime), "the mark is the API's time before the creation")
		Expect(t.writes()).To(HaveLen(2), "one write of metadata, one of the status")
	})

	It("of many resources shares the lists", func(ctx SpecContext) {
		t := newTenant(ctx)
		const n = 30
		for i := range n {
			t.apply(ctx, t.config("many-"+string(rune('a'+i%26))+string(rune('a'+i/26))).WithApp("app-"+newID()))
		}
		Eventually(func() int { return len(t.remote()) }).WithTimeout(time.Minute).Should(Equal(n))
		Expect(t.calls(livesim.Create)).To(HaveLen(n))
		Expect(len(t.calls(livesim.List))).To(BeNumerically("<=", 2), "ceil(30/100) + 1")
	})

	It("sets the mark by the API's clock, not by its own", func(ctx SpecContext) {
		ahead := replaceAPI(ctx, livesim.Behavior{})
		ahead.Clock().Advance(42 * time.Hour)
		t := newTenantOf(ctx, ahead, proxy)
		t.apply(ctx, t.config("clock"))
		c := t.eventuallyReady(ctx, "clock")
		mark, err := time.Parse(time.RFC3339, c.Annotations[v1alpha1.AnnotationCreatePending])
		Expect(err).NotTo(HaveOccurred())
		Expect(mark).To(BeTemporally(">", time.Now().Add(41*time.Hour)))
	})

	It("leaves a configuration alone that was there before, and says how to take it over", func(ctx SpecContext) {
		t := newTenant(ctx)
		trap := t.sim.Seed(t.project, livesim.Config{
			PublishDomain: "publish.example.com", App: "live", NotifyCallbackURL: "https://someone.example.com/",
		})
		t.apply(ctx, t.config("late"))
		c := t.eventuallyReason(ctx, "late", v1alpha1.ReasonAlreadyExists)

		Expect(ready(c).Message).To(ContainSubstring("spec.id: " + trap))
		Expect(ready(c).Message).To(ContainSubstring("spec.adoptionPolicy: IfExists"))
		Expect(has(c, v1alpha1.ConditionStalled)).To(BeTrue())
		Expect(c.Finalizers).To(BeEmpty())
		Expect(t.calls(livesim.Create, livesim.Update, livesim.Delete)).To(BeEmpty(), "nothing was written")

		By("deleting the resource, which deletes nothing else")
		t.delete(ctx, "late")
		t.eventuallyGone(ctx, "late")
		Expect(t.remote()).To(HaveLen(1))
		Expect(t.remote()[0].NotifyCallbackURL).To(Equal("https://someone.example.com/"))
	})

	It("takes a configuration over by domain and app where the policy says so", func(ctx SpecContext) {
		t := newTenant(ctx)
		id := t.sim.Seed(t.project, livesim.Config{PublishDomain: "publish.example.com", App: "live"})
		t.apply(ctx, t.config("adopting").WithAdoption(v1alpha1.AdoptionIfExists))
		c := t.eventuallyReady(ctx, "adopting")
		Expect(c.Status.ID).To(Equal(id))
		Expect(c.Status.Origin).To(Equal(v1alpha1.OriginAdopted))
		Expect(t.calls(livesim.Create)).To(BeEmpty())
		Expect(t.remote()[0].NotifyCallbackURL).To(Equal("https://callback.example.com/record"))

		By("deleting the resource, which retains what it adopted")
		t.delete(ctx, "adopting")
		t.eventuallyGone(ctx, "adopting")
		Expect(t.remote()).To(HaveLen(1))
	})

	It("is Conflict where spec.id, set later, names another configuration", func(ctx SpecContext) {
		t := newTenant(ctx)
		other := t.sim.Seed(t.project, livesim.Config{PublishDomain: "other.example.com", App: "live"})
		t.apply(ctx, t.config("decided"))
		t.eventuallyReady(ctx, "decided")
		written := len(t.calls(livesim.Create, livesim.Update, livesim.Delete))
		t.change(ctx, "decided", func(c *v1alpha1.RecordCallbackConfig) { c.Spec.ID = other })
		t.eventuallyReason(ctx, "decided", v1alpha1.ReasonConflict)
		Expect(t.calls(livesim.Create, livesim.Update, livesim.Delete)).To(HaveLen(written), "no write")
	})

	It("finds the configuration past the end of what a list can page to", func(ctx SpecContext) {
		t := newTenant(ctx)
		for range 4250 {
			t.sim.Seed(t.project, livesim.Config{PublishDomain: "d-" + newID() + ".example.com"})
		}
		id := t.sim.Seed(t.project, livesim.Config{PublishDomain: "publish.example.com", App: "live"})
		t.apply(ctx, t.config("far").WithAdoption(v1alpha1.AdoptionIfExists))
		c := t.eventually(ctx, "far", "the configuration to be found", func(c *v1alpha1.RecordCallbackConfig) bool { return c.Status.ID != "" })
		Expect(c.Status.ID).To(Equal(id))
		Expect(t.calls(livesim.Create)).To(BeEmpty())
	})
})

var _ = Describe("Two resources of one configuration", func() {
	It("conflict in one namespace, where the other is named, and the survivor takes over", func(ctx SpecContext) {
		t := newTenant(ctx)
		t.apply(ctx, t.config("winner"))
		t.eventuallyReady(ctx, "winner")
		t.apply(ctx, t.config("loser"))
		c := t.eventuallyReason(ctx, "loser", v1alpha1.ReasonConflict)
		Expect(ready(c).Message).To(ContainSubstring("The resource winner"))
		Expect(t.calls(livesim.Create, livesim.Update)).To(HaveLen(1), "only the winner wrote")

		By("deleting the winner, and with it its configuration")
		t.delete(ctx, "winner")
		t.eventuallyGone(ctx, "winner")
		t.eventuallyReady(ctx, "loser")
		Expect(t.remote()).To(HaveLen(1))
	})

	It("conflict across namespaces, where the other is not named, and its policy decides", func(ctx SpecContext) {
		a, b := newTenant(ctx), newTenant(ctx)
		b.project = a.project
		b.credential.SetProjects(a.project)
		id := a.sim.Seed(a.project, livesim.Config{PublishDomain: "publish.example.com", App: "live"})
		a.apply(ctx, a.config("first").WithID(id))
		a.eventuallyReady(ctx, "first")
		b.apply(ctx, b.config("second").WithAdoption(v1alpha1.AdoptionIfExists))
		c := b.eventuallyReason(ctx, "second", v1alpha1.ReasonConflict)
		Expect(ready(c).Message).NotTo(ContainSubstring("first"))
		Expect(ready(c).Message).NotTo(ContainSubstring(a.namespace))
		Expect(ready(c).Message).To(ContainSubstring("another namespace"))

		a.delete(ctx, "first")
		a.eventuallyGone(ctx, "first")
		c = b.eventuallyReady(ctx, "second")
		Expect(c.Status.ID).To(Equal(id))
	})

	It("made at the same moment make one configuration", func(ctx SpecContext) {
		t := newTenant(ctx)
		t.behave(func(b *livesim.Behavior) { b.AllowDuplicates = true })
		names := []string{"twin-a", "twin-b", "twin-c", "twin-d"}
		for _, name := range names {
			t.apply(ctx, t.config(name))
		}
		Eventually(func() map[string]int {
			reasons := map[string]int{}
			for _, name := range names {
				if r := ready(t.get(ctx, name)); r != nil {
					reasons[r.Reason]++
				}
			}
			return reasons
		}).Should(Equal(map[string]int{v1alpha1.ReasonSynced: 1, v1alpha1.ReasonConflict: 3}))
		Expect(t.calls(livesim.Create)).To(HaveLen(1))
	})

	It("are not blocked by one that never authenticated", func(ctx SpecContext) {
		victim, attacker := newTenant(ctx), newTenant(ctx)
		attacker.project = victim.project // Its token is not good for that project.
		id := victim.sim.Seed(victim.project, livesim.Config{PublishDomain: "publish.example.com", App: "live"})
		attacker.apply(ctx, attacker.config("squatter").WithID(id))
		attacker.eventually(ctx, "squatter", "the squatter to be refused", func(c *v1alpha1.RecordCallbackConfig) bool {
			return ready(c) != nil && ready(c).Status == "False"
		})
		victim.apply(ctx, victim.config("owner").WithID(id))
		victim.eventuallyReady(ctx, "owner")
	})
})
