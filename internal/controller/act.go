package controller

import (
	"context"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/live-operator/live-operator/api/v1alpha1"
	"github.com/live-operator/live-operator/internal/live"
)

// look fetches a list of the project into the facts. It never waits for one: a
// nil result says to decide again, else the resource comes back when the list
// is there.
func (p *pass) look(ctx context.Context) (*ctrl.Result, error) {
	view, err, under := p.Inventory.Look(p.target, p.listing(), p.lookAfter(), p.obj.Spec.PublishDomain, p.obj.Spec.App, p.waker())
	switch {
	case under:
		return &ctrl.Result{RequeueAfter: lostWakeUp}, nil
	case err != nil:
		return p.lookFailed(ctx, err)
	}
	p.f.sight.listed, p.f.sight.listedAt, p.f.sight.date = true, view.ListedAt, view.Date
	p.f.sight.byID, p.f.sight.byKey = view.ByID, view.ByKey
	p.m.listForbiddenAt = time.Time{}
	if gone := p.m.gone; gone.refused != nil && !view.ListedAt.Before(gone.at) {
		if _, there := view.ByID(gone.id); there {
			p.m.gone = absence{}
			// One server denies what another shows. It is not gone: try again later.
			e := *gone.refused
			e.Class = live.ClassUnavailable
			result, err := p.failed(ctx, &decision{action: actionLook}, &e)
			return &result, err
		}
	}
	return nil, nil
}

func (p *pass) lookFailed(ctx context.Context, err error) (*ctrl.Result, error) {
	e := asError(live.OperationList, err)
	if _, _, resting := p.credential.Resting(p.target); e.Class == live.ClassUnauthorized && !resting && p.m.reread != p.credential.ID() {
		p.m.reread = p.credential.ID()
		p.m.lookFrom(p.now)
		return &ctrl.Result{RequeueAfter: soon}, nil
	}
	if e.Class == live.ClassForbidden {
		p.m.listForbiddenAt, p.forbidden = p.now, e
		p.f.sight.listForbidden = true
		return nil, nil
	}
	p.m.lookFrom(p.now)
	result, err := p.failed(ctx, &decision{action: actionLook}, e)
	return &result, err
}

// show fetches the configuration of that ID into the facts.
func (p *pass) show(ctx context.Context, d *decision) (*ctrl.Result, error) {
	id := d.id
	lease, result, err := p.turn(ctx, d)
	if lease == nil {
		return result, err
	}
	p.slot.Start()
	config, meta, err := p.API.Show(ctx, p.target, lease, id)
	if p.settle(lease, err) {
		return &ctrl.Result{RequeueAfter: soon}, nil
	}
	if err != nil {
		switch e := asError(live.OperationShow, err); e.Class {
		case live.ClassNotFound:
			p.Inventory.Remove(p.target, id)
			p.m.gone, p.absent = absence{id, p.obj.Generation, p.Clock.Now(), nil}, e
			p.f.sight.shown, p.f.sight.show = true, nil
		case live.ClassForbidden:
			p.f.sight.showForbidden, p.forbidden = true, e
		default:
			result, err := p.failed(ctx, d, e)
			return &result, err
		}
	} else {
		p.log.V(1).Info("shown", "id", id, "requestID", meta.RequestID)
		p.Inventory.Put(p.target, config)
		p.f.sight.shown, p.f.sight.show = true, &config
		p.m.seen = shownConfig{config, p.now}
	}
	p.shown = true
	return nil, nil
}

// act makes the one call of this pass.
func (p *pass) act(ctx context.Context, d *decision) (*ctrl.Result, error) {
	if d.id != "" && !p.named(d.id) {
		// Found by domain and app: its ID was not known when the pass began.
		unlock, ok := p.claims.lock(configName(p.target, d.id))
		if !ok {
			return &ctrl.Result{RequeueAfter: lockWait}, nil
		}
		defer unlock()
		if h, err := p.holderOf(ctx, p.obj, d.id); err != nil || h != nil {
			return &ctrl.Result{RequeueAfter: lockWait}, err
		}
	}
	if p.f.keyDigest != "" && p.key == "" && d.action != actionDelete {
		// Its digest was known; now the key itself is needed.
		if err := p.readKey(ctx); err != nil || p.f.keyProblem != "" {
			return &ctrl.Result{RequeueAfter: soon}, err
		}
	}
	lease, waiting, err := p.turn(ctx, d)
	if lease == nil {
		return waiting, err
	}
	if d.action == actionCreate {
		if err := p.mark(ctx, false); err != nil {
			lease.Done(nil)
			return nil, err
		}
	}
	uncertain := p.m.uncertain
	p.m.uncertain = uncertain || d.action == actionCreate
	config, meta, err := p.call(ctx, lease, d)
	if e, ok := live.AsError(err); ok && !e.Uncertain {
		p.m.uncertain = uncertain
	}
	var result ctrl.Result
	switch again := p.settle(lease, err); {
	case again:
		result = ctrl.Result{RequeueAfter: soon}
		err = nil
	case err != nil:
		result, err = p.failed(ctx, d, asError(operations[d.action], err))
	case d.action == actionDelete:
		result, err = p.deleted(ctx, d.id, meta)
	default:
		result, err = p.applied(ctx, d, config, meta)
		if d.action == actionCreate && p.vanished && deletes(&p.obj.Spec, v1alpha1.OriginCreated) {
			p.undo(ctx, config.ID)
		}
	}
	return &result, err
}

// undo deletes what was just created for a resource that is gone all the same:
// the API server lets one go that is deleted in the moment in which it gets its
// finalizer. Nobody else knows of the configuration, so this is the only try.
func (p *pass) undo(ctx context.Context, id string) {
	lease, _, err := p.credential.Begin(p.target)
	if lease != nil {
		_, err = p.API.Delete(ctx, p.target, lease, id)
		lease.Done(err)
	}
	if lease == nil || err != nil {
		p.log.Error(err, "The configuration is left behind: its resource was deleted while it was created", "id", id)
		return
	}
	p.Inventory.Remove(p.target, id)
	p.log.Info("Deleted the configuration "+id+" again: its resource was deleted while it was created.", "id", id)
}

// call is the call itself.
func (p *pass) call(ctx context.Context, lease live.Authorizer, d *decision) (config live.Config, meta live.Meta, err error) {
	sent := settings(&p.obj.Spec, p.key)
	p.slot.Start()
	switch d.action {
	case actionCreate:
		config, meta, err = p.API.Create(ctx, p.target, lease, sent)
		if config.ID != "" && config.PublishDomain == "" {
			created := config.CreateTime
			config = p.written(config.ID, sent)
			config.CreateTime = created
		}
		return config, meta, err
	case actionDelete:
		meta, err = p.API.Delete(ctx, p.target, lease, d.id)
		return config, meta, err
	default:
		config, meta, err = p.API.Update(ctx, p.target, lease, d.id, sent)
		if config.ID == "" {
			config = p.written(d.id, sent)
		}
		return config, meta, err
	}
}

// operations are the calls of the actions.
var operations = map[action]live.Operation{
	actionCreate: live.OperationCreate,
	actionUpdate: live.OperationUpdate,
	actionAdopt:  live.OperationUpdate,
	actionDelete: live.OperationDelete,
}

// named tells whether the pass has locked the configuration of that ID.
func (p *pass) named(id string) bool {
	return id == p.obj.Spec.ID || id == p.before.Status.ID || id == p.obj.Status.ID
}

// written is what the API holds after an update whose answer does not show it:
// what was sent, over what was known.
func (p *pass) written(id string, sent live.Settings) live.Config {
	config, _, _ := p.f.sight.config(id)
	config.ID, config.PublishDomain, config.App = id, sent.PublishDomain, sent.App
	if sent.NotifyCallbackURL != "" {
		config.NotifyCallbackURL = sent.NotifyCallbackURL
	}
	if len(sent.NotifyEventSubscription) > 0 {
		config.NotifyEventSubscription = sent.NotifyEventSubscription
	}
	if sent.OnDemandCallbackURL != "" {
		config.OnDemandCallbackURL = &sent.OnDemandCallbackURL
	}
	if sent.SignType != "" {
		config.SignType = &sent.SignType
	}
	config.UpdateTime = ""
	return config
}

// applied records that the API accepted the spec.
func (p *pass) applied(ctx context.Context, d *decision, config live.Config, meta live.Meta) (ctrl.Result, error) {
	id := config.ID
	if d.id != "" {
		id = d.id
	}
	config.ID = id
	p.Inventory.Put(p.target, config)
	p.changed = true
	p.countCorrection()
	m := p.m
	m.succeeded()
	m.comparedAt, m.quietUntil, m.gone = p.Clock.Now(), time.Time{}, absence{}
	m.marked, m.uncertain, m.rotated = false, false, false

	s := &p.obj.Status
	s.ID, s.RequestID, s.LastError = id, meta.RequestID, nil
	s.AppliedGeneration, s.KeyDigest = p.obj.Generation, p.f.keyDigest
	s.UpdateTime = config.UpdateTime
	if config.CreateTime != "" {
		s.CreateTime = config.CreateTime
	}
	if len(d.drift) == 0 {
		m.corrections, m.corrected = 0, nil
	}
	reason, note := "Updated", "Updated the configuration "+id+"."
	switch {
	case d.action == actionCreate:
		s.Origin = v1alpha1.OriginCreated
		reason, note = "Created", "Created the configuration "+id+"."
	case d.action == actionAdopt:
		s.Origin = d.origin
		reason, note = "Adopted", "Took over the configuration "+id+" and updated it."
		if d.origin == v1alpha1.OriginCreated {
			reason, note = "Recovered", "Found the configuration "+id+", which an earlier attempt had created, and updated it."
		}
	case len(d.drift) > 0:
		m.correct(d.drift)
		reason, note = "DriftCorrected", "Corrected "+strings.Join(d.drift, ", ")+" of the configuration "+id+", which somebody else had changed."
	}
	p.log.Info(note, "id", id, "requestID", meta.RequestID)
	p.tell(corev1.EventTypeNormal, reason, string(operations[d.action]), note)
	p.claim(id)
	return p.conclude(ctx, synced(id), time.Time{})
}

// claim says that the resource holds that configuration, and no other.
func (p *pass) claim(id string) {
	name := configName(p.target, id)
	if p.m.claimed != name {
		p.claims.release(p.m.claimed, p.obj.UID)
		p.m.claimed = name
	}
	p.claims.hold(name, claimOf(p.obj))
}

// deleted lets go of a resource whose configuration is gone.
func (p *pass) deleted(ctx context.Context, id string, meta live.Meta) (ctrl.Result, error) {
	p.Inventory.Remove(p.target, id)
	note := "Deleted the configuration " + id + "."
	p.log.Info(note, "id", id, "requestID", meta.RequestID)
	p.tell(corev1.EventTypeNormal, "Deleted", string(live.OperationDelete), note)
	return p.letGo(ctx)
}

// recreate begins a creation in place of a configuration that is gone. The mark
// is renewed before the ID is forgotten: killed in between, the old ID still
// tells that nothing was created since.
func (p *pass) recreate(ctx context.Context) (ctrl.Result, error) {
	if err := p.mark(ctx, true); err != nil {
		return ctrl.Result{}, err
	}
	s := &p.obj.Status
	note := "The configuration " + s.ID + " no longer exists and is created again."
	p.log.Info(note, "id", s.ID)
	p.tell(corev1.EventTypeWarning, "Gone", "Recreate", note)
	p.claims.release(configName(p.target, s.ID), p.obj.UID)
	s.ID, s.Origin, s.KeyDigest, s.CreateTime, s.UpdateTime, s.AppliedGeneration = "", "", "", "", "", 0
	p.m.gone = absence{}
	return p.conclude(ctx, pending("The configuration no longer exists. It is created again."), p.now)
}

// mark announces, before a POST, that a configuration will be created, by the
// API's own time at which there was none; and takes the finalizer in the same
// write where deleting the resource will have to delete the configuration. A
// mark that is there stays, unless renew.
func (p *pass) mark(ctx context.Context, renew bool) error {
	old := p.obj.ObjectMeta.DeepCopy()
	if renew || p.f.mark.IsZero() {
		date := p.f.sight.date
		if date.IsZero() {
			date = p.f.sight.listedAt.Add(-clockAllowance)
		}
		if p.obj.Annotations == nil {
			p.obj.Annotations = map[string]string{}
		}
		p.obj.Annotations[v1alpha1.AnnotationCreatePending] = date.UTC().Truncate(time.Second).Format(time.RFC3339)
		p.m.marked, p.m.uncertain = true, false
	}
	if deletes(&p.obj.Spec, v1alpha1.OriginCreated) {
		controllerutil.AddFinalizer(p.obj, v1alpha1.Finalizer)
	}
	return p.patchMeta(ctx, old)
}

// unmark takes the mark and the finalizer back: the POST was refused, so there
// is nothing to own and nothing to wait for.
func (p *pass) unmark(ctx context.Context) error {
	old := p.obj.ObjectMeta.DeepCopy()
	delete(p.obj.Annotations, v1alpha1.AnnotationCreatePending)
	controllerutil.RemoveFinalizer(p.obj, v1alpha1.Finalizer)
	p.m.marked, p.m.uncertain, p.m.quietUntil = false, false, time.Time{}
	return p.patchMeta(ctx, old)
}

// letGo removes the finalizer, after which the resource is gone.
func (p *pass) letGo(ctx context.Context) (ctrl.Result, error) {
	old := p.obj.ObjectMeta.DeepCopy()
	controllerutil.RemoveFinalizer(p.obj, v1alpha1.Finalizer)
	err := client.IgnoreNotFound(p.patchMeta(ctx, old))
	// The cache may show it for a little longer, at the version that the answer
	// has too.
	p.m.released = err == nil
	return ctrl.Result{}, err
}

// patchMeta writes what changed in the metadata, if anything. The version of
// the resource must still be the one that was read: a list such as finalizers
// is replaced as a whole, and another's entry must not get lost.
func (p *pass) patchMeta(ctx context.Context, old *metav1.ObjectMeta) error {
	if same(old, &p.obj.ObjectMeta) {
		return nil
	}
	was, is := &v1alpha1.RecordCallbackConfig{ObjectMeta: *old}, &v1alpha1.RecordCallbackConfig{ObjectMeta: p.obj.ObjectMeta}
	patch, err := client.MergeFromWithOptions(was, client.MergeFromWithOptimisticLock{}).Data(is)
	if err != nil {
		return err
	}
	status := p.obj.Status.DeepCopy()
	if err := p.Client.Patch(ctx, p.obj, client.RawPatch(types.MergePatchType, patch)); err != nil {
		return err
	}
	p.m.wrote(p.obj.ResourceVersion, p.Clock.Now())
	// The answer brought the stored status with it.
	status.DeepCopyInto(&p.obj.Status)
	return nil
}
