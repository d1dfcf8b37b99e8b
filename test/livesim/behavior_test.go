package livesim_test

import (
	"encoding/json"
	"net/http"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/live-operator/live-operator/test/livesim"
)

var _ = Describe("What may differ", func() {
	// change creates the full configuration and updates it with sign_type only.
	change := func(b livesim.Behavior) (*bench, string, reply) {
		sim := start(livesim.Options{Behavior: b})
		id := sim.create(settings(full)).id()
		return sim, id, sim.call(http.MethodPut, callbacks+"/"+id, settings(map[string]any{"sign_type": "HMACSHA256"}))
	}

	It("a PUT leaves what it does not send, by default", func() {
		sim, id, updated := change(livesim.Behavior{})
		Expect(updated.field("notify_callback_url")).To(Equal("https://callback.example.com/record"))
		Expect(updated.field("on_demand_callback_url")).To(Equal("http://callback.example.com/ondemand"))
		Expect(updated.field("notify_event_subscription")).To(Equal([]any{"RECORD_OVER", "RECORD_FAILED"}))
		Expect(sim.KeyOf(project, id)).To(Equal(livesim.Secret(goodKey)))
	})

	It("a PUT may replace the whole", func() {
		sim, id, updated := change(livesim.Behavior{UpdateReplaces: true})
		Expect(updated.field("notify_callback_url")).To(BeEmpty())
		Expect(updated.field("notify_event_subscription")).To(Equal([]any{"RECORD_FILE_COMPLETE"}))
		Expect(sim.KeyOf(project, id)).To(BeEmpty())
	})

	It("a PUT may answer no body, as before 2022", func() {
		sim, id, updated := change(livesim.Behavior{EmptyUpdateBody: true})
		Expect(updated.status).To(Equal(http.StatusOK))
		Expect(updated.raw).To(BeEmpty())
		Expect(updated.header.Get("X-Request-Id")).NotTo(BeEmpty())
		c, _ := sim.Config(project, id)
		Expect(c.SignType).To(Equal("HMACSHA256"))
	})

	It("a PUT may move a configuration to another domain and app, or not", func() {
		sim := start(livesim.Options{})
		id := sim.create(minimal).id()
		moved := sim.call(http.MethodPut, callbacks+"/"+id, settings(map[string]any{"app": "other"}))
		Expect(moved.field("app")).To(Equal("other"))
		Expect(sim.create(minimal).status).To(Equal(http.StatusCreated), "the old place is free")

		sim.SetBehavior(func(b *livesim.Behavior) { b.FixedIdentity = true })
		fixed := sim.call(http.MethodPut, callbacks+"/"+id, settings(map[string]any{"app": "third", "sign_type": "MD5"}))
		Expect(fixed.code()).To(Equal("LIVE.100011001"))
		c, _ := sim.Config(project, id)
		Expect(c.App).To(Equal("other"))
		Expect(c.SignType).To(Equal("HMACSHA256"))
	})

	It("answers may have events in another order and lack fields, or even show the key", func() {
		sim := start(livesim.Options{Behavior: livesim.Behavior{
			ReverseEvents: true, OmitSignType: true, OmitOnDemandCallbackURL: true,
		}})
		created := sim.create(settings(full))
		Expect(created.field("notify_event_subscription")).To(Equal([]any{"RECORD_FAILED", "RECORD_OVER"}))
		Expect(created.raw).NotTo(ContainSubstring("sign_type"))
		Expect(created.raw).NotTo(ContainSubstring("on_demand_callback_url"))
		Expect(sim.Configs(project)[0].NotifyEventSubscription).To(Equal([]string{"RECORD_OVER", "RECORD_FAILED"}))

		sim.SetBehavior(func(b *livesim.Behavior) { b.ShowKey = true })
		Expect(sim.call(http.MethodGet, callbacks+"/"+created.id(), "").field("key")).To(Equal(goodKey))
	})

	It("answers may lack the Date header", func() {
		sim := start(livesim.Options{Behavior: livesim.Behavior{NoDate: true}})
		Expect(sim.create(minimal).header).NotTo(HaveKey("Date"))
	})

	It("a domain and app may have several configurations", func() {
		sim := start(livesim.Options{Behavior: livesim.Behavior{AllowDuplicates: true}})
		Expect(sim.create(minimal).id()).NotTo(Equal(sim.create(minimal).id()))
		Expect(sim.call(http.MethodGet, callbacks, "").field("total")).To(BeEquivalentTo(2))
	})

	It("calls may take long, and are dropped when the simulator closes", func() {
		sim := start(livesim.Options{Behavior: livesim.Behavior{Latency: time.Hour}})
		failed := make(chan error, 1)
		go func() {
			_, err := sim.try(sim.request(http.MethodPost, callbacks, minimal))
			failed <- err
		}()
		Eventually(func() int { return sim.Counts(project)[livesim.Create] }).Should(Equal(1), "the call has arrived")
		sim.Close()
		Eventually(failed).Should(Receive(HaveOccurred()), "the connection is closed")
		Expect(sim.Configs(project)).To(BeEmpty())
	})

	It("is written as JSON with durations that a person can read", func() {
		b := livesim.Behavior{LimitPerMinute: 300, Latency: 1500 * time.Millisecond, UpdateReplaces: true}
		data, err := json.Marshal(b)
		Expect(err).NotTo(HaveOccurred())
		Expect(data).To(MatchJSON(`{"limitPerMinute":300,"latency":"1.5s","updateReplaces":true}`))
		var read livesim.Behavior
		Expect(json.Unmarshal(data, &read)).To(Succeed())
		Expect(read).To(Equal(b))
		Expect(json.Unmarshal([]byte(`{"latancy":"1s"}`), &read)).To(MatchError(ContainSubstring("latancy")))
	})
})

var _ = Describe("A person in the console", func() {
	It("seeds, changes and removes configurations behind the operator's back", func() {
		clock := &livesim.Clock{}
		clock.Set(time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC))
		sim := start(livesim.Options{Clock: clock})
		id := sim.Seed(project, livesim.Config{PublishDomain: "publish.example.com", Key: goodKey})
		seeded, ok := sim.Config(project, id)
		Expect(ok).To(BeTrue())
		Expect(seeded).To(Equal(livesim.Config{
			ID: id, PublishDomain: "publish.example.com", App: "*", SignType: "HMACSHA256",
			NotifyEventSubscription: []string{"RECORD_FILE_COMPLETE"},
			CreateTime:              time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
			UpdateTime:              time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
		}))

		clock.Advance(time.Minute)
		Expect(sim.Change(project, id, func(c *livesim.Config) { c.SignType = "MD5" })).To(BeTrue())
		shown := sim.call(http.MethodGet, callbacks+"/"+id, "")
		Expect(shown.field("sign_type")).To(Equal("MD5"))
		Expect(shown.field("update_time")).To(Equal("2026-01-02T03:05:05Z"))

		Expect(sim.Remove(project, id)).To(BeTrue())
		Expect(sim.Remove(project, id)).To(BeFalse())
		Expect(sim.Change(project, id, func(*livesim.Config) {})).To(BeFalse())
		Expect(sim.call(http.MethodGet, callbacks+"/"+id, "").code()).To(Equal("LIVE.103011019"))
	})

	It("may have several configurations of one domain and app", func() {
		sim := start(livesim.Options{})
		first := sim.Seed(project, livesim.Config{PublishDomain: "publish.example.com", App: "live"})
		sim.Seed(project, livesim.Config{PublishDomain: "publish.example.com", App: "live"})
		Expect(sim.create(minimal).code()).To(Equal("LIVE.103011018"))
		sim.Remove(project, first)
		Expect(sim.create(minimal).code()).To(Equal("LIVE.103011018"), "one of the two is still there")
	})

	It("is told when an ID is taken", func() {
		sim := start(livesim.Options{})
		sim.Seed(project, livesim.Config{ID: "x", PublishDomain: "a.example.com"})
		Expect(func() { sim.Seed(project, livesim.Config{ID: "x", PublishDomain: "b.example.com"}) }).To(PanicWith(ContainSubstring("already")))
	})
})
