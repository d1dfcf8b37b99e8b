package bulkhead_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/live-operator/live-operator/internal/bulkhead"
)

func TestBulkhead(t *testing.T) {
	RegisterFailHandler(Fail)
	RunSpecs(t, "Bulkhead")
}

// watch is a clock that a test moves by hand.
type watch struct {
	mu  sync.Mutex
	now time.Time
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

// The default number of workers.
const workers = 16

// ward is a bulkhead, with who has entered it and who was woken.
type ward struct {
	*bulkhead.Bulkhead
	clock *watch
	woken []string
	last  int
}

func newWard(workers int) *ward {
	clock := &watch{now: time.Date(2026, 1, 2, 3, 4, 5, 678, time.UTC)}
	return &ward{clock: clock, Bulkhead: bulkhead.New(bulkhead.Options{Workers: workers, Clock: clock})}
}

// call begins a call of the owner, if there is a slot.
func (w *ward) call(project, owner string) *bulkhead.Slot {
	s := w.Enter(project, owner, func() { w.woken = append(w.woken, owner) })
	if s != nil {
		s.Start()
	}
	return s
}

// calls begins as many calls of a project as there are slots for, and gives up
// the place of the one that had to wait.
func (w *ward) calls(project string) []*bulkhead.Slot {
	var slots []*bulkhead.Slot
	for {
		w.last++
		owner := fmt.Sprint(project, "/", w.last)
		s := w.call(project, owner)
		if s == nil {
			w.Forget(owner)
			return slots
		}
		slots = append(slots, s)
	}
}

// works makes a project brisk, with as many answers as it takes to have the
// largest window.
func (w *ward) works(projects ...string) {
	for _, p := range projects {
		for range workers {
			w.Answered(p, 20*time.Millisecond)
		}
	}
}

// takeWoken is who was woken since the last time.
func (w *ward) takeWoken() []string {
	woken := w.woken
	w.woken = nil
	return woken
}

func leave(slots []*bulkhead.Slot) {
	for _, s := range slots {
		s.Leave()
	}
}
