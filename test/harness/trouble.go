package harness

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Trouble is what goes wrong between the operator and the API server.
type Trouble struct {
	// Match picks requests; nil: all.
	Match func(*http.Request) bool
	// Times is how many of them go wrong; 0: all until the trouble is ended.
	Times int
	// Status is the answer in place of the API server's, which sees nothing of the
	// request, with this reason; 0: the connection is closed without an answer.
	Status int
	Reason metav1.StatusReason
	// RetryAfter is in seconds, with the answer's header; 0: none.
	RetryAfter int
	// Late: the API server sees the request, and its answer gets lost.
	Late bool
}

// trouble is one at work.
type trouble struct {
	Trouble
	hits int
}

// Fail makes requests go wrong from now on, until end is called. Hits is how
// many have.
func (p *Proxy) Fail(t Trouble) (hits func() int, end func()) {
	added := &trouble{Trouble: t}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.troubles = append(p.troubles, added)
	return func() int {
			p.mu.Lock()
			defer p.mu.Unlock()
			return added.hits
		}, func() {
			p.mu.Lock()
			defer p.mu.Unlock()
			p.troubles = slices.DeleteFunc(p.troubles, func(t *trouble) bool { return t == added })
		}
}

// CutConnections ends all connections, those of watches too.
func (p *Proxy) CutConnections() { p.server.CloseClientConnections() }

// Pause stops the API server, as this proxy's clients see it: requests are held,
// and nothing comes of watches, until Resume.
func (p *Proxy) Pause() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.paused == nil {
		p.paused = make(chan struct{})
	}
}

// Resume ends Pause. What was held goes on, unless its client has gone.
func (p *Proxy) Resume() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.paused != nil {
		close(p.paused)
		p.paused = nil
	}
}

// awaitResume waits while the proxy is paused, and fails where the client goes
// away.
func (p *Proxy) awaitResume(r *http.Request) error {
	p.mu.Lock()
	paused := p.paused
	p.mu.Unlock()
	if paused == nil {
		return nil
	}
	select {
	case <-paused:
		return nil
	case <-r.Context().Done():
		return r.Context().Err()
	}
}

// meet finds the trouble that a request runs into, and counts it.
func (p *Proxy) meet(r *http.Request) *trouble {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, t := range p.troubles {
		if t.Times > 0 && t.hits >= t.Times || t.Match != nil && !t.Match(r) {
			continue
		}
		t.hits++
		return t
	}
	return nil
}

// troubled serves a request that may run into trouble.
func (p *Proxy) troubled(forward http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if p.awaitResume(r) != nil {
			panic(http.ErrAbortHandler)
		}
		t := p.meet(r)
		switch {
		case t == nil:
			forward.ServeHTTP(&pausable{ResponseWriter: w, proxy: p, request: r}, r)
		case t.Late:
			forward.ServeHTTP(&lost{header: http.Header{}}, r)
			panic(http.ErrAbortHandler)
		case t.Status == 0:
			panic(http.ErrAbortHandler)
		default:
			if t.RetryAfter > 0 {
				w.Header().Set("Retry-After", strconv.Itoa(t.RetryAfter))
			}
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(t.Status)
			_ = json.NewEncoder(w).Encode(metav1.Status{
				TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Status"},
				Status:   metav1.StatusFailure, Reason: t.Reason, Code: int32(t.Status), //nolint:gosec // Three digits.
				Message: "the test has this request fail",
			})
		}
	})
}

// pausable holds back what is written while the proxy is paused.
type pausable struct {
	http.ResponseWriter
	proxy   *Proxy
	request *http.Request
}

func (w *pausable) Write(b []byte) (int, error) {
	if err := w.proxy.awaitResume(w.request); err != nil {
		return 0, err
	}
	return w.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController flush.
func (w *pausable) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// lost is an answer that nobody gets.
type lost struct{ header http.Header }

// Header implements http.ResponseWriter.
func (l *lost) Header() http.Header { return l.header }

// Write implements http.ResponseWriter.
func (*lost) Write(b []byte) (int, error) { return len(b), nil }

// WriteHeader implements http.ResponseWriter.
func (*lost) WriteHeader(int) {}
