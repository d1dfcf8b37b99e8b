package livesim_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/live-operator/live-operator/test/livesim"
)

var _ = Describe("A fault", func() {
	It("answers an error in the place of the service, so many times, with no effect", func() {
		sim := start(livesim.Options{})
		id := sim.Fail(livesim.Fault{
			Operation: livesim.Create, Times: 2, Status: http.StatusInternalServerError,
			Code: "LIVE.100011000", Message: "Internal error", Header: map[string]string{"X-Extra": "yes"},
		})
		for range 2 {
			failed := sim.create(minimal)
			Expect(failed.status).To(Equal(http.StatusInternalServerError))
			Expect(failed.raw).To(MatchJSON(`{"error_code":"LIVE.100011000","error_msg":"Internal error"}`))
			Expect(failed.header.Get("X-Request-Id")).To(HaveSuffix("-live-sim-0"))
			Expect(failed.header.Get("X-Extra")).To(Equal("yes"))
		}
		Expect(sim.Configs(project)).To(BeEmpty())
		Expect(sim.create(minimal).status).To(Equal(http.StatusCreated))
		Expect(sim.Hits(id)).To(Equal(2))
		Expect(sim.Calls()[0].Fault).To(Equal(id))
		Expect(sim.Calls()[2].Fault).To(BeEmpty())
	})

	DescribeTable("picks calls by what they are about", func(f livesim.Fault, method, path, body string, hit bool) {
		sim := start(livesim.Options{})
		sim.Seed(project, livesim.Config{ID: "id-1", PublishDomain: "publish.example.com", App: "live"})
		f.Status = http.StatusServiceUnavailable
		sim.Fail(f)
		answer := sim.call(method, path, body)
		if hit {
			Expect(answer.status).To(Equal(http.StatusServiceUnavailable))
		} else {
			Expect(answer.status).NotTo(Equal(http.StatusServiceUnavailable))
		}
	},
		Entry("any operation", livesim.Fault{}, http.MethodGet, callbacks, "", true),
		Entry("but the token call must be named", livesim.Fault{}, http.MethodPost, tokens, "{}", false),
		Entry("the token call, named", livesim.Fault{Operation: livesim.Authenticate}, http.MethodPost, tokens, "{}", true),
		Entry("paths that are no API, named", livesim.Fault{Operation: livesim.Unknown}, http.MethodGet, "/", "", true),
		Entry("another operation", livesim.Fault{Operation: livesim.Show}, http.MethodGet, callbacks, "", false),
		Entry("the project", livesim.Fault{Project: project}, http.MethodGet, callbacks, "", true),
		Entry("another project", livesim.Fault{Project: "project-b"}, http.MethodGet, callbacks, "", false),
		Entry("the ID", livesim.Fault{ID: "id-1"}, http.MethodGet, callbacks+"/id-1", "", true),
		Entry("another ID", livesim.Fault{ID: "id-2"}, http.MethodGet, callbacks+"/id-1", "", false),
		Entry("the domain of a body", livesim.Fault{Domain: "publish.example.com"}, http.MethodPost, callbacks, minimal, true),
		Entry("another domain", livesim.Fault{Domain: "other.example.com"}, http.MethodPost, callbacks, minimal, false),
		Entry("the app of a stored configuration", livesim.Fault{App: "live"}, http.MethodDelete, callbacks+"/id-1", "", true),
		Entry("the domain of a list's filter", livesim.Fault{Domain: "d"}, http.MethodGet, callbacks+"?publish_domain=d", "", true),
	)

	It("may let the first calls through, and lasts until it is cleared", func() {
		sim := start(livesim.Options{})
		skipping := sim.Fail(livesim.Fault{Operation: livesim.List, Skip: 1, Status: 500})
		other := sim.Fail(livesim.Fault{Operation: livesim.Show, Status: 502})
		list := func() int { return sim.call(http.MethodGet, callbacks, "").status }
		Expect(list()).To(Equal(http.StatusOK))
		Expect(list()).To(Equal(500))
		Expect(list()).To(Equal(500))
		sim.ClearFaults(skipping)
		Expect(list()).To(Equal(http.StatusOK))
		Expect(sim.call(http.MethodGet, callbacks+"/x", "").status).To(Equal(502))
		sim.ClearFaults(other)
		Expect(sim.call(http.MethodGet, callbacks+"/x", "").status).To(Equal(404))
	})

	It("may answer an error after the call has had its effect", func() {
		sim := start(livesim.Options{})
		sim.Fail(livesim.Fault{Operation: livesim.Create, Times: 1, Acts: true, Status: 502, Code: "APIGW.0201", Message: "Backend timeout"})
		failed := sim.create(minimal)
		Expect(failed.status).To(Equal(502))
		Expect(failed.header.Get("X-Request-Id")).To(Equal(failed.field("request_id")))
		Expect(sim.Configs(project)).To(HaveLen(1))
		Expect(sim.Calls()[0].Acted).To(BeTrue())
		Expect(sim.Acted(project)[livesim.Create]).To(Equal(1))
	})

	DescribeTable("may reset the connection", func(when livesim.When, stored int) {
		sim := start(livesim.Options{})
		sim.Fail(livesim.Fault{Operation: livesim.Create, Times: 1, Reset: when})
		_, err := sim.try(sim.request(http.MethodPost, callbacks, minimal))
		Expect(errors.Is(err, syscall.ECONNRESET) || errors.Is(err, io.EOF)).To(BeTrue(), "%v", err)
		Expect(sim.Configs(project)).To(HaveLen(stored))
		Expect(sim.Calls()[0].Status).To(BeZero())
		Expect(sim.Calls()[0].Acted).To(Equal(stored == 1))
	},
		Entry("before the call has had its effect", livesim.Before, 0),
		Entry("after it, so that the answer is lost", livesim.After, 1),
	)

	It("may cut the answer off in the middle of its body", func() {
		sim := start(livesim.Options{})
		sim.Fail(livesim.Fault{Operation: livesim.Create, Times: 1, Truncate: true})
		cut, err := sim.try(sim.request(http.MethodPost, callbacks, minimal))
		Expect(err).To(MatchError(io.ErrUnexpectedEOF))
		Expect(cut.status).To(Equal(http.StatusCreated))
		Expect(cut.raw).To(HavePrefix(`{"id":"`))
		Expect(json.Valid([]byte(cut.raw))).To(BeFalse())
		Expect(sim.Configs(project)).To(HaveLen(1))
	})

	It("may send a body of any size", func() {
		sim := start(livesim.Options{})
		const size = 16 << 20
		sim.Fail(livesim.Fault{Operation: livesim.List, Times: 2, Huge: size})
		huge := sim.call(http.MethodGet, callbacks, "")
		Expect(huge.status).To(Equal(http.StatusOK))
		Expect(huge.header.Get("Content-Type")).To(Equal("application/json"))
		Expect(huge.raw).To(HaveLen(size))

		resp, err := sim.client.Do(sim.request(http.MethodGet, callbacks, ""))
		Expect(err).NotTo(HaveOccurred())
		Expect(resp.Body.Close()).To(Succeed())
		Eventually(func() bool { return sim.Calls()[1].Done }).Should(BeTrue(), "it stops when the client does")
	})

	It("may send the body a byte at a time", func() {
		sim := start(livesim.Options{})
		sim.Fail(livesim.Fault{Operation: livesim.List, Times: 1, Drip: time.Microsecond})
		Expect(sim.call(http.MethodGet, callbacks, "").raw).To(MatchJSON(`{"total":0,"callback_config":[]}`))

		sim.Fail(livesim.Fault{Operation: livesim.List, Times: 1, Drip: time.Hour})
		ctx, cancel := context.WithCancel(context.Background())
		resp, err := sim.client.Do(sim.request(http.MethodGet, callbacks, "").WithContext(ctx))
		Expect(err).NotTo(HaveOccurred(), "the headers come at once")
		Expect(resp.ContentLength).To(BeNumerically(">", 0))
		cancel()
		Expect(resp.Body.Close()).To(Succeed())
		Eventually(func() bool { return sim.Calls()[1].Done }).Should(BeTrue(), "the client has gone away")
	})

	It("may be a page of something in between", func() {
		sim := start(livesim.Options{})
		sim.Fail(livesim.HTML(http.StatusBadGateway))
		page := sim.call(http.MethodGet, callbacks, "")
		Expect(page.status).To(Equal(http.StatusBadGateway))
		Expect(page.header.Get("Content-Type")).To(Equal("text/html"))
		Expect(page.raw).To(ContainSubstring("<h1>502 Bad Gateway</h1>"))
	})

	It("may change the type and the headers of the normal answer only", func() {
		sim := start(livesim.Options{})
		sim.Fail(livesim.Fault{
			Operation: livesim.Create, ContentType: "text/plain",
			Header: map[string]string{"x-request-id": "", "Date": "", "Retry-After": "7"},
		})
		odd := sim.create(minimal)
		Expect(odd.status).To(Equal(http.StatusCreated))
		Expect(odd.header.Get("Content-Type")).To(Equal("text/plain"))
		Expect(odd.header).NotTo(HaveKey("X-Request-Id"))
		Expect(odd.header).NotTo(HaveKey("Date"))
		Expect(odd.header.Get("Retry-After")).To(Equal("7"))
		Expect(sim.Configs(project)).To(HaveLen(1))
	})

	It("may send the client elsewhere", func() {
		sim := start(livesim.Options{})
		sim.Fail(livesim.Fault{Redirect: "https://elsewhere.example.com/"})
		redirect := sim.create(minimal)
		Expect(redirect.status).To(Equal(http.StatusTemporaryRedirect))
		Expect(redirect.header.Get("Location")).To(Equal("https://elsewhere.example.com/"))
		Expect(sim.Configs(project)).To(BeEmpty())
	})

	It("may be a 401 or 404 that says nothing, or the gateway's", func() {
		sim := start(livesim.Options{})
		sim.Fail(livesim.Fault{Times: 1, Status: http.StatusUnauthorized})
		plain := sim.call(http.MethodGet, callbacks, "")
		Expect(plain.status).To(Equal(http.StatusUnauthorized))
		Expect(plain.raw).To(BeEmpty())

		sim.Fail(livesim.GatewayNotFound())
		Expect(sim.call(http.MethodDelete, callbacks+"/x", "").code()).To(Equal("APIGW.0101"))
		sim.ClearFaults()
		sim.Fail(livesim.Throttled())
		Expect(sim.call(http.MethodGet, callbacks, "").status).To(Equal(http.StatusTooManyRequests))
	})

	It("of the token call has IAM's form", func() {
		sim := start(livesim.Options{})
		sim.Fail(livesim.Fault{Operation: livesim.Authenticate, Status: 503, Message: "The service is unavailable."})
		Expect(sim.call(http.MethodPost, tokens, "{}").raw).To(MatchJSON(
			`{"error":{"code":503,"message":"The service is unavailable.","title":"Service Unavailable"}}`))
	})

	It("may hang a call until it is cleared, then the call goes on", func() {
		sim := start(livesim.Options{})
		id := sim.Fail(livesim.Fault{Operation: livesim.Create, Hang: true})
		answered := make(chan int, 1)
		go func() {
			defer GinkgoRecover()
			answered <- sim.create(minimal).status
		}()
		Eventually(sim.Hits).WithArguments(id).Should(Equal(1), "the call hangs")
		Expect(sim.Configs(project)).To(BeEmpty())
		Expect(sim.Calls()[0].Done).To(BeFalse())
		Expect(sim.call(http.MethodGet, callbacks, "").status).To(Equal(http.StatusOK), "others do not notice")
		sim.ClearFaults()
		Eventually(answered).Should(Receive(Equal(http.StatusCreated)), "the call goes on")
	})

	It("drops a call that hangs when the client goes away, and it never has its effect", func() {
		sim := start(livesim.Options{})
		id := sim.Fail(livesim.Fault{Operation: livesim.Create, Hang: true})
		ctx, cancel := context.WithCancel(context.Background())
		go func() {
			defer GinkgoRecover()
			Eventually(sim.Hits).WithArguments(id).Should(Equal(1), "the call hangs")
			cancel()
		}()
		_, err := sim.try(sim.request(http.MethodPost, callbacks, minimal).WithContext(ctx))
		Expect(err).To(MatchError(context.Canceled))
		Eventually(func() bool { return sim.Calls()[0].Done }).Should(BeTrue(), "the server sees it go")
		sim.ClearFaults()
		Expect(sim.Configs(project)).To(BeEmpty())
	})

	It("may hold a call after its effect", func() {
		sim := start(livesim.Options{})
		sim.Fail(livesim.Fault{Operation: livesim.Create, Acts: true, Delay: time.Hour})
		ctx, cancel := context.WithCancel(context.Background())
		DeferCleanup(cancel)
		go func() { _, _ = sim.try(sim.request(http.MethodPost, callbacks, minimal).WithContext(ctx)) }()
		Eventually(func() int { return len(sim.Configs(project)) }).Should(Equal(1), "the effect comes first")
		Expect(sim.Calls()[0].Done).To(BeFalse())
	})

	It("may have the call meet another time than the others do", func() {
		sim := start(livesim.Options{})
		sim.Fail(livesim.Fault{Operation: livesim.Create, Times: 1, Skew: 20 * time.Minute})
		ahead := sim.create(minimal)
		Expect(ahead.status).To(Equal(http.StatusCreated), "a token knows no clock")
		date, err := http.ParseTime(ahead.header.Get("Date"))
		Expect(err).NotTo(HaveOccurred())
		Expect(time.Until(date)).To(BeNumerically("~", 20*time.Minute, time.Minute))
		Expect(sim.Configs(project)[0].CreateTime).To(BeTemporally("~", date, time.Minute))
		date, err = http.ParseTime(sim.call(http.MethodGet, callbacks, "").header.Get("Date"))
		Expect(err).NotTo(HaveOccurred())
		Expect(date).To(BeTemporally("~", time.Now(), time.Minute))
	})

	It("is written as JSON", func() {
		f := livesim.Fault{Operation: livesim.Update, Times: 1, Delay: time.Second, Skew: -time.Minute, Reset: livesim.After}
		data, err := json.Marshal(f)
		Expect(err).NotTo(HaveOccurred())
		Expect(data).To(MatchJSON(`{"operation":"Update","times":1,"delay":"1s","skew":"-1m0s","reset":"after"}`))
		var read livesim.Fault
		Expect(json.Unmarshal(data, &read)).To(Succeed())
		Expect(read).To(Equal(f))
		Expect(json.Unmarshal([]byte(`{"reset":"never"}`), &read)).To(MatchError(ContainSubstring("reset has to be")))
		Expect(json.Unmarshal([]byte(`{"statuss":1}`), &read)).NotTo(Succeed())
	})
})

var _ = Describe("A gate", func() {
	It("holds calls before their effect until a test lets them through one by one", func(ctx SpecContext) {
		sim, gate := start(livesim.Options{}), livesim.NewGate()
		sim.Fail(livesim.Fault{Operation: livesim.Create, Gate: gate})
		answered := make(chan int, 2)
		for _, app := range []string{"one", "two"} {
			go func() {
				defer GinkgoRecover()
				answered <- sim.create(settings(map[string]any{"app": app})).status
			}()
		}
		Expect(gate.Await(ctx, 2)).To(Succeed())
		Expect(sim.Configs(project)).To(BeEmpty())
		gate.Pass()
		Eventually(answered).Should(Receive(Equal(http.StatusCreated)), "one goes through")
		Expect(sim.Configs(project)).To(HaveLen(1))
		Expect(gate.Waiting()).To(Equal(1))
		gate.Open()
		Eventually(answered).Should(Receive(Equal(http.StatusCreated)), "so does the other")
		gate.Shut()
		ended, cancel := context.WithCancel(ctx)
		cancel()
		Expect(gate.Await(ended, 1)).To(MatchError(ContainSubstring("0 calls wait at the gate, not 1")))
	}, NodeTimeout(time.Minute))

	It("holds answers after the effect", func(ctx SpecContext) {
		sim, gate := start(livesim.Options{}), livesim.NewGate()
		sim.Fail(livesim.Fault{Operation: livesim.Create, Gate: gate, Acts: true})
		go func() { _, _ = sim.try(sim.request(http.MethodPost, callbacks, minimal)) }()
		Expect(gate.Await(ctx, 1)).To(Succeed())
		Expect(sim.Configs(project)).To(HaveLen(1))
		sim.Close() // frees what waits at the gate
		Expect(gate.Waiting()).To(BeZero())
	}, NodeTimeout(time.Minute))

	It("makes a call late, after its client has gone away", func(ctx SpecContext) {
		sim, gate := start(livesim.Options{}), livesim.NewGate()
		sim.Fail(livesim.Fault{Operation: livesim.Create, Gate: gate})
		leaving, leave := context.WithCancel(ctx)
		gone := make(chan error, 1)
		go func() {
			_, err := sim.try(sim.request(http.MethodPost, callbacks, minimal).WithContext(leaving))
			gone <- err
		}()
		Expect(gate.Await(ctx, 1)).To(Succeed())
		leave()
		Eventually(gone).Should(Receive(MatchError(context.Canceled)), "the client gives up")
		gate.Open()
		Eventually(func() int { return len(sim.Configs(project)) }).Should(Equal(1), "the call arrives late")
	}, NodeTimeout(time.Minute))
})

var _ = Describe("Calls at the same time", func() {
	It("leave the store as if they had come one after the other", func() {
		sim := start(livesim.Options{Behavior: livesim.Behavior{LimitPerMinute: 100_000}})
		const callers, each = 8, 25
		statuses := make(chan int, callers*each)
		var calling sync.WaitGroup
		for range callers {
			calling.Go(func() {
				defer GinkgoRecover()
				for i := range each {
					domain := strings.Repeat("d", i+1) + ".example.com"
					statuses <- sim.create(settings(map[string]any{"publish_domain": domain})).status
					sim.call(http.MethodGet, callbacks+"?limit=100", "")
					sim.Calls()
					sim.Busiest(project)
				}
			})
		}
		calling.Wait()
		close(statuses)
		created := 0
		for status := range statuses {
			if status == http.StatusCreated {
				created++
			}
		}
		Expect(created).To(Equal(each), "one create of each domain succeeds")
		Expect(sim.Configs(project)).To(HaveLen(each))
		Expect(sim.Acted(project)[livesim.Create]).To(Equal(each))
	})
})
