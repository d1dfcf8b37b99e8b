package controller

import (
	"fmt"
	"strings"
	"time"

	"github.com/live-operator/live-operator/api/v1alpha1"
	"github.com/live-operator/live-operator/internal/live"
)

// action is what a pass does on the API, at most once.
type action string

const (
	// actionNone: nothing to do; the verdict is the answer.
	actionNone action = "None"
	// actionFail: nothing can be done until somebody changes something; the
	// verdict says what.
	actionFail action = "Fail"
	// actionLook: decide again with a list of the project.
	actionLook action = "Look"
	// actionShow: decide again with the configuration of the ID.
	actionShow action = "Show"
	// actionWait: the time has not come; decide again at until.
	actionWait action = "Wait"
	// actionCreate: mark, then POST.
	actionCreate action = "Create"
	// actionRecreate: the configuration is gone. Mark anew and forget its ID; the
	// next pass creates.
	actionRecreate action = "Recreate"
	// actionUpdate: PUT to the configuration that the resource owns.
	actionUpdate action = "Update"
	// actionAdopt: PUT to a configuration that the resource does not own yet,
	// and own it from then on.
	actionAdopt action = "Adopt"
	// actionDelete: DELETE, then let go of the resource.
	actionDelete action = "Delete"
	// actionRelease: let go of the resource without any call.
	actionRelease action = "Release"
)

// decision is what to do, and what to say where that is all.
type decision struct {
	action action
	// id of the remote configuration that the action is about.
	id string
	// origin that an adoption gives.
	origin v1alpha1.Origin
	// drift names the fields that an update corrects.
	drift []string
	// until is when actionWait ends.
	until time.Time
	// verdict is what the status will say without a call.
	verdict verdict
	// remote is the configuration that the verdict is about, where it was seen.
	remote *live.Config
}

// decide says what to do next. It is a pure function.
func decide(f *facts) decision {
	switch {
	case f.deleting:
		return decideDeletion(f)
	case f.spec.Suspend:
		return decision{action: actionNone, verdict: suspended()}
	case f.spec.ID != "" && owns(&f.status) && f.status.ID != f.spec.ID:
		return fail(stalled(v1alpha1.ReasonConflict, fmt.Sprintf(
			"This resource keeps the configuration %s, but spec.id names %s. Nothing was written. "+
				"To keep the other one, delete this resource (spec.deletionPolicy: Retain leaves %s in place) and make a new one.",
			f.status.ID, f.spec.ID, f.status.ID)))
	case f.spec.ManagementPolicy == v1alpha1.ManagementObserve:
		return decideObservation(f)
	case f.keyProblem != "":
		return fail(stalled(v1alpha1.ReasonKeyInvalid, f.keyProblem))
	case owns(&f.status):
		return decideOwned(f)
	case f.spec.ID != "":
		if h := f.holder(f.spec.ID); h != nil {
			return fail(conflict(f.spec.ID, h))
		}
		return decision{action: actionAdopt, id: f.spec.ID, origin: v1alpha1.OriginAdopted}
	default:
		return decideByKey(f)
	}
}

// decideOwned is for a resource whose status names its configuration.
func decideOwned(f *facts) decision {
	id := f.status.ID
	if h := f.holder(id); h != nil {
		return fail(conflict(id, h))
	}
	persists := !f.forced && readyReason(&f.status, f.generation) == v1alpha1.ReasonDriftPersists
	remote, found, known := f.sight.config(id)
	if known && !found {
		return decideGone(f)
	}
	if f.status.AppliedGeneration != f.generation || f.status.KeyDigest != f.keyDigest {
		return decision{action: actionUpdate, id: id}
	}
	if !known {
		if f.due {
			return look(f, id)
		}
		return decision{action: actionNone, id: id, verdict: unchanged()}
	}
	fields := drift(&f.spec, &remote)
	switch {
	case len(fields) == 0:
		return decision{action: actionNone, id: id, verdict: synced(id), remote: &remote}
	case f.spec.DriftPolicy == v1alpha1.DriftReport:
		return decision{action: actionNone, id: id, verdict: drifted(id, fields, "spec.driftPolicy is Report", "spec.driftPolicy: Correct"), remote: &remote}
	case persists || f.corrections >= maxCorrections && sameFields(fields, f.corrected):
		return decision{action: actionFail, id: id, verdict: driftPersists(id, fields), remote: &remote}
	default:
		return decision{action: actionUpdate, id: id, drift: fields}
	}
}

// maxCorrections is how often in a row the same difference is corrected before
// it is clear that somebody else keeps writing.
const maxCorrections = 3

// decideGone is for an owned configuration that is not in a list, or that the
// service says does not exist. A list by pages can miss one while others are
// deleted, so its word is checked before anything is created.
func decideGone(f *facts) decision {
	id := f.status.ID
	if !f.sight.shown && !f.sight.showForbidden {
		return decision{action: actionShow, id: id}
	}
	switch {
	case f.spec.ID != "":
		return fail(stalled(v1alpha1.ReasonNotFound, fmt.Sprintf(
			"The configuration %s, which spec.id names, no longer exists. Restore it, or delete this resource and make one without spec.id to create a new configuration.", id)))
	case f.spec.DriftPolicy == v1alpha1.DriftReport && f.status.AppliedGeneration == f.generation:
		return decision{action: actionNone, id: id, verdict: verdict{
			reason:  v1alpha1.ReasonDrifted,
			message: fmt.Sprintf("The configuration %s no longer exists. It is not created again, because spec.driftPolicy is Report; set Correct to have it created.", id),
			drifted: true,
		}}
	case !f.sight.listed:
		// Only an answer to Show or Update said so; the mark needs a list.
		return look(f, "")
	}
	if other, taken := f.sight.byKey(f.spec.PublishDomain, f.spec.App); taken {
		return decideTaken(f, other, false)
	}
	return decision{action: actionRecreate, id: id}
}

// decideByKey is for a resource that has no ID: its configuration is the one of
// its domain and app.
func decideByKey(f *facts) decision {
	if !f.sight.listed {
		return look(f, "")
	}
	if remote, taken := f.sight.byKey(f.spec.PublishDomain, f.spec.App); taken {
		return decideTaken(f, remote, createdByMark(f.mark, &remote))
	}
	if d, wait := awaitQuiet(f); wait {
		return d
	}
	return decision{action: actionCreate}
}

// decideTaken is for a configuration of the resource's domain and app that the
// resource does not own, or not yet.
func decideTaken(f *facts, remote live.Config, created bool) decision {
	switch h := f.holder(remote.ID); {
	case h != nil:
		return fail(conflict(remote.ID, h))
	case created:
		return decision{action: actionAdopt, id: remote.ID, origin: v1alpha1.OriginCreated}
	case f.spec.AdoptionPolicy == v1alpha1.AdoptionIfExists:
		return decision{action: actionAdopt, id: remote.ID, origin: v1alpha1.OriginAdopted}
	default:
		return fail(stalled(v1alpha1.ReasonAlreadyExists, fmt.Sprintf(
			"The configuration %s of domain %s and app %s exists, and the operator did not create it. It was left untouched. "+
				"To take it over, set spec.id: %s, or spec.adoptionPolicy: IfExists.",
			remote.ID, f.spec.PublishDomain, f.spec.App, remote.ID)))
	}
}

// createdByMark tells whether the configuration was made after the mark, that
// is, by the POST that the mark announced. Both are of the API's clock, in
// whole seconds. A configuration that does not tell its time proves nothing.
func createdByMark(mark time.Time, remote *live.Config) bool {
	if mark.IsZero() {
		return false
	}
	created, err := live.ParseTime(remote.CreateTime)
	return err == nil && !created.Truncate(time.Second).Before(mark.Truncate(time.Second))
}

// awaitQuiet holds a create, or a release, back while an earlier POST of
// unknown outcome may still be on its way.
func awaitQuiet(f *facts) (decision, bool) {
	if f.quietUntil.IsZero() || !f.sight.listedAt.Before(f.quietUntil) {
		return decision{}, false
	}
	return decision{action: actionWait, until: f.quietUntil, verdict: pending(
		"An earlier attempt to create the configuration may still be on its way. The operator looks again before it creates one.")}, true
}

// look asks for a list, or, where listing is forbidden, for the one
// configuration; id is empty where it is not known.
func look(f *facts, id string) decision {
	switch {
	case !f.sight.listForbidden:
		return decision{action: actionLook, id: id}
	case id == "":
		return fail(stalled(v1alpha1.ReasonForbidden,
			"The credentials may not list configurations, which is needed to find or create the one of this domain and app. Grant the IAM action live:record:listCallbacks, or set spec.id."))
	case !f.sight.showForbidden:
		return decision{action: actionShow, id: id}
	default:
		return decision{action: actionNone, id: id, verdict: unseen(id)}
	}
}

// decideObservation is for the policy Observe: look and tell.
func decideObservation(f *facts) decision {
	if !f.due {
		return decision{action: actionNone, verdict: unchanged()}
	}
	id := f.spec.ID
	if id == "" && owns(&f.status) {
		id = f.status.ID
	}
	var remote live.Config
	var found bool
	if id != "" {
		var known bool
		if remote, found, known = f.sight.config(id); !known {
			if d := look(f, id); d.action != actionNone {
				return d
			}
			return fail(stalled(v1alpha1.ReasonForbidden,
				"The credentials may neither list nor show configurations, so there is nothing to observe. Grant the IAM action live:record:listCallbacks or live:record:getCallback."))
		}
	} else {
		if !f.sight.listed {
			return look(f, "")
		}
		remote, found = f.sight.byKey(f.spec.PublishDomain, f.spec.App)
	}
	if !found {
		what := "of domain " + f.spec.PublishDomain + " and app " + f.spec.App
		if id != "" {
			what = id
		}
		return fail(stalled(v1alpha1.ReasonNotFound, fmt.Sprintf(
			"There is no configuration %s to observe. Create it elsewhere, or set spec.managementPolicy: Manage.", what)))
	}
	if fields := drift(&f.spec, &remote); len(fields) > 0 {
		return decision{action: actionNone, id: remote.ID, verdict: drifted(remote.ID, fields, "spec.managementPolicy is Observe", "spec.managementPolicy: Manage"), remote: &remote}
	}
	return decision{action: actionNone, id: remote.ID, verdict: synced(remote.ID), remote: &remote}
}

// decideDeletion is for a resource that is being deleted.
func decideDeletion(f *facts) decision {
	if !f.finalizer {
		return decision{action: actionNone, verdict: unchanged()}
	}
	created := !f.mark.IsZero()
	if !deletes(&f.spec, f.status.Origin) || !owns(&f.status) && !created {
		return decision{action: actionRelease}
	}
	if f.spec.Suspend {
		v := blocked("The resource is suspended, so its remote configuration is not deleted. Set spec.suspend: false to have it deleted, or spec.deletionPolicy: Retain to leave it.", false)
		v.suspended = true
		return fail(v)
	}
	if owns(&f.status) {
		if f.holder(f.status.ID) != nil {
			return decision{action: actionRelease}
		}
		return decision{action: actionDelete, id: f.status.ID}
	}
	// A POST was announced, and what came of it was never written down.
	if !f.sight.listed {
		if f.sight.listForbidden {
			return fail(blocked("A configuration may have been created that was not recorded, and the credentials may not list configurations to find it. "+
				"Grant the IAM action live:record:listCallbacks, or set spec.deletionPolicy: Retain.", false))
		}
		return decision{action: actionLook}
	}
	remote, found := f.sight.byKey(f.spec.PublishDomain, f.spec.App)
	if found && createdByMark(f.mark, &remote) && remote.ID != f.spec.ID && f.holder(remote.ID) == nil {
		return decision{action: actionDelete, id: remote.ID}
	}
	if d, wait := awaitQuiet(f); wait {
		d.verdict = blocked("A configuration may have been created just before the resource was deleted. The operator looks again before it lets go.", true)
		return d
	}
	return decision{action: actionRelease}
}

func sameFields(a, b []string) bool {
	return strings.Join(a, ",") == strings.Join(b, ",")
}

func fail(v verdict) decision {
	return decision{action: actionFail, verdict: v}
}
