package metrics

import (
	"cmp"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/live-operator/live-operator/api/v1alpha1"
)

// standing is the status and the reason of a resource's Ready condition, as the
// metrics tell them.
type standing struct{ ready, reason string }

// standingOf is that of a resource. What its Ready condition says of an earlier
// generation is still told where it is bad news.
func standingOf(obj *v1alpha1.RecordCallbackConfig) standing {
	c := meta.FindStatusCondition(obj.Status.Conditions, v1alpha1.ConditionReady)
	switch {
	case c != nil && c.Reason == v1alpha1.ReasonDeletionBlocked:
		// Somebody waits for the deletion, even where it is suspended.
	case obj.Spec.Suspend && c != nil:
		return standing{string(c.Status), v1alpha1.ReasonSuspended}
	case obj.Spec.Suspend:
		return standing{string(metav1.ConditionUnknown), v1alpha1.ReasonSuspended}
	case c == nil, c.Status == metav1.ConditionTrue && c.ObservedGeneration != obj.Generation:
		return standing{string(metav1.ConditionUnknown), v1alpha1.ReasonPending}
	}
	return standing{string(c.Status), c.Reason}
}

// isTrouble tells whether it is to be told whose the resource is.
func (s standing) isTrouble() bool {
	return s.ready != string(metav1.ConditionTrue) && s.reason != v1alpha1.ReasonSuspended
}

// since is from when a resource has not been Ready.
func (s *state) since(obj *v1alpha1.RecordCallbackConfig, now time.Time) time.Time {
	switch c := meta.FindStatusCondition(obj.Status.Conditions, v1alpha1.ConditionReady); {
	case c == nil:
		return obj.CreationTimestamp.Time
	case c.Status != metav1.ConditionTrue:
		return c.LastTransitionTime.Time
	}
	if since, waits := s.changes.since(obj.UID); waits {
		return since
	}
	return now
}

const (
	// maxTroubles is how many pairs of namespace and reason are told. However many
	// namespaces are in trouble, the series do not become more.
	maxTroubles = 100
	// others stands for the namespaces of the rest. No namespace has that name.
	others = "(others)"
)

// trouble is the resources of one namespace that are not Ready for one reason.
type trouble struct {
	namespace, reason string
	count             int
	since             time.Time
}

// troubles are all of them. The zero value is ready to use.
type troubles struct {
	all map[[2]string]*trouble
}

func (t *troubles) add(namespace, reason string, since time.Time) {
	if t.all == nil {
		t.all = map[[2]string]*trouble{}
	}
	at := [2]string{namespace, reason}
	if t.all[at] == nil {
		t.all[at] = &trouble{namespace: namespace, reason: reason, since: since}
	}
	t.all[at].add(1, since)
}

func (t *trouble) add(count int, since time.Time) {
	t.count += count
	if since.Before(t.since) {
		t.since = since
	}
}

// told are those that have been in trouble for longest, by namespace, and the
// rest by reason alone.
func (t *troubles) told() []*trouble {
	sorted := make([]*trouble, 0, len(t.all))
	for _, one := range t.all {
		sorted = append(sorted, one)
	}
	slices.SortFunc(sorted, func(a, b *trouble) int {
		return cmp.Or(a.since.Compare(b.since), cmp.Compare(a.namespace, b.namespace), cmp.Compare(a.reason, b.reason))
	})
	if len(sorted) <= maxTroubles {
		return sorted
	}
	told := sorted[:maxTroubles:maxTroubles]
	rest := map[string]*trouble{}
	for _, one := range sorted[maxTroubles:] {
		if rest[one.reason] == nil {
			rest[one.reason] = &trouble{namespace: others, reason: one.reason, since: one.since}
			told = append(told, rest[one.reason])
		}
		rest[one.reason].add(one.count, one.since)
	}
	return told
}
