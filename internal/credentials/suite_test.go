package credentials_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	clocktesting "k8s.io/utils/clock/testing"

	"github.com/live-operator/live-operator/internal/credentials"
	"github.com/live-operator/live-operator/internal/live"
)

func TestCredentials(t *testing.T) {
	RegisterFailHandler(Fail)
	RunSpecs(t, "Credentials")
}

var (
	start    = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	projectA = live.Target{Region: "cn-north-4", ProjectID: "project-a"}
	projectB = live.Target{Region: "cn-north-4", ProjectID: "project-b"}
	projectC = live.Target{Region: "cn-north-1", ProjectID: "project-c"}
)

func data(pairs ...string) map[string][]byte {
	m := map[string][]byte{}
	for pair := range slices.Chunk(pairs, 2) {
		m[pair[0]] = []byte(pair[1])
	}
	return m
}

func tokenData(token string) map[string][]byte { return data("token", token) }

func keyData() map[string][]byte {
	return data("accessKey", "QTWAOYTTINDUT2QVKYUC", "secretKey", "MFyfvK41ba2giqM7Uio6PznpdUKGpownRZlmVmHc")
}

func userData(password string) map[string][]byte {
	return data("username", "operator", "password", password, "domainName", "example")
}

func podData() map[string][]byte { return data("podIdentity", "true") }

// fixed is a fetch that always reads the same.
func fixed(source credentials.Source, d map[string][]byte) credentials.Fetch {
	return func(context.Context) (credentials.Source, map[string][]byte, error) { return source, d, nil }
}

// read gets the credential of a Secret with that version and data.
func read(c *credentials.Cache, uid, version string, d map[string][]byte) *credentials.Credential {
	GinkgoHelper()
	source := credentials.Source{UID: uid, ResourceVersion: version}
	cred, err := c.Get(context.Background(), source, fixed(source, d))
	Expect(err).NotTo(HaveOccurred())
	return cred
}

// begin expects a lease.
func begin(c *credentials.Credential, t live.Target) *credentials.Lease {
	GinkgoHelper()
	lease, wait, err := c.Begin(t)
	Expect(err).NotTo(HaveOccurred())
	Expect(lease).NotTo(BeNil(), "asked to come back in %s", wait)
	return lease
}

// liveAPI is a stand-in for the Live API that only looks at who calls.
type liveAPI struct {
	*httptest.Server
	clock *clocktesting.FakeClock

	mu sync.Mutex
	// accept decides about a request; nil accepts all.
	accept func(r *http.Request) bool
	calls  []apiCall
	flying atomic.Int32
	most   atomic.Int32
}

type apiCall struct {
	at       time.Time
	project  string
	accepted bool
	header   http.Header
}

func newLiveAPI(clock *clocktesting.FakeClock) *liveAPI {
	api := &liveAPI{clock: clock}
	api.Server = httptest.NewServer(http.HandlerFunc(api.serve))
	DeferCleanup(api.Close)
	return api
}

func (api *liveAPI) serve(w http.ResponseWriter, r *http.Request) {
	n := api.flying.Add(1)
	defer api.flying.Add(-1)
	api.mu.Lock()
	api.most.Store(max(api.most.Load(), n))
	ok := api.accept == nil || api.accept(r)
	project := strings.Split(r.URL.Path, "/")[2]
	api.calls = append(api.calls, apiCall{at: api.clock.Now(), project: project, accepted: ok, header: r.Header.Clone()})
	number := len(api.calls)
	api.mu.Unlock()
	w.Header().Set("X-request-id", fmt.Sprintf("00000000-0000-0000-0000-%012d-1795446880696-host", number))
	w.Header().Set("Content-Type", "application/json")
	if !ok {
		w.WriteHeader(http.StatusUnauthorized)
		_, _ = io.WriteString(w, `{"error_code":"APIGW.0301","error_msg":"Incorrect IAM authentication information"}`)
		return
	}
	_, _ = io.WriteString(w, `{"total":0,"callback_config":[]}`)
}

// accepts changes who is accepted from now on.
func (api *liveAPI) accepts(f func(r *http.Request) bool) {
	api.mu.Lock()
	defer api.mu.Unlock()
	api.accept = f
}

func (api *liveAPI) seen() []apiCall {
	api.mu.Lock()
	defer api.mu.Unlock()
	return append([]apiCall(nil), api.calls...)
}

func (api *liveAPI) client() *live.Client {
	GinkgoHelper()
	c, err := live.New(live.Options{Endpoints: live.Endpoints{Template: api.URL}})
	Expect(err).NotTo(HaveOccurred())
	return c
}

// withToken accepts one token.
func withToken(token string) func(*http.Request) bool {
	return func(r *http.Request) bool { return r.Header.Get("X-Auth-Token") == token }
}

// nobody is accepted.
func nobody(*http.Request) bool { return false }

// iam is a stand-in for IAM.
type iam struct {
	*httptest.Server
	clock *clocktesting.FakeClock

	mu       sync.Mutex
	password string
	lifetime time.Duration
	skew     time.Duration // of its clock
	projects map[string]bool
	calls    []iamCall
	hang     chan struct{}
	override http.HandlerFunc
}

type iamCall struct {
	at            time.Time
	path, project string
	body          string
	header        http.Header
}

func newIAM(clock *clocktesting.FakeClock, password string) *iam {
	s := &iam{clock: clock, password: password, lifetime: 24 * time.Hour}
	s.Server = httptest.NewServer(http.HandlerFunc(s.serve))
	DeferCleanup(s.Close)
	return s
}

func (s *iam) serve(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	var asked struct {
		Auth struct {
			Identity struct {
				Password struct {
					User struct{ Name, Password string }
				}
			}
			Scope struct{ Project struct{ ID string } }
		}
	}
	_ = json.Unmarshal(body, &asked)
	project := asked.Auth.Scope.Project.ID
	s.mu.Lock()
	s.calls = append(s.calls, iamCall{at: s.clock.Now(), path: r.URL.Path, project: project, body: string(body), header: r.Header.Clone()})
	number, hang, override := len(s.calls), s.hang, s.override
	ok := asked.Auth.Identity.Password.User.Password == s.password && (s.projects == nil || s.projects[project])
	issued := s.clock.Now().Add(s.skew)
	lifetime := s.lifetime
	s.mu.Unlock()
	if hang != nil {
		<-hang
	}
	if override != nil {
		override(w, r)
		return
	}
	w.Header().Set("X-IAM-Trace-Id", fmt.Sprintf("token_cn-north-4_%d", number))
	w.Header().Set("Content-Type", "application/json")
	if !ok {
		w.WriteHeader(http.StatusUnauthorized)
		_, _ = io.WriteString(w, `{"error":{"code":401,"message":"The username or password is wrong.","title":"Unauthorized"}}`)
		return
	}
	w.Header().Set("X-Subject-Token", fmt.Sprintf("issued-%s-%d", project, number))
	w.WriteHeader(http.StatusCreated)
	_ = json.NewEncoder(w).Encode(map[string]any{"token": map[string]any{
		"issued_at":  issued.Format("2006-01-02T15:04:05.000000Z"),
		"expires_at": issued.Add(lifetime).Format("2006-01-02T15:04:05.000000Z"),
	}})
}

func (s *iam) change(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f()
}

func (s *iam) seen() []iamCall {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]iamCall(nil), s.calls...)
}

// cacheAt makes a cache whose IAM is that server.
func cacheAt(clock *clocktesting.FakeClock, iamURL string) *credentials.Cache {
	GinkgoHelper()
	if iamURL == "" {
		iamURL = "http://iam.invalid"
	}
	c, err := credentials.NewCache(credentials.Options{IAM: live.Endpoints{Template: iamURL}, Clock: clock, Version: "test"})
	Expect(err).NotTo(HaveOccurred())
	return c
}

// call makes one call under a lease and ends it.
func call(client *live.Client, c *credentials.Credential, t live.Target) (again bool, err error) {
	GinkgoHelper()
	lease := begin(c, t)
	_, _, err = client.List(context.Background(), t, lease, live.Query{Limit: 1})
	return lease.Done(err), err
}

// unauthorized is what the Live API's refusal looks like.
func unauthorized() error {
	return &live.Error{Operation: live.OperationUpdate, HTTPStatus: 401, Code: "APIGW.0301", Class: live.ClassUnauthorized}
}

func digest(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:])
}
