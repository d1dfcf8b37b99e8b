package livesim_test

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net/http"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/live-operator/live-operator/test/livesim"
)

var _ = Describe("Another process", func() {
	var sim *bench
	var remote *livesim.Remote

	BeforeEach(func() {
		sim = start(livesim.Options{})
		remote = livesim.NewRemote(sim.URL()+"/", sim.client)
	})

	It("sees calls, counts and configurations", func(ctx SpecContext) {
		Expect(remote.Healthy(ctx)).To(Succeed())
		sim.create(minimal)
		sim.call(http.MethodGet, callbacks, "")
		Expect(remote.Calls(ctx, 0)).To(HaveLen(2))
		Expect(remote.Calls(ctx, 1)).To(ConsistOf(HaveField("Operation", livesim.List)))
		Expect(remote.Calls(ctx, 0, livesim.Create)).To(ConsistOf(HaveField("Status", http.StatusCreated)))
		Expect(remote.Counts(ctx)).To(Equal(livesim.Counts{livesim.Create: 1, livesim.List: 1}))
		Expect(remote.Acted(ctx, project)).To(Equal(livesim.Counts{livesim.Create: 1, livesim.List: 1}))
		Expect(remote.Busiest(ctx, project)).To(Equal(2))
		Expect(remote.Configs(ctx, project)).To(Equal(sim.Configs(project)))
		Expect(remote.ResetLog(ctx)).To(Succeed())
		Expect(remote.Calls(ctx, 0)).To(BeEmpty())
	})

	It("acts as a person in the console", func(ctx SpecContext) {
		id, err := remote.Seed(ctx, project, livesim.Config{
			PublishDomain: "publish.example.com", App: "live", Key: goodKey, NotifyEventSubscription: []string{"RECORD_OVER"},
		})
		Expect(err).NotTo(HaveOccurred())
		Expect(sim.KeyOf(project, id).Reveal()).To(Equal(goodKey))
		c, _ := sim.Config(project, id)
		Expect(c).To(And(HaveField("NotifyEventSubscription", []string{"RECORD_OVER"}), HaveField("SignType", "HMACSHA256")))
		Expect(c.CreateTime).To(BeTemporally("~", time.Now(), time.Minute))

		Expect(remote.Change(ctx, project, id, func(c *livesim.Config) { c.SignType = "MD5" })).To(Succeed())
		c, _ = sim.Config(project, id)
		Expect(c).To(And(HaveField("SignType", "MD5"), HaveField("App", "live")))
		Expect(sim.KeyOf(project, id).Reveal()).To(Equal(goodKey))

		_, err = remote.Seed(ctx, project, livesim.Config{ID: id, PublishDomain: "other.example.com"})
		Expect(err).To(MatchError(ContainSubstring("already")))
		Expect(remote.Remove(ctx, project, id)).To(Succeed())
		Expect(remote.Remove(ctx, project, id)).To(MatchError(ContainSubstring("no configuration")))
		Expect(remote.Change(ctx, project, id, func(*livesim.Config) {})).NotTo(Succeed())
	})

	It("scripts faults, behavior and the clock", func(ctx SpecContext) {
		id, err := remote.Fail(ctx, livesim.Fault{Operation: livesim.Create, Status: 503, Header: map[string]string{"Retry-After": "3"}})
		Expect(err).NotTo(HaveOccurred())
		Expect(sim.create(minimal).header.Get("Retry-After")).To(Equal("3"))
		Expect(sim.Hits(id)).To(Equal(1))
		Expect(remote.ClearFaults(ctx, id)).To(Succeed())
		Expect(sim.create(minimal).status).To(Equal(http.StatusCreated))
		_, err = remote.Fail(ctx, livesim.Fault{Gate: livesim.NewGate()})
		Expect(err).To(MatchError(ContainSubstring("use Hang")))

		Expect(remote.SetBehavior(ctx, func(b *livesim.Behavior) { b.NoDate, b.LimitPerMinute, b.LockFor = true, 9, time.Second })).To(Succeed())
		Expect(sim.Behavior()).To(And(HaveField("NoDate", true), HaveField("LimitPerMinute", 9), HaveField("LockFor", time.Second)))
		Expect(remote.SetBehavior(ctx, func(b *livesim.Behavior) { b.NoDate, b.LockFor = false, 0 })).To(Succeed())
		Expect(sim.Behavior()).To(And(HaveField("NoDate", false), HaveField("LimitPerMinute", 9), HaveField("LockFor", 5*time.Minute)))

		Expect(remote.SkewClock(ctx, -time.Hour)).To(Succeed())
		Expect(sim.Clock().Now()).To(BeTemporally("~", time.Now().Add(-time.Hour), time.Minute))
	})

	It("adds credentials and changes what they may do", func(ctx SpecContext) {
		list := func(token string) int {
			req := sim.request(http.MethodGet, callbacks, "")
			req.Header.Set("X-Auth-Token", token)
			return sim.send(req).status
		}
		Expect(remote.AddToken(ctx, "token-b", project)).To(Equal("token-2"))
		Expect(list("token-b")).To(Equal(http.StatusOK))
		who := livesim.Who{Token: "token-b"}
		for _, step := range []struct {
			livesim.Permissions
			status int
		}{
			{livesim.Permissions{Deny: []livesim.Operation{livesim.List}}, http.StatusUnauthorized},
			{livesim.Permissions{Deny: []livesim.Operation{livesim.List}, ByGateway: true}, http.StatusForbidden},
			{livesim.Permissions{Allow: []livesim.Operation{livesim.List}}, http.StatusOK},
			{livesim.Permissions{Projects: []string{"project-b"}}, http.StatusForbidden},
			{livesim.Permissions{Revoke: true}, http.StatusUnauthorized},
			{livesim.Permissions{Restore: true, Projects: []string{project}}, http.StatusOK},
		} {
			Expect(remote.SetPermissions(ctx, who, step.Permissions)).To(Succeed())
			Expect(list("token-b")).To(Equal(step.status), "%+v", step.Permissions)
		}
		Expect(fmt.Sprintf("%v %+v %#v", who, who, who)).NotTo(ContainSubstring("token-b"))

		Expect(remote.AddAccessKey(ctx, accessID, secretKey, project)).To(Equal("access-key-1"))
		Expect(remote.AddUser(ctx, "acme", "robot", "pass-word", project)).To(Equal("acme/robot"))
		Expect(sim.call(http.MethodPost, tokens, login("acme", "robot", "pass-word", project)).status).To(Equal(http.StatusCreated))
		Expect(remote.SetPermissions(ctx, livesim.Who{Domain: "acme", User: "robot"}, livesim.Permissions{Revoke: true, EndTokens: true})).To(Succeed())
		Expect(sim.call(http.MethodPost, tokens, login("acme", "robot", "pass-word", project)).status).To(Equal(http.StatusUnauthorized))
		Expect(remote.SetPermissions(ctx, livesim.Who{AccessKey: "NONE"}, livesim.Permissions{})).To(MatchError(ContainSubstring("no such credential")))
		_, err := remote.AddUser(ctx, "acme", "", "pass-word")
		Expect(err).To(HaveOccurred())
	})

	DescribeTable("is told what it sends wrong", func(method, path, body, message string) {
		refused := sim.call(method, "/_sim/"+path, body)
		Expect(refused.status).To(Equal(http.StatusBadRequest))
		Expect(refused.field("error")).To(ContainSubstring(message))
		Expect(sim.Calls()).To(BeEmpty(), "none of this is in the log")
	},
		Entry("a fault with an unknown field", http.MethodPost, "faults", `{"x":1}`, "unknown field"),
		Entry("a behavior with an unknown field", http.MethodPatch, "behavior", `{"x":1}`, "unknown field"),
		Entry("a number that is none", http.MethodGet, "calls?after=x", "", "after"),
		Entry("a clock that is none", http.MethodPost, "clock", `{"skew":"x"}`, "invalid duration"),
		Entry("a seed that is none", http.MethodPost, "seed", `[]`, "cannot unmarshal"),
		Entry("a change that is none", http.MethodPost, "change", `[]`, "cannot unmarshal"),
		Entry("a removal that is none", http.MethodPost, "remove", `[]`, "cannot unmarshal"),
		Entry("a credential that is none", http.MethodPost, "tokens", `[]`, "cannot unmarshal"),
		Entry("permissions that are none", http.MethodPost, "permissions", `[]`, "cannot unmarshal"),
	)

	It("changes one behavior and leaves the others with PATCH", func() {
		sim.call(http.MethodPatch, "/_sim/behavior", `{"latency":"1ms"}`)
		patched := sim.call(http.MethodPatch, "/_sim/behavior", `{"noDate":true}`)
		Expect(patched.field("latency")).To(Equal("1ms"))
		Expect(patched.field("noDate")).To(BeTrue())
	})

	It("hears of a simulator that is not there", func(ctx SpecContext) {
		sim.Close()
		Expect(remote.Healthy(ctx)).To(MatchError(ContainSubstring("calling the simulator")))
		_, err := sim.Listen(ctx, "127.0.0.1:0", nil)
		Expect(err).To(MatchError("the simulator is closed"))
	})
})

var _ = Describe("TLS", func() {
	It("is served with a certificate that its authority vouches for, resets included", func() {
		sim := livesim.New(livesim.Options{})
		url, ca := sim.StartTLS()
		DeferCleanup(sim.Close)
		sim.AddToken(tokenValue, project)
		Expect(sim.URL()).To(Equal(url))
		roots := x509.NewCertPool()
		Expect(roots.AppendCertsFromPEM(ca)).To(BeTrue())
		client := &http.Client{Transport: &http.Transport{
			DisableKeepAlives: true, TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
		}}
		b := &bench{Simulator: sim, client: client}
		Expect(b.create(minimal).status).To(Equal(http.StatusCreated))
		sim.Fail(livesim.Fault{Reset: livesim.Before})
		_, err := b.try(b.request(http.MethodGet, callbacks, ""))
		Expect(err).To(HaveOccurred())

		byName := strings.Replace(url, "127.0.0.1", "localhost", 1)
		Expect(livesim.NewRemote(byName, client).Healthy(GinkgoT().Context())).To(Succeed())
	})
})
