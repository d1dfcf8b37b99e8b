package livesim_test

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"strings"
	"testing"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/live-operator/live-operator/test/livesim"
)

func TestLivesim(t *testing.T) {
	RegisterFailHandler(Fail)
	RunSpecs(t, "Live API simulator")
}

const (
	project    = "project-a"
	tokenValue = "token-of-project-a"
	goodKey    = "abcdefghijklmnopqrstuvwxyz012345"
	minimal    = `{"publish_domain":"publish.example.com","app":"live"}`
	callbacks  = "/v1/" + project + "/record/callbacks"
)

// bench is a simulator that listens, and a client of it with a good token.
type bench struct {
	*livesim.Simulator
	client *http.Client
	token  *livesim.Credential
}

func start(o livesim.Options) *bench {
	GinkgoHelper()
	sim := livesim.New(o)
	sim.Start()
	DeferCleanup(sim.Close)
	// A connection for each call: else the client would repeat some of those
	// that are broken off.
	client := &http.Client{
		Transport:     &http.Transport{DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return &bench{Simulator: sim, client: client, token: sim.AddToken(tokenValue, project)}
}

// reply is an answer, read to its end.
type reply struct {
	status int
	header http.Header
	raw    string
}

// field is a field of the answer's JSON object, nil where it is not there.
func (r reply) field(name string) any {
	GinkgoHelper()
	var body map[string]any
	Expect(json.Unmarshal([]byte(r.raw), &body)).To(Succeed(), "the body is %q", r.raw)
	return body[name]
}

// code is the error code, empty where there is none.
func (r reply) code() string {
	code, _ := r.field("error_code").(string)
	return code
}

func (r reply) id() string {
	GinkgoHelper()
	Expect(r.status).To(BeNumerically("<", 300), "the body is %q", r.raw)
	id, ok := r.field("id").(string)
	Expect(ok).To(BeTrue(), "the body is %q", r.raw)
	return id
}

// request makes a call with the good token, ready to be changed.
func (b *bench) request(method, path, body string) *http.Request {
	GinkgoHelper()
	var content io.Reader
	if body != "" {
		content = strings.NewReader(body)
	}
	req, err := http.NewRequest(method, b.URL()+path, content)
	Expect(err).NotTo(HaveOccurred())
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	req.Header.Set("X-Auth-Token", tokenValue)
	return req
}

// try sends a call that may fail on the way.
func (b *bench) try(req *http.Request) (reply, error) {
	resp, err := b.client.Do(req)
	if err != nil {
		return reply{}, err
	}
	defer func() { _ = resp.Body.Close() }()
	var body bytes.Buffer
	_, err = body.ReadFrom(resp.Body)
	return reply{resp.StatusCode, resp.Header, body.String()}, err
}

func (b *bench) send(req *http.Request) reply {
	GinkgoHelper()
	r, err := b.try(req)
	Expect(err).NotTo(HaveOccurred())
	return r
}

func (b *bench) call(method, path, body string) reply {
	GinkgoHelper()
	return b.send(b.request(method, path, body))
}

func (b *bench) create(body string) reply {
	GinkgoHelper()
	return b.call(http.MethodPost, callbacks, body)
}

// settings is the minimal body with these fields set, or taken away where nil.
func settings(changes map[string]any) string {
	GinkgoHelper()
	body := map[string]any{"publish_domain": "publish.example.com", "app": "live"}
	maps.Copy(body, changes)
	maps.DeleteFunc(body, func(_ string, value any) bool { return value == nil })
	data, err := json.Marshal(body)
	Expect(err).NotTo(HaveOccurred())
	return string(data)
}
