package ratelimit_test

import (
	"sync"
	"testing"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/live-operator/live-operator/internal/ratelimit"
)

func TestRatelimit(t *testing.T) {
	RegisterFailHandler(Fail)
	RunSpecs(t, "Ratelimit")
}

// watch is a clock that a test moves by hand.
type watch struct {
	mu  sync.Mutex
	now time.Time
}

func newWatch() *watch {
	return &watch{now: time.Date(2026, 1, 2, 3, 4, 5, 678, time.UTC)}
}

func (w *watch) Now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

func (w *watch) pass(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(d)
}

// The default flags.
const (
	qps   = 4.8
	burst = 10
)

func usual(w *watch) *ratelimit.Budget {
	return ratelimit.New(ratelimit.Options{QPS: qps, Burst: burst, Clock: w})
}

// places is the time that so many calls take.
func places(n float64) time.Duration {
	return time.Duration(n / qps * float64(time.Second))
}

// spend makes all the calls that can be made at once.
func spend(b *ratelimit.Budget, project string) {
	GinkgoHelper()
	for range burst {
		Expect(b.Take(project, "spender", ratelimit.High)).To(BeZero())
	}
	Expect(b.Left(project)).To(BeNumerically("<", 1))
}
