package credentials_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	clocktesting "k8s.io/utils/clock/testing"

	"github.com/live-operator/live-operator/internal/credentials"
	"github.com/live-operator/live-operator/internal/live"
)

// authorize gives the token that a request would carry.
func authorize(ctx context.Context, c *credentials.Credential, t live.Target) (string, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://live.example.com/v1/p", nil)
	if err != nil {
		return "", err
	}
	err = c.For(t).Authorize(ctx, r)
	return r.Header.Get("X-Auth-Token"), err
}

var _ = Describe("A user's token", func() {
	var (
		ctx    context.Context
		clock  *clocktesting.FakeClock
		server *iam
		cred   *credentials.Credential
	)
	BeforeEach(func() {
		ctx = context.Background()
		clock = clocktesting.NewFakeClock(start)
		server = newIAM(clock, "s3cret-canary")
		cred = read(cacheAt(clock, server.URL+"/{region}"), "uid", "1", userData("s3cret-canary"))
	})
	token := func(t live.Target) string {
		GinkgoHelper()
		got, err := authorize(ctx, cred, t)
		Expect(err).NotTo(HaveOccurred())
		return got
	}
	failure := func() *live.Error {
		GinkgoHelper()
		_, err := authorize(ctx, cred, projectA)
		e, ok := live.AsError(err)
		Expect(ok).To(BeTrue(), "a *live.Error, not %v", err)
		Expect(e.Operation).To(Equal(live.OperationAuthenticate))
		Expect(e.Error()).NotTo(ContainSubstring("canary"))
		Expect(e.Uncertain).To(BeFalse())
		return e
	}

	It("is asked for once by the region's IAM, for the project alone", func() {
		Expect(token(projectA)).To(Equal("issued-project-a-1"))
		Expect(token(projectA)).To(Equal("issued-project-a-1"))
		Expect(server.seen()).To(HaveLen(1))
		asked := server.seen()[0]
		Expect(asked.path).To(Equal("/cn-north-4/v3/auth/tokens"))
		Expect(asked.header.Get("User-Agent")).To(HavePrefix("live-operator/test "))
		Expect(asked.header).NotTo(HaveKey("X-Auth-Token"))
		Expect(asked.body).To(MatchJSON(`{"auth":{
			"identity":{"methods":["password"],"password":{"user":{"name":"operator","password":"s3cret-canary","domain":{"name":"example"}}}},
			"scope":{"project":{"id":"project-a"}}}}`))
	})

	It("is another one for another project or region", func() {
		Expect(token(projectA)).To(Equal("issued-project-a-1"))
		Expect(token(projectB)).To(Equal("issued-project-b-2"))
		Expect(token(projectC)).To(Equal("issued-project-c-3"))
		Expect(server.seen()[2].path).To(HavePrefix("/cn-north-1/"))
	})

	It("is asked for once by all who want it at the same time", func() {
		hang := make(chan struct{})
		server.change(func() { server.hang = hang })
		var done sync.WaitGroup
		for range 50 {
			done.Go(func() {
				defer GinkgoRecover()
				Expect(token(projectA)).To(Equal("issued-project-a-1"))
			})
		}
		Eventually(server.seen, 5*time.Second).Should(HaveLen(1), "the first has asked")
		close(hang)
		done.Wait()
		Expect(server.seen()).To(HaveLen(1))
	})

	It("survives a touch of the Secret that changes none of its values", func() {
		cache := cacheAt(clock, server.URL)
		cred = read(cache, "uid", "1", userData("s3cret-canary"))
		first := token(projectA)
		cred = read(cache, "uid", "2", userData("s3cret-canary"))
		Expect(token(projectA)).To(Equal(first))
	})

	It("is renewed half an hour before its end, while the old one serves on", func() {
		token(projectA)
		clock.Step(23*time.Hour + 29*time.Minute)
		Expect(token(projectA)).To(Equal("issued-project-a-1"))
		Expect(server.seen()).To(HaveLen(1))
		clock.Step(time.Minute)
		hang := make(chan struct{})
		server.change(func() { server.hang = hang })
		Expect(token(projectA)).To(Equal("issued-project-a-1"))
		Eventually(server.seen, 5*time.Second).Should(HaveLen(2), "the renewal has begun")
		Expect(token(projectA)).To(Equal("issued-project-a-1"), "nobody waits for it")
		close(hang)
		Eventually(func() string { return token(projectA) }, 5*time.Second).Should(Equal("issued-project-a-2"), "the renewal has ended")
		Expect(server.seen()).To(HaveLen(2))
	})

	It("is renewed at the last tenth of a short life", func() {
		server.change(func() { server.lifetime = 10 * time.Minute })
		token(projectA)
		clock.Step(8*time.Minute + 59*time.Second)
		token(projectA)
		Expect(server.seen()).To(HaveLen(1))
		clock.Step(time.Second)
		token(projectA)
		Eventually(server.seen, 5*time.Second).Should(HaveLen(2), "the renewal has begun")
	})

	It("serves on while its renewal fails, which is not repeated at once", func() {
		token(projectA)
		clock.Step(23*time.Hour + 45*time.Minute)
		server.change(func() {
			server.override = func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) }
		})
		Expect(token(projectA)).To(Equal("issued-project-a-1"))
		Eventually(server.seen, 5*time.Second).Should(HaveLen(2), "the renewal has begun")
		Consistently(func() int { token(projectA); return len(server.seen()) }, 50*time.Millisecond).Should(BeNumerically("<=", 3))
		clock.Step(15 * time.Minute)
		Expect(failure().HTTPStatus).To(Equal(503))
	})

	It("does not depend on IAM's clock being right", func() {
		server.change(func() { server.skew = -48 * time.Hour })
		Expect(token(projectA)).To(Equal("issued-project-a-1"))
		clock.Step(23 * time.Hour)
		Expect(token(projectA)).To(Equal("issued-project-a-1"))
		Expect(server.seen()).To(HaveLen(1))
	})

	It("is kept when IAM does not tell how long it lasts", func() {
		server.change(func() {
			server.override = func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("X-Subject-Token", "t")
				w.WriteHeader(http.StatusCreated)
				_, _ = io.WriteString(w, `{"token":{}}`)
			}
		})
		Expect(token(projectA)).To(Equal("t"))
		Expect(token(projectA)).To(Equal("t"))
		Expect(server.seen()).To(HaveLen(1))
	})

	It("is renewed once when the API does not accept it, for all who share it", func() {
		api := newLiveAPI(clock)
		client := api.client()
		_, err := call(client, cred, projectA)
		Expect(err).NotTo(HaveOccurred())
		api.accepts(func(r *http.Request) bool { return r.Header.Get("X-Auth-Token") != "issued-project-a-1" })

		var leases []*credentials.Lease
		for range 16 {
			leases = append(leases, begin(cred, projectA))
		}
		var again atomic.Int32
		var done sync.WaitGroup
		for _, lease := range leases {
			done.Go(func() {
				_, _, err := client.List(ctx, projectA, lease, live.Query{})
				if lease.Done(err) {
					again.Add(1)
				}
			})
		}
		done.Wait()
		Expect(again.Load()).To(BeEquivalentTo(1))
		_, err = call(client, cred, projectA)
		Expect(err).NotTo(HaveOccurred())
		Expect(token(projectA)).To(Equal("issued-project-a-2"))
		Expect(server.seen()).To(HaveLen(2))
	})

	It("is not dropped by who failed with the one before it", func() {
		api := newLiveAPI(clock)
		client := api.client()
		_, err := call(client, cred, projectA)
		Expect(err).NotTo(HaveOccurred())
		late := begin(cred, projectA)
		r, _ := http.NewRequest(http.MethodGet, api.URL, nil)
		Expect(late.Authorize(ctx, r)).To(Succeed())
		api.accepts(withToken("issued-project-a-2"))
		again, _ := call(client, cred, projectA)
		Expect(again).To(BeTrue())
		_, err = call(client, cred, projectA)
		Expect(err).NotTo(HaveOccurred())
		Expect(late.Done(unauthorized())).To(BeFalse())
		Expect(token(projectA)).To(Equal("issued-project-a-2"))
		Expect(server.seen()).To(HaveLen(2))
	})

	It("is renewed within a call that may wait", func() {
		api := newLiveAPI(clock)
		api.accepts(withToken("issued-project-a-2"))
		client := api.client()
		err := cred.For(projectA).Call(ctx, func(a live.Authorizer) error {
			_, _, err := client.List(ctx, projectA, a, live.Query{})
			return err
		})
		Expect(err).NotTo(HaveOccurred())
		Expect(api.seen()).To(HaveLen(2))
	})

	It("is not asked for again with a password that IAM refused", func() {
		server.change(func() { server.password = "changed" })
		lease := begin(cred, projectA)
		r, _ := http.NewRequest(http.MethodGet, "https://live.example.com/", nil)
		err := lease.Authorize(ctx, r)
		e, ok := live.AsError(err)
		Expect(ok).To(BeTrue())
		Expect(e.Class).To(Equal(live.ClassUnauthorized))
		Expect(e.HTTPStatus).To(Equal(401))
		Expect(e.Message).To(Equal("The username or password is wrong."))
		Expect(e.RequestID).To(Equal("token_cn-north-4_1"))
		Expect(lease.Done(err)).To(BeFalse())
		_, _, resting := cred.Resting(projectB)
		Expect(resting).To(BeTrue())
		Expect(server.seen()).To(HaveLen(1))
	})

	It("is asked for at once when a person asks, however short ago IAM refused it", func() {
		server.change(func() { server.password = "changed" })
		lease := begin(cred, projectA)
		r, _ := http.NewRequest(http.MethodGet, "https://live.example.com/", nil)
		lease.Done(lease.Authorize(ctx, r))
		server.change(func() { server.password = "s3cret-canary" })
		Expect(cred.Nudge(projectA)).To(BeTrue())
		Expect(begin(cred, projectA).Authorize(ctx, r)).To(Succeed())
		Expect(server.seen()).To(HaveLen(2))
	})

	It("does not keep anybody waiting longer than the context allows, with one call under way", func() {
		hang := make(chan struct{})
		defer close(hang)
		server.change(func() { server.hang = hang })
		for range 20 {
			short, cancel := context.WithTimeout(ctx, 10*time.Millisecond)
			_, err := authorize(short, cred, projectA)
			cancel()
			Expect(err).To(MatchError(context.DeadlineExceeded))
		}
		Expect(server.seen()).To(HaveLen(1))
	})

	It("does not keep anybody waiting when the transport ignores the context, with one call under way", func() {
		block := make(chan struct{})
		var under atomic.Int32
		cache, err := credentials.NewCache(credentials.Options{Clock: clock, Transport: transport(func(*http.Request) (*http.Response, error) {
			under.Add(1)
			<-block
			return nil, io.ErrUnexpectedEOF
		})})
		Expect(err).NotTo(HaveOccurred())
		cred = read(cache, "uid", "1", userData("x"))
		defer close(block)
		for range 20 {
			short, cancel := context.WithTimeout(ctx, 5*time.Millisecond)
			_, err := authorize(short, cred, projectA)
			cancel()
			Expect(err).To(MatchError(context.DeadlineExceeded))
		}
		Expect(under.Load()).To(BeEquivalentTo(1))
	})

	DescribeTable("is refused with an error that says what to do about it",
		func(status int, header map[string]string, body string, class live.Class, message, requestID string) {
			server.change(func() {
				server.override = func(w http.ResponseWriter, _ *http.Request) {
					for k, v := range header {
						w.Header().Set(k, v)
					}
					w.WriteHeader(status)
					_, _ = io.WriteString(w, body)
				}
			})
			e := failure()
			Expect(e.HTTPStatus).To(Equal(status))
			Expect(e.Class).To(Equal(class))
			Expect(e.Message).To(ContainSubstring(message))
			Expect(e.RequestID).To(Equal(requestID))
		},
		Entry("a wrong password that is echoed", 401, map[string]string{"X-Request-Id": "rid", "Content-Type": "application/json"},
			`{"error":{"code":401,"message":"password s3cret-canary is wrong","title":"Unauthorized"}}`, live.ClassUnauthorized, "password [redacted] is wrong", "rid"),
		Entry("a user who may not", 403, map[string]string{"X-IAM-Trace-Id": "trace"}, `{"error_code":"IAM.0003","error_msg":"denied"}`, live.ClassForbidden, "denied", "trace"),
		Entry("a throttled call", 429, map[string]string{"Retry-After": "7"}, `{"error_code":"APIGW.0308","error_msg":"slow"}`, live.ClassThrottled, "slow", ""),
		Entry("an IAM that fails", 500, nil, `{"error":{"code":500,"message":"oops"}}`, live.ClassUnavailable, "oops", ""),
		Entry("a page of HTML", 502, map[string]string{"Content-Type": "text/html"}, "<html>s3cret-canary</html>", live.ClassUnavailable, "text/html", ""),
		Entry("an address that is not IAM's", 404, nil, `{"error_code":"APIGW.0101","error_msg":"The API does not exist"}`, live.ClassUnavailable, "does not exist", ""),
		Entry("a redirect, which is not followed", 307, map[string]string{"Location": "https://evil.example.com/?s3cret-canary"}, "", live.ClassUnavailable, "redirect", ""),
		Entry("a success without a token", 201, map[string]string{"X-IAM-Trace-Id": "trace"}, `{"token":{}}`, live.ClassUnavailable, "holds no token", "trace"),
		Entry("a success that can't be read", 201, map[string]string{"X-Subject-Token": "canary"}, `{"token":`, live.ClassUnavailable, "can't be read", ""),
		Entry("a success that never ends", 201, map[string]string{"X-Subject-Token": "canary"}, `{"token":"`+strings.Repeat("x", 2<<20)+`"}`, live.ClassUnavailable, "can't be read", ""),
	)

	It("is unavailable when nobody answers, and says so without being asked again at once", func() {
		server.Close()
		e := failure()
		Expect(e.Class).To(Equal(live.ClassUnavailable))
		Expect(e.Message).To(ContainSubstring("connection refused"))
		Expect(failure()).To(BeIdenticalTo(e), "the same one for a second")
		clock.Step(time.Second)
		Expect(failure()).NotTo(BeIdenticalTo(e))
	})

	It("is unavailable when IAM takes too long", func() {
		hang := make(chan struct{})
		defer close(hang)
		server.change(func() { server.hang = hang })
		cache, err := credentials.NewCache(credentials.Options{IAM: live.Endpoints{Template: server.URL}, Clock: clock, Timeout: 20 * time.Millisecond})
		Expect(err).NotTo(HaveOccurred())
		cred = read(cache, "uid", "1", userData("x"))
		e := failure()
		Expect(e.Class).To(Equal(live.ClassUnavailable))
		Expect(e).To(MatchError(live.ErrTimeout))
		Expect(e).NotTo(MatchError(context.DeadlineExceeded), "which would look like the caller's own")
	})

	It("is not available in a region without an IAM", func() {
		cache, err := credentials.NewCache(credentials.Options{IAM: live.Endpoints{Regions: map[string]string{"cn-north-1": server.URL + "/v3/"}}, Clock: clock})
		Expect(err).NotTo(HaveOccurred())
		cred = read(cache, "uid", "1", userData("s3cret-canary"))
		Expect(failure().Class).To(Equal(live.ClassRejected))
		Expect(token(projectC)).To(Equal("issued-project-c-1"))
		Expect(server.seen()[0].path).To(Equal("/v3/auth/tokens"), "a path that ends in /v3 is kept")
	})

	It("comes over TLS only from who the transport trusts", func() {
		secure := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X-Subject-Token", "over-tls")
			w.WriteHeader(http.StatusCreated)
			_ = json.NewEncoder(w).Encode(map[string]any{"token": map[string]any{}})
		}))
		defer secure.Close()
		use := func(t http.RoundTripper) {
			cache, err := credentials.NewCache(credentials.Options{IAM: live.Endpoints{Template: secure.URL}, Clock: clock, Transport: t})
			Expect(err).NotTo(HaveOccurred())
			cred = read(cache, "uid", "1", userData("s3cret-canary"))
		}
		use(nil)
		Expect(failure().Message).To(ContainSubstring("--ca-bundle"))
		use(secure.Client().Transport)
		Expect(token(projectA)).To(Equal("over-tls"))
	})
})

type transport func(*http.Request) (*http.Response, error)

func (t transport) RoundTrip(r *http.Request) (*http.Response, error) { return t(r) }
