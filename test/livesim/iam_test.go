package livesim_test

import (
	"fmt"
	"net/http"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/live-operator/live-operator/test/livesim"
)

const tokens = "/v3/auth/tokens"

func login(domain, name, password, projectID string) string {
	return fmt.Sprintf(`{"auth":{"identity":{"methods":["password"],"password":{"user":`+
		`{"name":%q,"password":%q,"domain":{"name":%q}}}},"scope":{"project":{"id":%q}}}}`, name, password, domain, projectID)
}

var _ = Describe("IAM", func() {
	// ask makes the token call, which takes no token itself.
	ask := func(sim *bench, body string) reply {
		req := sim.request(http.MethodPost, tokens, body)
		req.Header.Del("X-Auth-Token")
		return sim.send(req)
	}
	// list calls the Live API with an issued token.
	list := func(sim *bench, token, projectID string) reply {
		req := sim.request(http.MethodGet, "/v1/"+projectID+"/record/callbacks", "")
		req.Header.Set("X-Auth-Token", token)
		return sim.send(req)
	}

	It("issues a token that is good for one project until it expires", func() {
		clock := &livesim.Clock{}
		clock.Set(time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC))
		sim := start(livesim.Options{Clock: clock})
		sim.AddUser("acme", "robot", "pass-word", project, "project-b")

		issued := ask(sim, login("acme", "robot", "pass-word", project))
		Expect(issued.status).To(Equal(http.StatusCreated))
		token := issued.header.Get("X-Subject-Token")
		Expect(token).To(HaveLen(6000))
		Expect(issued.field("token")).To(HaveKeyWithValue("expires_at", "2026-01-03T03:04:05.000000Z"))
		Expect(issued.field("token")).To(HaveKeyWithValue("project", HaveKeyWithValue("id", project)))
		Expect(issued.raw).NotTo(ContainSubstring("pass-word"))

		Expect(list(sim, token, project).status).To(Equal(http.StatusOK))
		Expect(list(sim, token, "project-b").code()).To(Equal("APIGW.0310"))

		clock.Advance(24 * time.Hour)
		expired := list(sim, token, project)
		Expect(expired.status).To(Equal(http.StatusUnauthorized))
		Expect(expired.code()).To(Equal("APIGW.0307"))
	})

	It("keeps older tokens when it issues a new one, and ends all with a new password", func() {
		sim := start(livesim.Options{Behavior: livesim.Behavior{TokenSize: 9000}})
		sim.AddUser("acme", "robot", "old", project)
		first := ask(sim, login("acme", "robot", "old", project)).header.Get("X-Subject-Token")
		second := ask(sim, login("acme", "robot", "old", project)).header.Get("X-Subject-Token")
		Expect(first).To(HaveLen(9000))
		Expect(first).NotTo(Equal(second))
		Expect(list(sim, first, project).status).To(Equal(http.StatusOK))

		sim.SetPassword("acme", "robot", "new")
		Expect(list(sim, first, project).status).To(Equal(http.StatusUnauthorized))
		Expect(list(sim, second, project).status).To(Equal(http.StatusUnauthorized))
		Expect(ask(sim, login("acme", "robot", "old", project)).status).To(Equal(http.StatusUnauthorized))
		third := ask(sim, login("acme", "robot", "new", project)).header.Get("X-Subject-Token")
		Expect(list(sim, third, project).status).To(Equal(http.StatusOK))
	})

	It("ends tokens, takes permissions away and revokes users when told to", func() {
		sim := start(livesim.Options{})
		user := sim.AddUser("acme", "robot", "pass-word", project)
		issue := func() string {
			return ask(sim, login("acme", "robot", "pass-word", project)).header.Get("X-Subject-Token")
		}
		token := issue()
		user.EndTokens()
		Expect(list(sim, token, project).code()).To(Equal("APIGW.0307"))
		token = issue()
		user.Deny(livesim.ByService, livesim.List)
		Expect(list(sim, token, project).code()).To(Equal("LIVE.100011003"))
		user.Revoke()
		Expect(list(sim, token, project).code()).To(Equal("APIGW.0301"))
		Expect(issue()).To(BeEmpty())
	})

	DescribeTable("refuses", func(body string, status, wrong int) {
		sim := start(livesim.Options{})
		user := sim.AddUser("acme", "robot", "pass-word", project)
		refused := ask(sim, body)
		Expect(refused.status).To(Equal(status))
		Expect(refused.field("error")).To(HaveKeyWithValue("code", BeEquivalentTo(status)))
		Expect(refused.field("error")).To(HaveKeyWithValue("title", http.StatusText(status)))
		Expect(refused.header.Get("X-Request-Id")).To(MatchRegexp(`^[0-9a-f]{32}$`))
		Expect(refused.header).NotTo(HaveKey("X-Subject-Token"))
		Expect(sim.WrongPasswords()).To(Equal(wrong))
		Expect(user.Failures()).To(BeNumerically("<=", wrong))
	},
		Entry("a wrong password", login("acme", "robot", "wrong", project), http.StatusUnauthorized, 1),
		Entry("an unknown user", login("acme", "nobody", "pass-word", project), http.StatusUnauthorized, 1),
		Entry("a user of another domain", login("other", "robot", "pass-word", project), http.StatusUnauthorized, 1),
		Entry("a project that is not the user's", login("acme", "robot", "pass-word", "project-b"), http.StatusUnauthorized, 0),
		Entry("no password", login("acme", "robot", "", project), http.StatusBadRequest, 0),
		Entry("no domain", login("", "robot", "pass-word", project), http.StatusBadRequest, 0),
		Entry("no project", login("acme", "robot", "pass-word", ""), http.StatusBadRequest, 0),
		Entry("another method", `{"auth":{"identity":{"methods":["token"]}}}`, http.StatusBadRequest, 0),
		Entry("an unknown field", `{"auth":{"identity":{"methods":["password"]},"nonce":1}}`, http.StatusBadRequest, 0),
		Entry("what is no JSON", `auth`, http.StatusBadRequest, 0),
	)

	It("locks the account after some wrong passwords", func() {
		clock := &livesim.Clock{}
		sim := start(livesim.Options{Clock: clock, Behavior: livesim.Behavior{LockAfter: 3, LockFor: time.Hour}})
		user := sim.AddUser("acme", "robot", "pass-word", project)
		for range 3 {
			ask(sim, login("acme", "robot", "wrong", project))
		}
		locked := ask(sim, login("acme", "robot", "pass-word", project))
		Expect(locked.field("error")).To(HaveKeyWithValue("message", "The account is locked."))
		clock.Advance(time.Hour)
		Expect(ask(sim, login("acme", "robot", "pass-word", project)).status).To(Equal(http.StatusCreated))
		Expect(user.Failures()).To(Equal(3))
	})

	It("wants JSON", func() {
		sim := start(livesim.Options{})
		req := sim.request(http.MethodPost, tokens, login("acme", "robot", "pass-word", project))
		req.Header.Set("Content-Type", "text/plain")
		Expect(sim.send(req).status).To(Equal(http.StatusBadRequest))
	})
})
