package metrics

import (
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"
	toolscache "k8s.io/client-go/tools/cache"
	"k8s.io/utils/clock"

	"github.com/live-operator/live-operator/api/v1alpha1"
)

// Changes measures the time from a change of a spec to when the status says that
// the API has it. It is the handler of an informer, and so sees what users see:
// nothing on the way from the watch to the write of the status is left out.
//
// A spec that changes again before it was applied counts from its last change.
// What is suspended, observed only, or being deleted is not counted. A change
// from before the operator's start counts from then.
type Changes struct {
	metrics *Metrics
	elected <-chan struct{}
	clock   clock.PassiveClock

	mu      sync.Mutex
	waiting map[types.UID]change
}

// change is a generation that has not been applied, and when it was first seen.
type change struct {
	generation int64
	seen       time.Time
}

var _ toolscache.ResourceEventHandler = (*Changes)(nil)

// Changes is the handler to add to the informer of RecordCallbackConfigs. It
// follows all that happens, and counts once elected is closed: then this replica
// is the one that acts.
func (m *Metrics) Changes(elected <-chan struct{}, c clock.PassiveClock) *Changes {
	return &Changes{metrics: m, elected: elected, clock: c, waiting: map[types.UID]change{}}
}

// OnAdd implements cache.ResourceEventHandler.
func (c *Changes) OnAdd(o any, _ bool) { c.see(nil, o) }

// OnUpdate implements cache.ResourceEventHandler.
func (c *Changes) OnUpdate(old, o any) { c.see(old, o) }

// OnDelete implements cache.ResourceEventHandler.
func (c *Changes) OnDelete(o any) {
	if unseen, ok := o.(toolscache.DeletedFinalStateUnknown); ok {
		o = unseen.Obj
	}
	if obj, ok := o.(*v1alpha1.RecordCallbackConfig); ok {
		c.mu.Lock()
		defer c.mu.Unlock()
		delete(c.waiting, obj.UID)
	}
}

func (c *Changes) see(old, o any) {
	obj, ok := o.(*v1alpha1.RecordCallbackConfig)
	if !ok {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.clock.Now()
	was, waits := c.waiting[obj.UID]
	before, known := old.(*v1alpha1.RecordCallbackConfig)
	changed := !known || before.Generation != obj.Generation
	switch {
	case !obj.DeletionTimestamp.IsZero() || obj.Spec.Suspend || obj.Spec.ManagementPolicy == v1alpha1.ManagementObserve:
		delete(c.waiting, obj.UID)
	case obj.Status.AppliedGeneration != obj.Generation:
		// Without a change a configuration was lost, and is created again.
		if changed && was.generation != obj.Generation {
			c.waiting[obj.UID] = change{obj.Generation, now}
		}
	case waits:
		delete(c.waiting, obj.UID)
		if isClosed(c.elected) {
			c.metrics.changes.WithLabelValues().Observe(now.Sub(was.seen).Seconds())
		}
	}
}

// since is when the change was seen that a resource waits for to be applied.
func (c *Changes) since(uid types.UID) (time.Time, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	at, waits := c.waiting[uid]
	return at.seen, waits
}
