package controller

import (
	"slices"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/resourceversion"

	"github.com/live-operator/live-operator/api/v1alpha1"
	"github.com/live-operator/live-operator/internal/live"
)

// memory is what passes over one resource remember outside of it. All of it
// may be lost: it saves calls and spreads them, nothing rests on it. One
// worker at a time handles a resource, so it needs no lock.
type memory struct {
	uid types.UID

	// written is the resource version of the last own write; a cached object
	// that is older does not show it yet.
	written   string
	writtenAt time.Time
	// claimed is the name of the configuration that it was last said to hold.
	claimed string
	// released: the finalizer was removed from the deleted resource.
	released bool
	// unsaved is a status that could not be written. It is the truth until it is.
	unsaved *v1alpha1.RecordCallbackConfigStatus

	// credentials is the ID of the credentials that were last used.
	credentials string
	// rotated: they are others than before, and nothing came of them yet.
	rotated bool

	// reread is the ID of credentials that were refused, and whose Secret is
	// read anew to see whether there is a newer version.
	reread string
	// recalled: what the status says of the last failure was taken into account.
	recalled bool

	// tried is what the last failed call was made with, failures how many failed
	// in a row, and holdUntil when the same may be tried again.
	tried     attempt
	failures  int
	holdUntil time.Time

	// lookAfter is the time that the next list must have begun at or after,
	// because something happened then that it has to show.
	lookAfter time.Time
	// comparedAt is when the remote side was last known: the beginning of the
	// list that was compared, or the end of an own write.
	comparedAt time.Time
	// shownAt is when the configuration was last looked at by itself, or could
	// not be looked at for want of permission.
	shownAt time.Time
	// listForbiddenAt is when a list was last refused for want of permission.
	listForbiddenAt time.Time

	// marked: the mark was set by this process.
	marked bool
	// uncertain: a POST since the mark may have created the configuration without
	// the status telling. Without it the mark proves nothing.
	uncertain bool
	// quietUntil: see facts.
	quietUntil time.Time
	// refused counts answers in a row that the configuration exists already.
	refused int

	corrections int
	corrected   []string
	// drift is the kind of drift that was found and counted, empty without.
	drift string
	gone  absence
	seen  shownConfig

	// forced is the last value of reconcile-requested-at that was seen, and
	// forcedAt when.
	forced   string
	forcedAt time.Time

	key keyMemory
}

// attempt is what a failed call was made with. When any of it changes, waiting
// makes no sense any more.
type attempt struct {
	generation  int64
	credentials string
	keyDigest   string
	forced      string
}

// absence is the service's word that it does not have that ID, which holds until
// something changes or the next comparison is due.
type absence struct {
	id         string
	generation int64
	at         time.Time
	// refused is the answer to a write that said so; nil where a Show did.
	refused *live.Error
}

// shownConfig is what a Show gave, kept while the pass that asked waits for its turn
// to write. Without it the next pass would show it again, and spend on that the
// very call that the write waits for.
type shownConfig struct {
	config live.Config
	at     time.Time
}

// keyMemory saves reading a callback key again whose Secret did not change.
type keyMemory struct {
	source  string
	digest  string
	problem string
}

// stale tells whether the cached object does not show the last own write yet.
// It gives up after a while: a restored API server can be behind for good.
func (m *memory) stale(resourceVersion string, now time.Time) bool {
	if m.written == "" || now.Sub(m.writtenAt) > 10*time.Second {
		return false
	}
	order, err := resourceversion.CompareResourceVersion(resourceVersion, m.written)
	return err == nil && order < 0
}

// wrote remembers an own write.
func (m *memory) wrote(resourceVersion string, now time.Time) {
	m.written, m.writtenAt = resourceVersion, now
}

// correct counts the corrections of one difference in a row.
func (m *memory) correct(fields []string) {
	if !slices.Equal(fields, m.corrected) {
		m.corrected, m.corrections = fields, 0
	}
	m.corrections++
}

// lookFrom asks that the next list began at or after t.
func (m *memory) lookFrom(t time.Time) {
	if t.After(m.lookAfter) {
		m.lookAfter = t
	}
}

// succeeded forgets failures.
func (m *memory) succeeded() {
	m.failures, m.refused, m.holdUntil = 0, 0, time.Time{}
}

// memories are the memories of all resources. Safe for concurrent use.
type memories struct {
	mu sync.Mutex
	m  map[types.NamespacedName]*memory
}

// of is the memory of that resource; a resource made anew under an old name
// starts with an empty one.
func (ms *memories) of(name types.NamespacedName, uid types.UID) *memory {
	ms.mu.Lock()
	defer ms.mu.Unlock()
	m := ms.m[name]
	if m == nil || m.uid != uid {
		if ms.m == nil {
			ms.m = map[types.NamespacedName]*memory{}
		}
		m = &memory{uid: uid}
		ms.m[name] = m
	}
	return m
}

// forget drops the memory of a resource that is gone, and gives it; nil where
// there was none.
func (ms *memories) forget(name types.NamespacedName) *memory {
	ms.mu.Lock()
	defer ms.mu.Unlock()
	m := ms.m[name]
	delete(ms.m, name)
	return m
}
