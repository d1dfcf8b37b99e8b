package livesim

import (
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"
)

// window holds the times of the events of the last minute, and the most that
// any minute had. It is not safe for concurrent use.
type window struct {
	times []time.Time
	most  int
}

// now drops what is older than a minute, and what lies in the future because
// the clock was set back.
func (w *window) now(now time.Time) int {
	old := now.Add(-time.Minute)
	first := 0
	for first < len(w.times) && !w.times[first].After(old) {
		first++
	}
	w.times = w.times[first:]
	for len(w.times) > 0 && w.times[len(w.times)-1].After(now) {
		w.times = w.times[:len(w.times)-1]
	}
	return len(w.times)
}

func (w *window) add(now time.Time) {
	w.times = append(w.times, now)
	w.most = max(w.most, w.now(now))
}

// windows holds one window for each name. It is safe for concurrent use.
type windows struct {
	// clock is asked with the lock held, so that times come in order.
	clock  *Clock
	mu     sync.Mutex
	byName map[string]*window
}

func (w *windows) add(name string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.get(name).add(w.clock.Now())
}

// addUnlessFull counts an event for all the names, or, where the minute of one
// of them is full already, for none, and tells that one's place.
func (w *windows) addUnlessFull(limit int, names ...string) (full int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	now := w.clock.Now()
	full = slices.IndexFunc(names, func(name string) bool { return w.get(name).now(now) >= limit })
	if full < 0 {
		for _, name := range names {
			w.get(name).add(now)
		}
	}
	return full
}

func (w *windows) most(name string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.get(name).most
}

func (w *windows) reset() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.byName = nil
}

func (w *windows) get(name string) *window {
	if w.byName == nil {
		w.byName = map[string]*window{}
	}
	if w.byName[name] == nil {
		w.byName[name] = &window{}
	}
	return w.byName[name]
}

// throttle refuses a call past the limit of its user or its project.
func (s *Simulator) throttle(req *request, c *Credential) *answer {
	behavior := s.Behavior()
	if behavior.LimitPerMinute <= 0 {
		return nil
	}
	s.authority.mu.Lock()
	caller := c.user
	s.authority.mu.Unlock()
	full := s.accepted.addUnlessFull(behavior.LimitPerMinute, "user "+caller, "project "+req.project)
	if full < 0 {
		return nil
	}
	policy := []string{"user", "project"}[full]
	a := s.refusal(http.StatusTooManyRequests, "APIGW.0308", fmt.Sprintf(
		"The throttling threshold has been reached: policy %s over ratelimit,limit:%d,time:1 minute",
		policy, behavior.LimitPerMinute))
	if behavior.RetryAfter > 0 {
		a.header["Retry-After"] = retryAfter(behavior.RetryAfter)
	}
	return &a
}

// Busiest is the most calls of the Live API that arrived for a project within
// any sliding minute by the API's clock, since the start or ResetLog, refused
// ones and faults included.
func (s *Simulator) Busiest(projectID string) int { return s.arrived.most(projectID) }
