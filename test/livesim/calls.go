package livesim

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"
)

// Call is what the simulator saw of a call. It holds no secret: of headers,
// query parameters and fields that could hold one, only the names.
type Call struct {
	// Number counts from 1 in the order of arrival, since the start or ResetLog.
	Number    int       `json:"number"`
	Time      time.Time `json:"time"` // of arrival, by the API's clock
	Operation Operation `json:"operation"`
	Method    string    `json:"method"`
	// Path is as it was sent, without the query.
	Path   string      `json:"path"`
	Query  url.Values  `json:"query,omitempty"`
	Header http.Header `json:"header,omitempty"`
	Body   string      `json:"body,omitempty"`
	// Project, ID, PublishDomain and App are what the call is about, empty
	// where it does not say. ID is that of the new configuration for a create.
	Project       string `json:"project,omitempty"`
	ID            string `json:"id,omitempty"`
	PublishDomain string `json:"publishDomain,omitempty"`
	App           string `json:"app,omitempty"`
	// Credential is the name of the credential, empty where there is none.
	Credential string `json:"credential,omitempty"`
	// Fault is the ID of the fault that the call ran into, empty without.
	Fault string `json:"fault,omitempty"`
	// Acted is true where the call did what it was to do, even if the answer
	// that says so was lost or another one was sent.
	Acted bool `json:"acted"`
	// Done is false while the call is under way.
	Done bool `json:"done"`
	// Status, Code and RequestID are those of the answer. Status is 0 while
	// there is none, and where the connection was closed without one.
	Status    int    `json:"status"`
	Code      string `json:"code,omitempty"`
	RequestID string `json:"requestID,omitempty"`
	// Took is how long it took to answer.
	Took time.Duration `json:"tookNanoseconds"`
}

// UserAgent is the client's User-Agent header.
func (c Call) UserAgent() string { return c.Header.Get("User-Agent") }

// String is the call in one line.
func (c Call) String() string {
	return oneLine(fmt.Sprintf("%s %s %s %s -> %d %s requestID=%s credential=%s took=%s",
		c.Time.UTC().Format("2006-01-02T15:04:05.000Z"), c.Operation, c.Method, c.Path,
		c.Status, c.Code, c.RequestID, c.Credential, c.Took.Round(time.Microsecond)))
}

// Counts is how many calls there were of each operation.
type Counts map[Operation]int

// Live is the number of calls of the five operations of the Live API.
func (c Counts) Live() int {
	n := 0
	for _, operation := range liveOperations {
		n += c[operation]
	}
	return n
}

type countKey struct {
	project   string
	operation Operation
	acted     bool
}

// callLog keeps the newest calls, and counts all. It is safe for concurrent use.
type callLog struct {
	mu     sync.Mutex
	size   int
	last   int
	ring   []*Call
	counts map[countKey]int
}

func newCallLog(size int) *callLog {
	return &callLog{size: size, counts: map[countKey]int{}}
}

// begin notes a call that has arrived.
func (l *callLog) begin(req *request, at time.Time) *Call {
	r := req.http
	call := &Call{
		Time:          at,
		Operation:     req.operation,
		Method:        r.Method,
		Path:          r.URL.EscapedPath(),
		Query:         redactQuery(r.URL.Query()),
		Header:        redactHeader(r),
		Body:          redactBody(req.body),
		Project:       req.project,
		ID:            req.id,
		PublishDomain: req.domain,
		App:           req.app,
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.last++
	call.Number = l.last
	if len(l.ring) < l.size {
		l.ring = append(l.ring, call)
	} else {
		l.ring[(l.last-1)%l.size] = call
	}
	l.counts[countKey{req.project, req.operation, false}]++
	return call
}

// update changes a call with the lock held, and gives a copy.
func (l *callLog) update(call *Call, change func(*Call)) Call {
	l.mu.Lock()
	defer l.mu.Unlock()
	acted := call.Acted
	change(call)
	if call.Acted && !acted {
		l.counts[countKey{call.Project, call.Operation, true}]++
	}
	return *call
}

func (l *callLog) calls(after int, operations ...Operation) []Call {
	l.mu.Lock()
	defer l.mu.Unlock()
	calls := []Call{}
	for _, call := range l.ring {
		if call.Number > after && (len(operations) == 0 || slices.Contains(operations, call.Operation)) {
			calls = append(calls, *call)
		}
	}
	slices.SortFunc(calls, func(a, b Call) int { return a.Number - b.Number })
	return calls
}

func (l *callLog) count(acted bool, projects []string) Counts {
	l.mu.Lock()
	defer l.mu.Unlock()
	counts := Counts{}
	for key, n := range l.counts {
		if key.acted == acted && (len(projects) == 0 || slices.Contains(projects, key.project)) {
			counts[key.operation] += n
		}
	}
	return counts
}

func (l *callLog) reset() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.last, l.ring = 0, nil
	maps.DeleteFunc(l.counts, func(countKey, int) bool { return true })
}

// Calls gives the calls in the log in the order of arrival, of these
// operations, or of all where none is named. The caller owns them, but for
// their maps, which are only to be read.
func (s *Simulator) Calls(operations ...Operation) []Call { return s.log.calls(0, operations...) }

// Counts is how many calls have arrived for these projects, or for all and for
// none in particular where none is named, since the start or ResetLog; also
// those that the log no longer holds.
func (s *Simulator) Counts(projects ...string) Counts { return s.log.count(false, projects) }

// Acted is Counts of the calls that did what they were to do, whatever answer
// the client got.
func (s *Simulator) Acted(projects ...string) Counts { return s.log.count(true, projects) }

// ResetLog empties the log of calls, and sets Counts, Acted and Busiest to zero.
func (s *Simulator) ResetLog() {
	s.log.reset()
	s.arrived.reset()
}
