package livesim

import (
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"time"
)

// When is a moment of a call.
type When string

// Before is before the call has had any effect, After when it has had it.
const (
	Before When = "before"
	After  When = "after"
)

// Fault says which calls are to go wrong, and how. Faults come before
// authentication and limits, in the order of Fail; the first that matches is
// the one.
//
// A fault with Status, Body, Huge or Redirect sends that in place of the
// service's answer, and the call has no effect, unless Acts says so. Without
// any of these the call goes its normal way, but for the rest of what the
// fault says.
type Fault struct {
	// Operation picks calls; empty: the five of the Live API.
	Operation Operation `json:"operation,omitempty"`
	// Project, ID, Domain and App pick calls about these, where not empty.
	// Domain and App are what the call names, or for Show and Delete what the
	// stored configuration has.
	Project string `json:"project,omitempty"`
	ID      string `json:"id,omitempty"`
	Domain  string `json:"domain,omitempty"`
	App     string `json:"app,omitempty"`
	// Skip lets the first so many matching calls through.
	Skip int `json:"skip,omitempty"`
	// Times is how many calls go wrong. 0: all until the fault is cleared.
	Times int `json:"times,omitempty"`

	// Acts lets the call have its effect at once, so that all of what follows
	// comes after it.
	Acts bool `json:"acts,omitempty"`
	// Delay holds the call. One that has had no effect yet never will if the
	// client goes away meanwhile.
	Delay time.Duration `json:"-"`
	// Hang holds the call until the fault is cleared, the simulator is closed
	// or the client goes away. Cleared, the call goes on.
	Hang bool `json:"hang,omitempty"`
	// Gate holds the call until the gate lets it through, even if the client
	// has gone away by then: a request that arrives late.
	Gate *Gate `json:"-"`

	// Skew makes the API's clock run ahead for these calls, or behind where it
	// is negative: for the time of a signature, the end of tokens, create and
	// update times, and the Date header.
	Skew time.Duration `json:"-"`

	// Status, Code and Message are those of the error to send; its form
	// follows from the code (the gateway's, else the service's, or IAM's for
	// Authenticate). With neither Code nor Body the answer has no body.
	// Status defaults to 500 with a Code.
	Status  int    `json:"status,omitempty"`
	Code    string `json:"code,omitempty"`
	Message string `json:"message,omitempty"`
	// Body is sent as it stands. Status defaults to 200 with it.
	Body string `json:"body,omitempty"`
	// ContentType replaces the answer's, whichever that is.
	ContentType string `json:"contentType,omitempty"`
	// Header is added to the answer; an empty value takes a header away, such
	// as X-request-id or Date.
	Header map[string]string `json:"header,omitempty"`
	// Redirect sends the client to this URL, with 307 or Status.
	Redirect string `json:"redirect,omitempty"`
	// Huge sends a body of so many bytes, an unfinished JSON string, in
	// chunks and from one small buffer. Status defaults to 200 with it.
	Huge int64 `json:"huge,omitempty"`

	// Reset breaks the connection off without an answer. A client of Go's
	// net/http repeats a GET on its own if that connection was used before.
	Reset When `json:"reset,omitempty"`
	// Truncate sends half of the answer's body and breaks the connection off.
	Truncate bool `json:"truncate,omitempty"`
	// Drip waits so long before each byte of the answer's body.
	Drip time.Duration `json:"-"`
}

// HTML is a page of a proxy or a load balancer in place of the answer.
func HTML(status int) Fault {
	return Fault{
		Status:      status,
		ContentType: "text/html",
		Body: fmt.Sprintf("<html><head><title>%d %s</title></head><body><center><h1>%d %s</h1></center></body></html>\n",
			status, http.StatusText(status), status, http.StatusText(status)),
	}
}

// GatewayNotFound is the gateway's 404, which is about the API and not about a
// configuration.
func GatewayNotFound() Fault {
	return Fault{
		Status: http.StatusNotFound, Code: "APIGW.0101",
		Message: "The API does not exist or has not been published in the environment",
	}
}

// Throttled is a 429 of the gateway.
func Throttled() Fault {
	return Fault{
		Status: http.StatusTooManyRequests, Code: "APIGW.0308",
		Message: "The throttling threshold has been reached: policy user over ratelimit,limit:300,time:1 minute",
	}
}

// replaces tells whether the fault brings an answer of its own, or none.
func (f *Fault) replaces() bool {
	return f.Status != 0 || f.Code != "" || f.Body != "" || f.Huge > 0 || f.Redirect != "" || f.Reset == Before
}

// actsFirst tells whether the call is to have its effect before the fault
// holds it.
func (f *Fault) actsFirst() bool { return f.Acts || f.Reset == After }

// actsAtAll tells whether the call is to have its effect.
func (f *Fault) actsAtAll() bool { return f.actsFirst() || !f.replaces() }

func (f *Fault) matches(req *request) bool {
	switch {
	case f.Operation != "" && f.Operation != req.operation,
		f.Operation == "" && (req.operation == Authenticate || req.operation == Unknown),
		f.Project != "" && f.Project != req.project,
		f.ID != "" && f.ID != req.id,
		f.Domain != "" && f.Domain != req.domain,
		f.App != "" && f.App != req.app:
		return false
	}
	return true
}

type plainFault Fault

type faultJSON struct {
	plainFault
	Delay duration `json:"delay,omitempty"`
	Drip  duration `json:"drip,omitempty"`
	Skew  duration `json:"skew,omitempty"`
}

// MarshalJSON implements json.Marshaler. Durations are strings such as "1.5s".
// A gate has no form in JSON.
func (f Fault) MarshalJSON() ([]byte, error) {
	return json.Marshal(faultJSON{plainFault(f), duration(f.Delay), duration(f.Drip), duration(f.Skew)})
}

// UnmarshalJSON implements json.Unmarshaler. Unknown fields are an error.
func (f *Fault) UnmarshalJSON(data []byte) error {
	var wire faultJSON
	if err := decodeStrict(data, &wire); err != nil {
		return err
	}
	switch wire.Reset {
	case "", Before, After:
	default:
		return fmt.Errorf("reset has to be %q or %q", Before, After)
	}
	*f = Fault(wire.plainFault)
	f.Delay, f.Drip, f.Skew = time.Duration(wire.Delay), time.Duration(wire.Drip), time.Duration(wire.Skew)
	return nil
}

// script is a fault at work.
type script struct {
	Fault
	id      string
	seen    int
	hits    int
	cleared chan struct{}
}

// scripts are the faults at work. It is safe for concurrent use.
type scripts struct {
	mu   sync.Mutex
	last int
	all  []*script
}

// Fail makes calls go wrong from now on, and gives the fault's ID.
func (s *Simulator) Fail(f Fault) (id string) {
	f.Header = cloneHeader(f.Header)
	q := s.scripts
	q.mu.Lock()
	defer q.mu.Unlock()
	q.last++
	added := &script{Fault: f, id: fmt.Sprintf("fault-%d", q.last), cleared: make(chan struct{})}
	q.all = append(q.all, added)
	return added.id
}

// ClearFaults ends all faults, or those of these IDs, and lets the calls go on
// that hang in them.
func (s *Simulator) ClearFaults(ids ...string) {
	q := s.scripts
	q.mu.Lock()
	defer q.mu.Unlock()
	var kept []*script
	for _, f := range q.all {
		if len(ids) > 0 && !contains(ids, f.id) {
			kept = append(kept, f)
			continue
		}
		close(f.cleared)
	}
	q.all = kept
}

// Hits is how many calls have run into a fault that is not cleared.
func (s *Simulator) Hits(id string) int {
	q := s.scripts
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, f := range q.all {
		if f.id == id {
			return f.hits
		}
	}
	return 0
}

// match finds the fault that a call runs into, and counts it.
func (q *scripts) match(req *request) *script {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, f := range q.all {
		if (f.Times > 0 && f.hits >= f.Times) || !f.matches(req) {
			continue
		}
		f.seen++
		if f.seen <= f.Skip {
			continue
		}
		f.hits++
		return f
	}
	return nil
}
