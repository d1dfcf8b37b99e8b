package controller

import (
	"cmp"
	"context"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	"github.com/live-operator/live-operator/api/v1alpha1"
	"github.com/live-operator/live-operator/internal/bulkhead"
	"github.com/live-operator/live-operator/internal/credentials"
	"github.com/live-operator/live-operator/internal/live"
)

// pass is one pass over one resource.
type pass struct {
	*Reconciler
	obj    *v1alpha1.RecordCallbackConfig
	before *v1alpha1.RecordCallbackConfig // as stored
	m      *memory
	now    time.Time
	target live.Target
	log    logr.Logger

	f          facts
	key        live.Secret
	credential *credentials.Credential
	// slot is for the call of this pass, and queued says that it waits for one.
	slot   *bulkhead.Slot
	queued bool
	// overdueSince is when the resource became due to be compared, zero if not.
	overdueSince time.Time
	// shown: this pass asked for the configuration by itself.
	shown bool
	// changed: this pass changed the remote configuration.
	changed bool
	// vanished: the resource is gone, as the answer to a write of its status said.
	vanished bool
	// absent is the service's answer that the configuration does not exist, and
	// forbidden the one that it may not be looked for.
	absent, forbidden *live.Error
}

func newPass(r *Reconciler, obj *v1alpha1.RecordCallbackConfig, m *memory, now time.Time) *pass {
	p := &pass{Reconciler: r, obj: obj, before: obj.DeepCopy(), m: m, now: now, target: targetOf(obj)}
	if m.unsaved != nil {
		m.unsaved.DeepCopyInto(&obj.Status)
	}
	return p
}

// names are what no other pass may work on at the same time.
func (p *pass) names() []string {
	names := []string{keyName(p.target, p.obj.Spec.PublishDomain, p.obj.Spec.App)}
	for _, id := range []string{p.obj.Spec.ID, p.obj.Status.ID} {
		if id != "" {
			names = append(names, configName(p.target, id))
		}
	}
	return names
}

// run decides, and does what was decided. Looking is not acting: after a look
// it decides again.
func (p *pass) run(ctx context.Context) (ctrl.Result, error) {
	p.log = ctrl.LoggerFrom(ctx)
	if p.m.unsaved != nil {
		// What was done must be written down before anything else is done.
		if err := p.save(ctx); err != nil {
			return ctrl.Result{}, err
		}
		p.obj.Status.DeepCopyInto(&p.before.Status)
	}
	if err := p.gather(ctx); err != nil {
		return ctrl.Result{}, err
	}
	for {
		var lookupErr error
		p.f.holder = func(id string) *holder {
			h, err := p.holderOf(ctx, p.obj, id)
			if err != nil {
				lookupErr = err
			}
			return h
		}
		d := decide(&p.f)
		if lookupErr != nil {
			return ctrl.Result{}, lookupErr
		}
		p.countDrift(&d)
		p.log.V(1).Info("decided", "action", d.action, "id", d.id)
		switch d.action {
		case actionNone, actionFail:
			return p.concluded(ctx, &d)
		case actionWait:
			v := d.verdict
			if readyReason(&p.obj.Status, p.obj.Generation) == v1alpha1.ReasonAPIUnavailable {
				// Why it waits is said already.
				v = unchanged()
			}
			return p.conclude(ctx, v, d.until)
		case actionRelease:
			return p.letGo(ctx)
		case actionRecreate:
			return p.recreate(ctx)
		}

		// Everything else needs a call.
		if result, ok, err := p.mayCall(ctx); !ok || err != nil {
			return result, err
		}
		var result *ctrl.Result
		var err error
		switch d.action {
		case actionLook:
			result, err = p.look(ctx)
		case actionShow:
			result, err = p.show(ctx, &d)
		default:
			result, err = p.act(ctx, &d)
		}
		if result != nil || err != nil {
			return deref(result), err
		}
	}
}

func deref(r *ctrl.Result) ctrl.Result {
	if r == nil {
		return ctrl.Result{}
	}
	return *r
}

// interval is how often the resource is compared; 0 is never.
func (p *pass) interval() time.Duration {
	if i := p.obj.Spec.ResyncInterval; i != nil {
		return i.Duration
	}
	return p.ResyncInterval
}

// gather collects the facts that need no call to the Live API.
func (p *pass) gather(ctx context.Context) error {
	obj, m := p.obj, p.m
	p.f = facts{
		generation: obj.Generation,
		spec:       obj.Spec,
		status:     obj.Status,
		deleting:   !obj.DeletionTimestamp.IsZero(),
		finalizer:  controllerutil.ContainsFinalizer(obj, v1alpha1.Finalizer),
	}
	p.gatherForce()
	p.gatherDue(ctx)
	mark := markOf(obj)
	if !mark.IsZero() && !owns(&obj.Status) && !m.marked {
		// An earlier process may have been killed with its POST on the way.
		m.marked, m.uncertain = true, true
		m.quietUntil = p.started.Add(p.CallTimeout)
	}
	if m.uncertain {
		p.f.mark = mark
	}
	p.f.quietUntil = m.quietUntil
	p.f.corrections, p.f.corrected = m.corrections, m.corrected
	if m.gone.id != "" && m.gone.id == obj.Status.ID && m.gone.generation == obj.Generation &&
		p.overdueSince.Before(m.gone.at) && (!p.f.forced || m.forcedAt.Before(m.gone.at)) {
		p.f.sight.shown = true
	}
	if id := cmp.Or(obj.Status.ID, obj.Spec.ID); id != "" && m.seen.config.ID == id && p.now.Sub(m.seen.at) < max(p.interval(), time.Minute) &&
		!m.seen.at.Before(p.overdueSince) && (!p.f.forced || !m.seen.at.Before(m.forcedAt)) {
		config := m.seen.config
		p.f.sight.shown, p.f.sight.show, p.shown = true, &config, true
	}
	if !m.listForbiddenAt.IsZero() && p.now.Sub(m.listForbiddenAt) < max(p.interval(), time.Minute) && !p.f.forced {
		p.f.sight.listForbidden = true
	}
	if p.f.deleting || obj.Spec.Suspend || obj.Spec.KeySecretRef == nil ||
		obj.Spec.ManagementPolicy == v1alpha1.ManagementObserve {
		p.f.keyDigest = obj.Status.KeyDigest
		if obj.Spec.KeySecretRef == nil {
			p.f.keyDigest = ""
		}
		return nil
	}
	return p.gatherKey(ctx)
}

// gatherForce sees whether somebody asked for a reconcile now.
func (p *pass) gatherForce() {
	want := p.obj.Annotations[v1alpha1.AnnotationReconcileRequestedAt]
	if want == "" || want == p.obj.Status.LastHandledReconcileAt {
		return
	}
	p.f.forced = true
	if p.m.forced != want {
		p.m.forced, p.m.forcedAt = want, p.now
		p.m.corrections = 0
	}
}

// gatherDue sees whether the remote side is to be compared.
func (p *pass) gatherDue(ctx context.Context) {
	listed := p.listedAt()
	due := p.nextCompare()
	if !due.IsZero() && !p.now.Before(due) {
		p.overdueSince = due
	}
	settled := false
	switch readyReason(&p.obj.Status, p.obj.Generation) {
	case v1alpha1.ReasonSynced, v1alpha1.ReasonDrifted, v1alpha1.ReasonDriftPersists:
		settled = true
	}
	p.m.rotated = p.m.rotated || p.rotated(ctx)
	p.f.due = p.f.forced || !p.overdueSince.IsZero() || !settled || listed.After(p.m.comparedAt) || p.m.rotated
}

// rotated tells whether the credentials changed since they were last used. They
// are tried at once, so that a mistake shows when it is made and not when the
// next call happens to be due.
func (p *pass) rotated(ctx context.Context) bool {
	if p.Secrets.Metadata == nil || p.m.credentials == "" {
		return false
	}
	v, _, err := p.Secrets.version(ctx, types.NamespacedName{Namespace: p.obj.Namespace, Name: p.obj.Spec.CredentialsSecretRef.Name})
	return err == nil && credentialID(v) != p.m.credentials
}

// listedAt is when the list began that the resource may see; zero without one.
func (p *pass) listedAt() time.Time {
	if p.m.credentials == "" {
		return time.Time{}
	}
	return p.Inventory.ListedAt(p.target, p.m.credentials)
}

// nextCompare is when the remote side is to be compared next; zero is never.
func (p *pass) nextCompare() time.Time {
	seen := latest(p.listedAt(), p.m.shownAt)
	if seen.IsZero() {
		seen = p.m.comparedAt
	}
	return nextCompare(p.project(), p.interval(), p.started, seen)
}

// lookAfter is the time at or after which a list must have begun to serve now.
func (p *pass) lookAfter() time.Time {
	t := latest(p.now.Add(-viewMaxAge), p.overdueSince)
	if p.f.forced {
		t = latest(t, p.m.forcedAt)
	}
	if !p.m.quietUntil.After(p.now) {
		t = latest(t, p.m.quietUntil)
	}
	return latest(t, p.m.lookAfter)
}

// markOf is the API's time in the annotation create-pending; zero without one.
// A mark that is not a time is as good as none: it proves nothing.
func markOf(obj *v1alpha1.RecordCallbackConfig) time.Time {
	t, err := time.Parse(time.RFC3339, obj.Annotations[v1alpha1.AnnotationCreatePending])
	if err != nil {
		return time.Time{}
	}
	return t
}
