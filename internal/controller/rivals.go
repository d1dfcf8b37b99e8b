package controller

import (
	"context"
	"hash/maphash"
	"slices"
	"sync"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/live-operator/live-operator/api/v1alpha1"
)

// rivals knows which resources hold or want a configuration. It is an event
// handler of the controller, which begins no pass before its handlers have seen
// all that is in the cache. An index of the cache would do the same in five times
// the memory: there each name is kept twice, and with a set of its own.
//
// It is a hint where to look: whoever asks has to see for itself what the
// resources are about. Safe for concurrent use.
type rivals struct {
	seed maphash.Seed

	mu     sync.Mutex
	byName map[uint64][]types.NamespacedName // by the hash of a name
}

func newRivals() *rivals {
	return &rivals{seed: maphash.MakeSeed(), byName: map[uint64][]types.NamespacedName{}}
}

// handler follows the resources, and wakes those that may take over from one
// that is gone.
func (r *rivals) handler() handler.EventHandler {
	type queue = workqueue.TypedRateLimitingInterface[reconcile.Request]
	return handler.Funcs{
		CreateFunc: func(_ context.Context, e event.CreateEvent, _ queue) {
			r.replace(nil, e.Object)
		},
		UpdateFunc: func(_ context.Context, e event.UpdateEvent, _ queue) {
			r.replace(e.ObjectOld, e.ObjectNew)
		},
		DeleteFunc: func(_ context.Context, e event.DeleteEvent, q queue) {
			for _, name := range r.replace(e.Object, nil) {
				q.Add(reconcile.Request{NamespacedName: name})
			}
		},
	}
}

// replace takes note of a change from old to current, of which one can be nil.
// Without a current one it gives the rivals of the old.
func (r *rivals) replace(old, current client.Object) (left []types.NamespacedName) {
	was, is := namesOf(old), namesOf(current)
	if slices.Equal(was, is) {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, name := range was {
		left = append(left, r.remove(name, client.ObjectKeyFromObject(old))...)
	}
	for _, name := range is {
		r.add(name, client.ObjectKeyFromObject(current))
	}
	return left
}

func namesOf(o client.Object) []string {
	if obj, ok := o.(*v1alpha1.RecordCallbackConfig); ok {
		return rivalNames(obj)
	}
	return nil
}

func (r *rivals) add(name string, who types.NamespacedName) {
	hash := maphash.String(r.seed, name)
	if all := r.byName[hash]; !slices.Contains(all, who) {
		// Nearly always it is the only one.
		r.byName[hash] = append(slices.Clip(all), who)
	}
}

// remove gives those that remain.
func (r *rivals) remove(name string, who types.NamespacedName) []types.NamespacedName {
	hash := maphash.String(r.seed, name)
	others := slices.DeleteFunc(slices.Clone(r.byName[hash]), func(n types.NamespacedName) bool { return n == who })
	if len(others) == 0 {
		delete(r.byName, hash)
	} else {
		r.byName[hash] = others
	}
	return others
}

// of are the resources that may hold or want the configuration of that name.
// They are not to be changed.
func (r *rivals) of(name string) []types.NamespacedName {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.byName[maphash.String(r.seed, name)]
}

// rivalNames are the configurations that a resource holds or wants.
func rivalNames(obj *v1alpha1.RecordCallbackConfig) []string {
	t := targetOf(obj)
	names := []string{keyName(t, obj.Spec.PublishDomain, obj.Spec.App)}
	if owns(&obj.Status) {
		names = append(names, configName(t, obj.Status.ID))
	}
	if obj.Spec.ID != "" && obj.Spec.ID != obj.Status.ID {
		names = append(names, configName(t, obj.Spec.ID))
	}
	return names
}
