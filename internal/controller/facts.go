package controller

import (
	"time"

	"github.com/live-operator/live-operator/api/v1alpha1"
	"github.com/live-operator/live-operator/internal/live"
)

// facts is everything that a decision rests on.
type facts struct {
	generation int64
	spec       v1alpha1.RecordCallbackConfigSpec
	status     v1alpha1.RecordCallbackConfigStatus

	// mark is the API's time at which the configuration was not there yet, from
	// the annotation create-pending; zero without one, and where it is certain
	// that no POST since then had an effect: then it proves nothing.
	mark time.Time
	// quietUntil is the earliest local time at which a list can be trusted to
	// show what an earlier POST did whose answer this process never read. Zero
	// where there was no such POST.
	quietUntil time.Time

	deleting  bool
	finalizer bool

	// due: the remote configuration is to be compared with the spec now.
	due bool
	// forced: somebody asked for a reconcile now.
	forced bool

	// keyDigest is of the callback key that the spec names, empty without one.
	keyDigest string
	// keyProblem says why that key can't be used.
	keyProblem string

	// corrections is how often in a row the same difference was corrected, and
	// corrected names it.
	corrections int
	corrected   []string

	// sight is what is known of the remote side.
	sight sight

	// holder finds the other resource that holds a configuration. Never nil.
	holder func(id string) *holder
}

// holder is another resource that holds a configuration.
type holder struct {
	namespace, name string
	// sameNamespace: its name may be told.
	sameNamespace bool
}

// sight is what is known of the remote side. The zero value knows nothing.
type sight struct {
	// listed: byID and byKey are from a list; it began at listedAt, and date is
	// the API's own time then (zero if it does not tell).
	listed   bool
	listedAt time.Time
	date     time.Time
	byID     func(id string) (live.Config, bool)
	byKey    func(domain, app string) (live.Config, bool)
	// listForbidden: the credentials lack the permission to list.
	listForbidden bool

	// shown: the configuration of the resource's ID was asked for by itself;
	// show is what it is, nil if the service says that there is none.
	shown bool
	show  *live.Config
	// showForbidden: the credentials lack the permission to show, too.
	showForbidden bool
}

// config is the remote configuration with that ID. known is false where the
// remote side was not looked at; found is false where it is not there.
func (s *sight) config(id string) (c live.Config, found, known bool) {
	if s.shown && s.show != nil {
		return *s.show, true, true
	}
	if s.listed {
		if c, found = s.byID(id); found {
			// A list that shows what the service denied before began after that.
			return c, true, true
		}
	}
	if s.shown {
		return live.Config{}, false, true
	}
	return live.Config{}, false, s.listed
}

// owns tells whether the status says that a configuration is this resource's.
// An ID alone is not enough: under the policy Observe it is only a sighting.
func owns(s *v1alpha1.RecordCallbackConfigStatus) bool {
	return s.ID != "" && s.Origin != ""
}

// deletes tells whether deleting the resource is to delete the configuration.
func deletes(spec *v1alpha1.RecordCallbackConfigSpec, origin v1alpha1.Origin) bool {
	if spec.ManagementPolicy == v1alpha1.ManagementObserve {
		return false
	}
	switch spec.DeletionPolicy {
	case v1alpha1.DeletionDelete:
		return true
	case v1alpha1.DeletionRetain:
		return false
	default:
		return origin != v1alpha1.OriginAdopted
	}
}
