package live_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"sync"
	"testing"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/live-operator/live-operator/internal/live"
)

// TestMain sets the proxy variables before any request is made: net/http reads
// them once. They do not concern the servers of the other specs, since loopback
// addresses are never reached through a proxy.
func TestMain(m *testing.M) {
	proxied := httptest.NewServer(theProxy)
	for name, value := range map[string]string{
		"HTTP_PROXY": proxied.URL, "http_proxy": proxied.URL,
		"HTTPS_PROXY": proxied.URL, "https_proxy": proxied.URL,
		"NO_PROXY": "", "no_proxy": "", "REQUEST_METHOD": "",
	} {
		if err := os.Setenv(name, value); err != nil {
			panic(err)
		}
	}
	code := m.Run()
	proxied.Close()
	os.Exit(code)
}

func TestLive(t *testing.T) {
	RegisterFailHandler(Fail)
	RunSpecs(t, "Live API client")
}

const (
	projectID = "0123456789abcdef0123456789abcdef"
	configID  = "e89b76aaaaaa3425aaaa80af501cdbbb"
	token     = "MIIFtokenthatnobodymaysee0123456789"
	requestID = "1f7ae1ab-8a5c-4b0e-9f5e-3f9f0e3c6f5a-1795446880696-live-server-01"
)

var target = live.Target{Region: "cn-north-4", ProjectID: projectID}

// withToken authorizes as a token of IAM does.
type withToken string

func (t withToken) Authorize(_ context.Context, req *http.Request) error {
	req.Header.Set("X-Auth-Token", string(t))
	return nil
}

// authorizer authorizes as the function does.
type authorizer func(context.Context, *http.Request) error

func (f authorizer) Authorize(ctx context.Context, req *http.Request) error {
	return f(ctx, req)
}

// seen is a request as the server got it.
type seen struct {
	Method, URI string
	Header      http.Header
	Body        string
}

// api is a server that keeps what it was asked.
type api struct {
	*httptest.Server
	mu       sync.Mutex
	requests []seen
}

// startAPI starts a server for one spec.
func startAPI(answer http.HandlerFunc) *api {
	a := &api{}
	a.Server = httptest.NewServer(a.keeping(answer))
	DeferCleanup(a.Close)
	return a
}

// keeping notes a request before it is answered.
func (a *api) keeping(answer http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		a.mu.Lock()
		a.requests = append(a.requests, seen{r.Method, r.RequestURI, r.Header.Clone(), string(body)})
		a.mu.Unlock()
		answer(w, r)
	}
}

func (a *api) seen() []seen {
	a.mu.Lock()
	defer a.mu.Unlock()
	return append([]seen(nil), a.requests...)
}

// says answers every request alike. Headers are name and value in turn.
func says(status int, body string, headers ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		for i := 0; i+1 < len(headers); i += 2 {
			w.Header().Set(headers[i], headers[i+1])
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

// clientOf talks to one address for every region.
func clientOf(url string, change ...func(*live.Options)) *live.Client {
	GinkgoHelper()
	o := live.Options{
		Endpoints: live.Endpoints{Template: url},
		Timeout:   20 * time.Second,
		Version:   "v1.2.3",
	}
	for _, c := range change {
		c(&o)
	}
	if o.Transport == nil {
		transport := live.NewTransport(o.RootCAs)
		DeferCleanup(transport.CloseIdleConnections)
		o.Transport = transport
	}
	client, err := live.New(o)
	Expect(err).NotTo(HaveOccurred())
	return client
}

// timeoutOf sets a call's timeout.
func timeoutOf(d time.Duration) func(*live.Options) {
	return func(o *live.Options) { o.Timeout = d }
}

// failure is the typed error that every failing call must give.
func failure(err error) *live.Error {
	GinkgoHelper()
	Expect(err).To(HaveOccurred())
	typed, ok := live.AsError(err)
	Expect(ok).To(BeTrue(), "%T is no *live.Error", err)
	Expect(typed.Class).NotTo(BeEmpty())
	Expect(err.Error()).NotTo(ContainSubstring(token))
	return typed
}
