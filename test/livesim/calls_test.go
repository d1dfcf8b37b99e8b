package livesim_test

import (
	"encoding/json"
	"fmt"
	"net/http"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/live-operator/live-operator/test/livesim"
)

var _ = Describe("The log of calls", func() {
	It("tells what was called and what was answered", func() {
		sim := start(livesim.Options{})
		req := sim.request(http.MethodPost, callbacks, settings(map[string]any{"sign_type": "MD5"}))
		req.Header.Set("User-Agent", "live-operator/1.0")
		created := sim.send(req)
		sim.call(http.MethodGet, callbacks+"?limit=100&publish_domain=d", "")
		sim.call(http.MethodPut, "/v1/"+project+"/record/callback/x", minimal)

		calls := sim.Calls()
		Expect(calls).To(HaveLen(3))
		Expect(calls[0]).To(And(
			HaveField("Number", 1),
			HaveField("Operation", livesim.Create),
			HaveField("Method", http.MethodPost),
			HaveField("Path", callbacks),
			HaveField("Project", project),
			HaveField("ID", created.id()),
			HaveField("PublishDomain", "publish.example.com"),
			HaveField("App", "live"),
			HaveField("Status", http.StatusCreated),
			HaveField("RequestID", created.header.Get("X-Request-Id")),
			HaveField("Credential", sim.token.Name()),
			HaveField("Acted", true),
			HaveField("UserAgent()", "live-operator/1.0"),
			HaveField("Body", MatchJSON(settings(map[string]any{"sign_type": "MD5"}))),
		))
		Expect(sim.Calls(livesim.List)[0].Query).To(HaveKeyWithValue("limit", []string{"100"}))
		Expect(calls[2].Operation).To(Equal(livesim.Unknown))
		Expect(calls[2].Code).To(Equal("APIGW.0101"))
		Expect(calls[2].Acted).To(BeFalse())
		Expect(calls[0].String()).To(ContainSubstring("Create POST " + callbacks + " -> 201"))
	})

	It("keeps the newest, and counts all, by project and operation", func() {
		sim := start(livesim.Options{CallLog: 3})
		for i := range 5 {
			sim.create(settings(map[string]any{"app": fmt.Sprint(i)}))
		}
		sim.create(minimal + "x")
		sim.call(http.MethodPost, tokens, "{}")
		Expect(sim.Calls()).To(HaveLen(3))
		Expect(sim.Calls()[0].Number).To(Equal(5))
		Expect(sim.Counts()).To(Equal(livesim.Counts{livesim.Create: 6, livesim.Authenticate: 1}))
		Expect(sim.Counts().Live()).To(Equal(6))
		Expect(sim.Acted(project)).To(Equal(livesim.Counts{livesim.Create: 5}))
		Expect(sim.Counts("project-b")).To(BeEmpty())
		Expect(sim.Busiest(project)).To(Equal(6))

		sim.ResetLog()
		Expect(sim.Calls()).To(BeEmpty())
		Expect(sim.Counts()).To(BeEmpty())
		Expect(sim.Busiest(project)).To(BeZero())
		sim.create(minimal)
		Expect(sim.Calls()[0].Number).To(Equal(1))
	})

	It("tells each call to who listens when it has been answered", func() {
		heard := make(chan livesim.Call, 1)
		sim := start(livesim.Options{OnCall: func(c livesim.Call) { heard <- c }})
		sim.create(minimal)
		Eventually(heard).Should(Receive(And(HaveField("Done", true), HaveField("Status", http.StatusCreated))), "it is told")
	})

	It("never holds a secret", func() {
		sim := start(livesim.Options{})
		sim.AddAccessKey(accessID, secretKey, project)
		sim.AddUser("acme", "robot", "pass-word", project)
		sim.create(settings(full))
		sim.create(`{"KEY":"` + goodKey + `","nested":{"key":"` + goodKey + `"},"list":["` + goodKey + `"]}`)
		sim.create(goodKey)
		sim.create(`"` + goodKey + `"`)
		sim.call(http.MethodGet, callbacks+"?key="+goodKey, "")
		signed := sim.request(http.MethodPost, callbacks, minimal)
		signed.Header.Del("X-Auth-Token")
		signed.Header.Set("X-Sdk-Date", "20060102T150405Z")
		signed.Header.Set("X-Security-Token", "security-token")
		livesim.Sign(signed, minimal, accessID, secretKey, "x-sdk-date")
		sim.send(signed)
		for _, password := range []string{"pass-word", "pass-word-wrong"} {
			issued := sim.call(http.MethodPost, tokens, login("acme", "robot", password, project))
			if token := issued.header.Get("X-Subject-Token"); token != "" {
				req := sim.request(http.MethodGet, callbacks, "")
				req.Header.Set("X-Auth-Token", token)
				sim.send(req)
				data, err := json.Marshal(sim.Calls())
				Expect(err).NotTo(HaveOccurred())
				Expect(string(data)).NotTo(ContainSubstring(token))
			}
		}
		data, err := json.Marshal(sim.Calls())
		Expect(err).NotTo(HaveOccurred())
		for _, printed := range []string{string(data), fmt.Sprintf("%v %+v %#v", sim.Calls(), sim.Calls(), sim.Calls())} {
			for _, secret := range []string{goodKey, tokenValue, "pass-word", secretKey, "security-token", "Signature="} {
				Expect(printed).NotTo(ContainSubstring(secret))
			}
			Expect(printed).To(ContainSubstring("robot"), "what is no secret is there")
			Expect(printed).To(ContainSubstring("[redacted]"))
		}
		Expect(fmt.Sprintf("%v %+v %#v", sim.token, sim.token, sim.token)).To(Equal("token-1 token-1 token-1"))
	})
})
