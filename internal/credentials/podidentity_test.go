package credentials_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	clocktesting "k8s.io/utils/clock/testing"

	"github.com/live-operator/live-operator/internal/credentials"
	"github.com/live-operator/live-operator/internal/live"
)

// podAgent is a stand-in for the endpoint that gives CCE pods their keys.
type podAgent struct {
	*httptest.Server
	mu       sync.Mutex
	calls    []*http.Request
	lifetime time.Duration
	hang     chan struct{}
	override http.HandlerFunc
}

func newPodAgent() *podAgent {
	a := &podAgent{lifetime: 6 * time.Hour}
	a.Server = httptest.NewServer(http.HandlerFunc(a.serve))
	DeferCleanup(a.Close)
	token := filepath.Join(GinkgoT().TempDir(), "token")
	Expect(os.WriteFile(token, []byte("service-account-canary"), 0o600)).To(Succeed())
	GinkgoT().Setenv("HC_CONTAINER_CREDENTIALS_FULL_URI", a.URL+"/v1/credentials")
	GinkgoT().Setenv("HC_CONTAINER_AUTHORIZATION_TOKEN_FILE", token)
	return a
}

func (a *podAgent) serve(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	a.calls = append(a.calls, r)
	number, hang, override, lifetime := len(a.calls), a.hang, a.override, a.lifetime
	a.mu.Unlock()
	if hang != nil {
		<-hang
	}
	if override != nil {
		override(w, r)
		return
	}
	// The SDK compares with the real time.
	_, _ = fmt.Fprintf(w, `{"credentials":{"accessKeyId":"AK%d","secretAccessKey":"secret-canary-%d","securityToken":"temporary-canary-%d","expiration":%q}}`,
		number, number, number, time.Now().UTC().Add(lifetime).Format("2006-01-02T15:04:05Z"))
}

func (a *podAgent) change(f func()) {
	a.mu.Lock()
	defer a.mu.Unlock()
	f()
}

func (a *podAgent) count() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.calls)
}

var _ = Describe("The identity of the pod", func() {
	var (
		ctx   context.Context
		clock *clocktesting.FakeClock
		agent *podAgent
		cred  *credentials.Credential
	)
	BeforeEach(func() {
		ctx = context.Background()
		clock = clocktesting.NewFakeClock(start)
		agent = newPodAgent()
		cred = read(cacheAt(clock, ""), "uid", "1", podData())
	})
	signed := func(ctx context.Context) (*http.Request, error) {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://live.example.com/v1/p", nil)
		Expect(err).NotTo(HaveOccurred())
		return r, cred.For(projectA).Authorize(ctx, r)
	}
	key := func() string {
		GinkgoHelper()
		r, err := signed(ctx)
		Expect(err).NotTo(HaveOccurred())
		access, _, _ := authorization(r.Header.Get("Authorization"))
		return access
	}
	failure := func() *live.Error {
		GinkgoHelper()
		_, err := signed(ctx)
		e, ok := live.AsError(err)
		Expect(ok).To(BeTrue(), "a *live.Error, not %v", err)
		Expect(e.Operation).To(Equal(live.OperationAuthenticate))
		Expect(fmt.Sprintf("%v %+v %#v", e, *e, e.Err)).NotTo(ContainSubstring("canary"))
		return e
	}

	It("signs with the keys that the pod's endpoint gives", func() {
		r, err := signed(ctx)
		Expect(err).NotTo(HaveOccurred())
		Expect(r.Header.Get("X-Security-Token")).To(Equal("temporary-canary-1"))
		Expect(r.Header.Get("X-Project-Id")).To(Equal("project-a"))
		access, names, sig := authorization(r.Header.Get("Authorization"))
		Expect(access).To(Equal("AK1"))
		Expect(sig).To(Equal(signature(r, nil, names, "secret-canary-1")))
		Expect(agent.calls[0].Method).To(Equal(http.MethodPost))
		Expect(agent.calls[0].Header.Get("Authorization")).To(Equal("service-account-canary"))
		Expect(key()).To(Equal("AK1"))
		Expect(agent.count()).To(Equal(1))
	})

	It("keeps its keys while they last", func() {
		key()
		clock.Step(time.Hour)
		Expect(key()).To(Equal("AK1"))
		Consistently(func() string { return key() }, 50*time.Millisecond).Should(Equal("AK1"), "the SDK finds nothing to renew")
		Expect(agent.count()).To(Equal(1))
	})

	It("renews its keys before they end, while the old ones serve on", func() {
		agent.change(func() { agent.lifetime = 30 * time.Minute })
		key()
		clock.Step(59 * time.Second)
		Expect(key()).To(Equal("AK1"))
		Expect(agent.count()).To(Equal(1))
		clock.Step(time.Second)
		Eventually(key, 5*time.Second).Should(Equal("AK2"), "the SDK renews what ends within 40 minutes")
	})

	It("gets new keys when the API does not accept them", func() {
		api := newLiveAPI(clock)
		api.accepts(func(r *http.Request) bool { return r.Header.Get("X-Security-Token") == "temporary-canary-2" })
		client := api.client()
		again, err := call(client, cred, projectA)
		Expect(err).To(HaveOccurred())
		Expect(again).To(BeTrue())
		_, err = call(client, cred, projectA)
		Expect(err).NotTo(HaveOccurred())
		Expect(agent.count()).To(Equal(2))
	})

	It("keeps nobody waiting longer than the context allows, with one call under way", func() {
		hang := make(chan struct{})
		agent.change(func() { agent.hang = hang })
		for range 20 {
			short, cancel := context.WithTimeout(ctx, 10*time.Millisecond)
			_, err := signed(short)
			cancel()
			Expect(err).To(MatchError(context.DeadlineExceeded))
		}
		Expect(agent.count()).To(Equal(1))
		close(hang)
		Eventually(key, 5*time.Second).Should(Equal("AK1"), "the call that nobody waited for was not in vain")
		Expect(agent.count()).To(Equal(1))
	})

	It("writes nothing to the home directory", func() {
		home := GinkgoT().TempDir()
		GinkgoT().Setenv("HOME", home)
		key()
		api := newLiveAPI(clock)
		_, err := call(api.client(), cred, projectA)
		Expect(err).NotTo(HaveOccurred())
		cred = read(cacheAt(clock, newIAM(clock, "p").URL), "other", "1", userData("p"))
		_, err = call(api.client(), cred, projectA)
		Expect(err).NotTo(HaveOccurred())
		cred = read(cacheAt(clock, ""), "another", "1", keyData())
		_, err = call(api.client(), cred, projectA)
		Expect(err).NotTo(HaveOccurred())
		Expect(os.ReadDir(home)).To(BeEmpty())
	})

	DescribeTable("is refused without a word of what the endpoint said beyond its message",
		func(status int, body, message string) {
			agent.change(func() {
				agent.override = func(w http.ResponseWriter, _ *http.Request) {
					w.WriteHeader(status)
					_, _ = io.WriteString(w, body)
				}
			})
			e := failure()
			Expect(e.Class).To(Equal(live.ClassUnavailable))
			Expect(e.Message).To(And(HavePrefix("pod identity: "), ContainSubstring(message)))
		},
		Entry("an error with a message", 403, `{"error_code":"PodIdentity.01","error_msg":"no association found"}`, "no association found"),
		Entry("an error that echoes the pod's token", 401, `{"error_msg":"bad token service-account-canary"}`, "bad token [redacted]"),
		Entry("an error of another kind", 500, `canary`, "agency"),
		Entry("keys that can't be read", 200, `{"credentials":{"accessKeyId":"canary","secretAccessKey":"canary"`, "agency"),
		Entry("keys without an end", 200, `{"credentials":{"accessKeyId":"canary","secretAccessKey":"canary","securityToken":"canary"}}`, "agency"),
		Entry("keys of another type", 200, `{"credentials":{"accessKeyId":"canary","secretAccessKey":["canary"]}}`, "agency"),
		Entry("empty keys", 200, `{"credentials":{"accessKeyId":"","secretAccessKey":"","securityToken":"canary","expiration":"2036-01-08T03:50:07Z"}}`, "agency"),
	)

	It("survives an answer over which the SDK panics", func() {
		agent.change(func() {
			agent.override = func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, `{"note":"canary"}`) }
		})
		Expect(failure().Class).To(Equal(live.ClassUnavailable))
	})

	It("is unavailable when the endpoint does not answer", func() {
		agent.Close()
		e := failure()
		Expect(e.Class).To(Equal(live.ClassUnavailable))
		Expect(e.Message).To(ContainSubstring("connection refused"))
	})

	It("says what to do when the pod has none", func() {
		GinkgoT().Setenv("HC_CONTAINER_CREDENTIALS_FULL_URI", "")
		e := failure()
		Expect(e.Class).To(Equal(live.ClassUnauthorized))
		Expect(e.Message).To(ContainSubstring("HC_CONTAINER_CREDENTIALS_FULL_URI"))
	})

	It("says what to do when the pod's token can't be read", func() {
		GinkgoT().Setenv("HC_CONTAINER_AUTHORIZATION_TOKEN_FILE", filepath.Join(GinkgoT().TempDir(), "none"))
		e := failure()
		Expect(e.Class).To(Equal(live.ClassUnauthorized))
		Expect(e.Message).To(ContainSubstring("HC_CONTAINER_AUTHORIZATION_TOKEN_FILE"))
	})
})
