package main

import (
	"context"
	"slices"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/live-operator/live-operator/api/v1alpha1"
)

// tracker follows by a watch what becomes of the resources of a namespace, so
// that times are exact however seldom anybody asks. Safe for concurrent use.
type tracker struct {
	stop context.CancelFunc

	mu     sync.Mutex
	asked  map[string]time.Time
	done   map[string]time.Time
	reason map[string]string
	// want is when a resource is done.
	want  func(*v1alpha1.RecordCallbackConfig, watch.EventType) bool
	ended error
}

// follow starts a tracker.
func (b *bed) follow(ctx context.Context, namespace string) (*tracker, error) {
	ctx, stop := context.WithCancel(ctx)
	begin := func(version string) (watch.Interface, error) {
		return b.client.Watch(ctx, &v1alpha1.RecordCallbackConfigList{}, client.InNamespace(namespace),
			&client.ListOptions{Raw: &metav1.ListOptions{ResourceVersion: version}})
	}
	w, err := begin("")
	if err != nil {
		stop()
		return nil, err
	}
	t := &tracker{stop: stop}
	t.expect(nil)
	go func() {
		// The API server ends watches now and then, and soon after the CRD is made.
		for err == nil && ctx.Err() == nil {
			version := t.read(w)
			w, err = begin(version)
		}
		t.mu.Lock()
		defer t.mu.Unlock()
		t.ended = err
	}()
	return t, nil
}

// read follows one watch to its end, and says how far it got.
func (t *tracker) read(w watch.Interface) (version string) {
	for e := range w.ResultChan() {
		if obj, ok := e.Object.(*v1alpha1.RecordCallbackConfig); ok {
			t.saw(obj, e.Type, time.Now())
			version = obj.ResourceVersion
		}
	}
	return version
}

// expect begins a phase.
func (t *tracker) expect(want func(*v1alpha1.RecordCallbackConfig, watch.EventType) bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.want, t.asked, t.done, t.reason = want, map[string]time.Time{}, map[string]time.Time{}, map[string]string{}
}

// ask notes that the request for a resource is about to be made.
func (t *tracker) ask(name string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.asked[name] = time.Now()
}

func (t *tracker) saw(obj *v1alpha1.RecordCallbackConfig, kind watch.EventType, now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.want == nil {
		return
	}
	if _, already := t.done[obj.Name]; already {
		return
	}
	if t.want(obj, kind) {
		t.done[obj.Name] = now
		delete(t.reason, obj.Name)
	} else if c := meta.FindStatusCondition(obj.Status.Conditions, v1alpha1.ConditionReady); c != nil {
		t.reason[obj.Name] = c.Reason
	}
}

// count is how many are done, and how many are not for which reasons.
func (t *tracker) count() (done int, reasons map[string]int, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	reasons = map[string]int{}
	for _, reason := range t.reason {
		reasons[reason]++
	}
	return len(t.done), reasons, t.ended
}

// times are how long it took from the first request until the last was done,
// and for half and for 99 of 100 from their request until they were done.
func (t *tracker) times() (all, p50, p99 time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	var first, last time.Time
	took := make([]time.Duration, 0, len(t.done))
	for name, done := range t.done {
		asked := t.asked[name]
		if first.IsZero() || asked.Before(first) {
			first = asked
		}
		if done.After(last) {
			last = done
		}
		took = append(took, done.Sub(asked))
	}
	slices.Sort(took)
	return last.Sub(first), quantile(took, 0.5), quantile(took, 0.99)
}

// quantile is the smallest that is not less than that part of all; 0 of none.
func quantile(sorted []time.Duration, part float64) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	n := int(part * float64(len(sorted)))
	if float64(n) < part*float64(len(sorted)) {
		n++
	}
	return sorted[max(n, 1)-1]
}

// readyAt wants a resource Ready at that generation or a later one.
func readyAt(generation int64) func(*v1alpha1.RecordCallbackConfig, watch.EventType) bool {
	return func(obj *v1alpha1.RecordCallbackConfig, _ watch.EventType) bool {
		c := meta.FindStatusCondition(obj.Status.Conditions, v1alpha1.ConditionReady)
		return c != nil && c.Status == metav1.ConditionTrue && c.ObservedGeneration == obj.Generation && obj.Generation >= generation
	}
}

// gone wants it deleted.
func gone(_ *v1alpha1.RecordCallbackConfig, kind watch.EventType) bool { return kind == watch.Deleted }
