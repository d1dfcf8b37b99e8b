package lifecycle

import (
	"encoding/json"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/live-operator/live-operator/api/v1alpha1"
	"github.com/live-operator/live-operator/test/livesim"
)

var _ = Describe("A configuration that spec.id names", func() {
	It("is updated by one PUT with just what the spec sets, and nothing is read before it", func(ctx SpecContext) {
		t := newTenant(ctx)
		id := t.sim.Seed(t.project, livesim.Config{PublishDomain: "publish.example.com", App: "live", NotifyCallbackURL: "https://old.example.com/"})

		t.apply(ctx, t.config("existing").WithID(id).WithEvents(v1alpha1.EventFileComplete, v1alpha1.EventFailed))
		c := t.eventuallyReady(ctx, "existing")

		calls := t.calls()
		Expect(calls).To(HaveLen(1), "one PUT and no other call")
		Expect(calls[0].Method).To(Equal("PUT"))
		Expect(calls[0].Path).To(Equal("/v1/" + t.project + "/record/callbacks/" + id))
		Expect(calls[0].UserAgent()).To(HavePrefix("live-operator/"))
		var body map[string]any
		Expect(json.Unmarshal([]byte(calls[0].Body), &body)).To(Succeed())
		Expect(body).To(Equal(map[string]any{
			"publish_domain":            "publish.example.com",
			"app":                       "live",
			"notify_callback_url":       "https://callback.example.com/record",
			"notify_event_subscription": []any{"RECORD_FILE_COMPLETE", "RECORD_FAILED"},
		}))

		Expect(c.Status.RequestID).To(Equal(calls[0].RequestID), "the request ID of the answer, as sent")
		Expect(c.Status.ID).To(Equal(id))
		Expect(c.Status.Origin).To(Equal(v1alpha1.OriginAdopted))
		Expect(c.Status.AppliedGeneration).To(Equal(c.Generation))
		Expect(c.Status.LastError).To(BeNil())
		Expect(c.Finalizers).To(BeEmpty(), "deleting it would delete nothing, so nothing is held")
		Expect(t.remote()[0].NotifyCallbackURL).To(Equal("https://callback.example.com/record"))
		Expect(t.writes()).To(HaveLen(1), "one status write")
	})

	It("is updated by exactly one PUT for one change", func(ctx SpecContext) {
		t := newTenant(ctx)
		id := t.sim.Seed(t.project, livesim.Config{PublishDomain: "publish.example.com", App: "live"})
		t.apply(ctx, t.config("changing").WithID(id))
		t.eventuallyReady(ctx, "changing")

		t.change(ctx, "changing", func(c *v1alpha1.RecordCallbackConfig) {
			c.Spec.NotifyCallbackURL = "https://callback.example.com/v2"
		})
		t.eventuallyReady(ctx, "changing")

		Expect(t.calls()).To(HaveLen(2))
		Expect(t.calls(livesim.Update)).To(HaveLen(2))
		Expect(t.remote()[0].NotifyCallbackURL).To(Equal("https://callback.example.com/v2"))
		Expect(t.writes()).To(HaveLen(2), "one status write for each change")
	})

	It("takes the example of the API's own page, whose app is **", func(ctx SpecContext) {
		t := newTenant(ctx)
		id := t.sim.Seed(t.project, livesim.Config{PublishDomain: "publish.xxx.com", App: "**"})
		t.apply(ctx, t.config("example").WithID(id).WithDomain("publish.xxx.com").WithApp("**").
			WithURL("https://mycallback.com.cn/record_notify").WithEvents(v1alpha1.EventFileComplete))
		t.eventuallyReady(ctx, "example")
		Expect(t.remote()[0].NotifyCallbackURL).To(Equal("https://mycallback.com.cn/record_notify"))
	})

	It("shows its request ID too where the API answers with no body, as before 2022", func(ctx SpecContext) {
		old := replaceAPI(ctx, livesim.Behavior{EmptyUpdateBody: true})
		t := newTenantOf(ctx, old, proxy)
		id := old.Seed(t.project, livesim.Config{PublishDomain: "publish.example.com", App: "live"})
		t.apply(ctx, t.config("old-api").WithID(id))
		c := t.eventuallyReady(ctx, "old-api")
		Expect(c.Status.RequestID).To(Equal(t.calls(livesim.Update)[0].RequestID))
	})
})

var _ = Describe("Quiet: where nothing changed", func() {
	It("no call is made and nothing is written, on re-applying, on a label, on a restart", func(ctx SpecContext) {
		t := newTenant(ctx)
		id := t.sim.Seed(t.project, livesim.Config{PublishDomain: "publish.example.com", App: "live"})
		t.apply(ctx, t.config("quiet").WithID(id))
		t.apply(ctx, t.config("quiet-created").WithApp("other"))
		t.eventuallyReady(ctx, "quiet")
		t.eventuallyReady(ctx, "quiet-created")
		calls, writes := len(t.calls()), len(t.writes())
		versions := []string{t.get(ctx, "quiet").ResourceVersion, t.get(ctx, "quiet-created").ResourceVersion}

		By("re-applying the same manifests")
		t.change(ctx, "quiet", func(*v1alpha1.RecordCallbackConfig) {})

		By("restarting the operator")
		Expect(op.Stop()).To(Succeed())
		op = startOperator(ctx, proxy, sim)
		// A resource that is handled after the others tells that they were.
		t.apply(ctx, t.config("last").WithApp("last").Suspended())
		t.eventually(ctx, "last", "the new operator to be at work", func(c *v1alpha1.RecordCallbackConfig) bool {
			return has(c, v1alpha1.ConditionSuspended)
		})
		Consistently(func() int { return len(t.calls()) }).Should(Equal(calls), "calls after a restart")
		Expect([]string{t.get(ctx, "quiet").ResourceVersion, t.get(ctx, "quiet-created").ResourceVersion}).To(Equal(versions))

		By("setting a label")
		t.change(ctx, "quiet", func(c *v1alpha1.RecordCallbackConfig) { metav1.SetMetaDataLabel(&c.ObjectMeta, "team", "video") })
		Consistently(func() int { return len(t.calls()) }).Should(Equal(calls), "calls after a label")
		Expect(t.writes()).To(HaveLen(writes+1), "no write but the status of the last resource")
	})
})
