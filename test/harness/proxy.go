package harness

import (
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// Proxy stands between the operator and the API server. It logs the writes, can
// stop one in its tracks, and make trouble. Safe for concurrent use.
type Proxy struct {
	// Kubeconfig is the path of a file that leads through the proxy.
	Kubeconfig string

	server *httptest.Server
	mu     sync.Mutex
	writes []Write
	gates  []*Gate
	// troubles and paused are of trouble.go; paused is nil unless it is.
	troubles []*trouble
	paused   chan struct{}
}

// Write is a request that is no read. Path has no query.
type Write struct {
	Method string
	Path   string
}

// Gate stops the first request that it matches.
type Gate struct {
	method, suffix string
	after          bool
	reached        chan struct{}
	released       chan struct{}
	once           sync.Once
}

// NewProxy starts a proxy to the API server of the cluster.
func NewProxy(c *Cluster) (*Proxy, error) {
	target, err := url.Parse(c.Config.Host)
	if err != nil {
		return nil, err
	}
	transport, err := rest.TransportFor(c.Config)
	if err != nil {
		return nil, err
	}
	p := &Proxy{}
	forward := &httputil.ReverseProxy{
		Rewrite:       func(r *httputil.ProxyRequest) { r.SetURL(target) },
		Transport:     transport,
		FlushInterval: -1,
		// Clients that go away are part of it.
		ErrorLog: log.New(io.Discard, "", 0),
	}
	p.server = httptest.NewServer(p.troubled(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		gate := p.observe(r)
		if gate != nil && !gate.after {
			gate.wait()
		}
		if gate != nil && gate.after {
			// The answer is held back until the gate opens.
			recorder := httptest.NewRecorder()
			forward.ServeHTTP(recorder, r)
			gate.wait()
			for key, values := range recorder.Header() {
				w.Header()[key] = values
			}
			w.WriteHeader(recorder.Code)
			_, _ = w.Write(recorder.Body.Bytes())
			return
		}
		forward.ServeHTTP(w, r)
	})))
	p.Kubeconfig = filepath.Join(c.dir, fmt.Sprintf("proxy-%s.kubeconfig", strings.TrimPrefix(p.server.URL, "http://127.0.0.1:")))
	config := clientcmdapi.NewConfig()
	config.Clusters["proxy"] = &clientcmdapi.Cluster{Server: p.server.URL}
	config.Contexts["proxy"] = &clientcmdapi.Context{Cluster: "proxy"}
	config.CurrentContext = "proxy"
	return p, clientcmd.WriteToFile(*config, p.Kubeconfig)
}

// Close ends the proxy. What waits at a gate is let go.
func (p *Proxy) Close() error {
	p.mu.Lock()
	gates := slices.Clone(p.gates)
	p.mu.Unlock()
	for _, g := range gates {
		g.Open()
	}
	p.Resume()
	p.server.CloseClientConnections()
	p.server.Close()
	return os.Remove(p.Kubeconfig)
}

// Before stops the next request of that method, to a path that ends so, before
// the API server sees it.
func (p *Proxy) Before(method, suffix string) *Gate { return p.gate(method, suffix, false) }

// After stops it when the API server has answered, before the operator knows.
func (p *Proxy) After(method, suffix string) *Gate { return p.gate(method, suffix, true) }

func (p *Proxy) gate(method, suffix string, after bool) *Gate {
	g := &Gate{method: method, suffix: suffix, after: after, reached: make(chan struct{}), released: make(chan struct{})}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.gates = append(p.gates, g)
	return g
}

// observe logs a write, and finds the gate that it runs into.
func (p *Proxy) observe(r *http.Request) *Gate {
	p.mu.Lock()
	defer p.mu.Unlock()
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		p.writes = append(p.writes, Write{Method: r.Method, Path: r.URL.Path})
	}
	for i, g := range p.gates {
		if g.method == r.Method && strings.HasSuffix(r.URL.Path, g.suffix) {
			p.gates = slices.Delete(p.gates, i, i+1)
			close(g.reached)
			return g
		}
	}
	return nil
}

// Writes are the writes so far to paths that contain part, oldest first.
func (p *Proxy) Writes(part string) []Write {
	p.mu.Lock()
	defer p.mu.Unlock()
	var found []Write
	for _, w := range p.writes {
		if strings.Contains(w.Path, part) {
			found = append(found, w)
		}
	}
	return found
}

// Reached tells whether a request has come to the gate.
func (g *Gate) Reached() bool {
	select {
	case <-g.reached:
		return true
	default:
		return false
	}
}

// Open lets it go.
func (g *Gate) Open() { g.once.Do(func() { close(g.released) }) }

func (g *Gate) wait() { <-g.released }
