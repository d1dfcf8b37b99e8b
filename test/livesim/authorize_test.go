package livesim_test

import (
	"net/http"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/live-operator/live-operator/test/livesim"
)

const (
	accessID  = "QTWAOYTTINDUT2QVKYUC"
	secretKey = "MFyfvK41ba2giqM7Uio6PznpdUKGpownRZlmVmHc"
	sdkDate   = "20060102T150405Z"
)

var _ = Describe("A token", func() {
	// as makes a list with these headers in place of the good token.
	as := func(sim *bench, header http.Header) reply {
		req := sim.request(http.MethodGet, callbacks, "")
		req.Header = header
		return sim.send(req)
	}

	DescribeTable("that the gateway cannot take is refused", func(header http.Header) {
		refused := as(start(livesim.Options{}), header)
		Expect(refused.status).To(Equal(http.StatusUnauthorized))
		Expect(refused.code()).To(Equal("APIGW.0301"))
		Expect(refused.field("request_id")).To(MatchRegexp(`^[0-9a-f]{32}$`))
		Expect(refused.raw).NotTo(ContainSubstring("no-such-token"))
	},
		Entry("because it is unknown", http.Header{"X-Auth-Token": {"no-such-token"}}),
		Entry("because it is empty", http.Header{"X-Auth-Token": {""}}),
		Entry("because it is missing", http.Header{}),
		Entry("because it comes twice", http.Header{"X-Auth-Token": {tokenValue, tokenValue}}),
		Entry("because it comes with a signature", http.Header{"X-Auth-Token": {tokenValue}, "Authorization": {"x"}}),
		Entry("because it is in the wrong header", http.Header{"Authorization": {"Bearer " + tokenValue}}),
	)

	It("is good for its projects only", func() {
		sim := start(livesim.Options{})
		sim.AddToken("token-b", "project-b", "project-c")
		sim.AddToken("token-all", livesim.AnyProject)
		refused := as(sim, http.Header{"X-Auth-Token": {"token-b"}})
		Expect(refused.status).To(Equal(http.StatusForbidden))
		Expect(refused.code()).To(Equal("APIGW.0310"))
		Expect(as(sim, http.Header{"X-Auth-Token": {"token-all"}}).status).To(Equal(http.StatusOK))
	})

	It("may be revoked and restored", func() {
		sim := start(livesim.Options{})
		sim.token.Revoke()
		Expect(sim.call(http.MethodGet, callbacks, "").code()).To(Equal("APIGW.0301"))
		sim.token.Restore()
		Expect(sim.call(http.MethodGet, callbacks, "").status).To(Equal(http.StatusOK))
	})

	It("may lack an operation, by the service's or the gateway's word", func() {
		sim := start(livesim.Options{})
		sim.token.Deny(livesim.ByService, livesim.List)
		denied := sim.call(http.MethodGet, callbacks, "")
		Expect(denied.status).To(Equal(http.StatusUnauthorized))
		Expect(denied.code()).To(Equal("LIVE.100011003"))
		Expect(sim.create(minimal).status).To(Equal(http.StatusCreated), "others are not denied")

		sim.token.Deny(livesim.ByGateway)
		denied = sim.call(http.MethodGet, callbacks, "")
		Expect(denied.status).To(Equal(http.StatusForbidden))
		Expect(denied.code()).To(Equal("APIGW.0302"))

		sim.token.Allow()
		Expect(sim.call(http.MethodGet, callbacks, "").status).To(Equal(http.StatusOK))
	})
})

var _ = Describe("A signature", func() {
	It("matches the known answer of the vendor's documentation", func() {
		req, err := http.NewRequest(http.MethodGet, "https://service.region.example.com/v1/77b6a44cba5143ab91d13ab9a8ff44fd/vpcs"+
			"?limit=2&marker=13551d6b-755d-4757-b956-536f674975c0", nil)
		Expect(err).NotTo(HaveOccurred())
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("X-Sdk-Date", "20191115T033655Z")
		livesim.Sign(req, "", accessID, secretKey, "content-type", "host", "x-sdk-date")
		Expect(req.Header.Get("Authorization")).To(Equal("SDK-HMAC-SHA256 Access=" + accessID +
			", SignedHeaders=content-type;host;x-sdk-date" +
			", Signature=7be6668032f70418fcc22abc52071e57aff61b84a1d2381bb430d6870f4f6ebe"))
	})

	// sign makes a create that is signed at a time by the machine's clock.
	sign := func(sim *bench, at time.Time, change func(*http.Request)) reply {
		req := sim.request(http.MethodPost, callbacks, minimal)
		req.Header.Del("X-Auth-Token")
		req.Header.Set("X-Sdk-Date", at.UTC().Format(sdkDate))
		livesim.Sign(req, minimal, accessID, secretKey, "host", "x-sdk-date")
		if change != nil {
			change(req)
		}
		return sim.send(req)
	}

	It("lets a call through that it fits", func() {
		sim := start(livesim.Options{})
		sim.AddAccessKey(accessID, secretKey, project)
		Expect(sign(sim, time.Now(), nil).status).To(Equal(http.StatusCreated))
		Expect(sim.Calls()[0].Credential).To(Equal("access-key-1"))
	})

	It("covers a query whatever its order, and characters that need escaping", func() {
		sim := start(livesim.Options{})
		sim.AddAccessKey(accessID, secretKey, project)
		req := sim.request(http.MethodGet, callbacks+"?limit=5&app=%2A%20~&publish_domain=d", "")
		req.Header.Del("X-Auth-Token")
		req.Header.Set("X-Sdk-Date", time.Now().UTC().Format(sdkDate))
		livesim.Sign(req, "", accessID, secretKey, "x-sdk-date")
		req.URL.RawQuery = "publish_domain=d&app=*+~&limit=5"
		Expect(sim.send(req).status).To(Equal(http.StatusOK))
	})

	DescribeTable("that does not fit is refused", func(change func(*http.Request)) {
		sim := start(livesim.Options{})
		key := sim.AddAccessKey(accessID, secretKey, project)
		refused := sign(sim, time.Now(), change)
		Expect(refused.status).To(Equal(http.StatusUnauthorized))
		Expect(refused.code()).To(Equal("APIGW.0301"))
		Expect(refused.field("error_msg")).To(HaveSuffix("verify aksk signature fail"))
		Expect(key.Failures()).To(Equal(1))
		Expect(sim.Configs(project)).To(BeEmpty())
	},
		Entry("because the body is another", func(r *http.Request) {
			other, err := http.NewRequest(http.MethodPost, r.URL.String(), strings.NewReader(settings(full)))
			Expect(err).NotTo(HaveOccurred())
			r.Body, r.ContentLength, r.GetBody = other.Body, other.ContentLength, other.GetBody
		}),
		Entry("because the query is another", func(r *http.Request) { r.URL.RawQuery = "limit=1" }),
		Entry("because a signed header is another", func(r *http.Request) {
			r.Header.Set("X-Sdk-Date", time.Now().Add(time.Minute).UTC().Format(sdkDate))
		}),
		Entry("because it is of another secret key", func(r *http.Request) {
			livesim.Sign(r, minimal, accessID, "another", "host", "x-sdk-date")
		}),
		Entry("because a permanent key comes with a security token", func(r *http.Request) {
			r.Header.Set("X-Security-Token", "x")
		}),
	)

	DescribeTable("that cannot be checked is refused", func(change func(*http.Request), message string) {
		sim := start(livesim.Options{})
		sim.AddAccessKey(accessID, secretKey, project)
		refused := sign(sim, time.Now(), change)
		Expect(refused.code()).To(Equal("APIGW.0301"))
		Expect(refused.field("error_msg")).To(ContainSubstring(message))
	},
		Entry("of an unknown access key", func(r *http.Request) {
			livesim.Sign(r, minimal, "UNKNOWN", secretKey, "host", "x-sdk-date")
		}, "ak not exist"),
		Entry("without the date among the signed headers", func(r *http.Request) {
			livesim.Sign(r, minimal, accessID, secretKey, "host")
		}, "x-sdk-date"),
		Entry("with signed headers out of order", func(r *http.Request) {
			livesim.Sign(r, minimal, accessID, secretKey, "x-sdk-date", "host")
		}, "sorted"),
		Entry("without a date", func(r *http.Request) { r.Header.Del("X-Sdk-Date") }, "X-Sdk-Date"),
		Entry("of another algorithm", func(r *http.Request) { r.Header.Set("Authorization", "AWS4 Access=a") }, "Authorization"),
		Entry("without a signature", func(r *http.Request) {
			r.Header.Set("Authorization", "SDK-HMAC-SHA256 Access=a, SignedHeaders=x-sdk-date, Signature=")
		}, "Authorization"),
	)

	DescribeTable("may be off the API's clock by 15 minutes", func(skew time.Duration, accepted bool) {
		clock := &livesim.Clock{}
		now := time.Now().Truncate(time.Second)
		clock.Set(now.Add(skew))
		sim := start(livesim.Options{Clock: clock})
		sim.AddAccessKey(accessID, secretKey, project)
		answer := sign(sim, now, nil)
		if accepted {
			Expect(answer.status).To(Equal(http.StatusCreated))
			return
		}
		Expect(answer.code()).To(Equal("APIGW.0301"))
		Expect(answer.field("error_msg")).To(HaveSuffix("Signature expired"))
	},
		Entry("behind", 15*time.Minute, true),
		Entry("but not more behind", 15*time.Minute+time.Second, false),
		Entry("ahead", -15*time.Minute, true),
		Entry("but not more ahead", -15*time.Minute-time.Second, false),
	)

	It("of a temporary key needs the security token", func() {
		sim := start(livesim.Options{})
		sim.AddTemporaryAccessKey(accessID, secretKey, "security-token", project)
		Expect(sign(sim, time.Now(), nil).code()).To(Equal("APIGW.0301"))
		Expect(sign(sim, time.Now(), func(r *http.Request) {
			r.Header.Set("X-Security-Token", "security-token")
		}).status).To(Equal(http.StatusCreated))
	})

	It("must be for the project of the path", func() {
		sim := start(livesim.Options{})
		key := sim.AddAccessKey(accessID, secretKey, project)
		scoped := func(scope string) reply {
			return sign(sim, time.Now(), func(r *http.Request) { r.Header.Set("X-Project-Id", scope) })
		}
		Expect(scoped("project-b").code()).To(Equal("APIGW.0310"))
		Expect(scoped(project).status).To(Equal(http.StatusCreated))
		key.SetProjects("project-b")
		Expect(sign(sim, time.Now(), nil).code()).To(Equal("APIGW.0310"))
	})

	It("locks the key after some that do not fit, for five minutes", func() {
		clock := &livesim.Clock{}
		sim := start(livesim.Options{Clock: clock, Behavior: livesim.Behavior{LockAfter: 5}})
		sim.AddAccessKey(accessID, secretKey, project)
		for range 5 {
			sign(sim, time.Now(), func(r *http.Request) {
				livesim.Sign(r, minimal, accessID, "wrong", "host", "x-sdk-date")
			})
		}
		Expect(sign(sim, time.Now(), nil).field("error_msg")).To(HaveSuffix("AK access failed to reach the limit,forbidden"))
		clock.Advance(5 * time.Minute)
		Expect(sign(sim, time.Now().Add(5*time.Minute), nil).status).To(Equal(http.StatusCreated))
	})
})

var _ = Describe("The limit of calls a minute", func() {
	It("holds for any minute of a user, and says when to come back", func() {
		clock := &livesim.Clock{}
		clock.Set(time.Now())
		sim := start(livesim.Options{Clock: clock, Behavior: livesim.Behavior{LimitPerMinute: 3, RetryAfter: 1500 * time.Millisecond}})
		list := func() int { return sim.call(http.MethodGet, callbacks, "").status }
		Expect(list()).To(Equal(http.StatusOK))
		clock.Advance(40 * time.Second)
		Expect(list()).To(Equal(http.StatusOK))
		Expect(list()).To(Equal(http.StatusOK))

		over := sim.call(http.MethodGet, callbacks, "")
		Expect(over.status).To(Equal(http.StatusTooManyRequests))
		Expect(over.code()).To(Equal("APIGW.0308"))
		Expect(over.field("error_msg")).To(ContainSubstring("policy user over ratelimit,limit:3,time:1 minute"))
		Expect(over.header.Get("Retry-After")).To(Equal("2"))

		clock.Advance(20 * time.Second)
		Expect(list()).To(Equal(http.StatusOK), "the first call is a minute old")
		Expect(list()).To(Equal(http.StatusTooManyRequests), "the other two are not")
		Expect(sim.Busiest(project)).To(Equal(5), "refused calls have arrived too")
	})

	It("holds for a project of several users, and for a user with several credentials", func() {
		sim := start(livesim.Options{Behavior: livesim.Behavior{LimitPerMinute: 2}})
		other := sim.AddToken("token-b", project, "project-b")
		list := func(token, project string) reply {
			req := sim.request(http.MethodGet, "/v1/"+project+"/record/callbacks", "")
			req.Header.Set("X-Auth-Token", token)
			return sim.send(req)
		}
		Expect(list(tokenValue, project).status).To(Equal(http.StatusOK))
		Expect(list("token-b", project).status).To(Equal(http.StatusOK))
		over := list("token-b", project)
		Expect(over.field("error_msg")).To(ContainSubstring("policy project"))
		Expect(over.header).NotTo(HaveKey("Retry-After"))
		Expect(list("token-b", "project-b").status).To(Equal(http.StatusOK), "another project does not notice")

		other.ShareLimit(sim.token)
		Expect(list("token-b", "project-b").status).To(Equal(http.StatusOK), "the second of the user of the first token")
		Expect(list("token-b", "project-b").field("error_msg")).To(ContainSubstring("policy user"))
	})
})
