package controller

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	"github.com/live-operator/live-operator/api/v1alpha1"
	"github.com/live-operator/live-operator/internal/live"
)

// minStallRetry bounds how often what can't succeed is tried: 144 times a day.
const minStallRetry = 10 * time.Minute

// secretRetry is how often a Secret that is missing or wrong is read again where
// Secrets are not watched. It costs no call to the Live API.
const secretRetry = time.Minute

// concluded reports a decision that needed no call, or only a look.
func (p *pass) concluded(ctx context.Context, d *decision) (ctrl.Result, error) {
	v := d.verdict
	if p.f.deleting && !v.keep && v.reason != v1alpha1.ReasonDeletionBlocked {
		v = blockedBy(v)
	}
	s := &p.obj.Status
	switch {
	case p.absent != nil && v.reason == v1alpha1.ReasonNotFound:
		record(s, p.absent, metav1.NewTime(p.now))
	case p.forbidden != nil && (v.reason == v1alpha1.ReasonForbidden || v.reason == v1alpha1.ReasonDeletionBlocked):
		record(s, p.forbidden, metav1.NewTime(p.now))
	}
	if !v.keep {
		p.m.rotated = false
		if p.f.sight.listed || p.f.sight.shown {
			p.m.succeeded()
		}
		// Only what was seen and acted upon counts as compared: a pass that had to
		// wait for its turn compares again.
		p.m.comparedAt = latest(p.m.comparedAt, p.f.sight.listedAt)
		if p.shown {
			p.m.shownAt, p.m.comparedAt = p.now, p.now
		}
		if v.ready {
			p.m.corrected, p.m.corrections = nil, 0
			s.LastError = nil
			s.AppliedGeneration = p.appliedGeneration()
		}
		if p.obj.Spec.ManagementPolicy == v1alpha1.ManagementObserve && d.remote != nil && !owns(s) {
			s.ID, s.CreateTime, s.UpdateTime = d.id, d.remote.CreateTime, d.remote.UpdateTime
		}
	}
	if !v.keep && v.notice != "" {
		if c := meta.FindStatusCondition(s.Conditions, v1alpha1.ConditionReady); c == nil || c.Message != v.message {
			p.tell(corev1.EventTypeWarning, v.notice, string(live.OperationList), v.message)
		}
		p.m.shownAt = p.now
	}
	return p.conclude(ctx, v, time.Time{})
}

// appliedGeneration is the generation that agreed when it was compared. Under
// Observe nothing was applied.
func (p *pass) appliedGeneration() int64 {
	if p.obj.Spec.ManagementPolicy == v1alpha1.ManagementObserve {
		return p.obj.Status.AppliedGeneration
	}
	return p.obj.Generation
}

// failed reports a failed call, and says when to try again.
func (p *pass) failed(ctx context.Context, d *decision, e *live.Error) (ctrl.Result, error) {
	now := p.Clock.Now()
	if again, err := p.mayPass(ctx, d, e, now); again || err != nil {
		return ctrl.Result{RequeueAfter: soon}, err
	}
	p.log.Info("call failed", "operation", e.Operation, "httpStatus", e.HTTPStatus, "code", e.Code, "class", e.Class,
		"message", live.CleanMessage(e.Message), "requestID", e.RequestID)
	record(&p.obj.Status, e, metav1.NewTime(now))
	p.m.failures++
	var wait time.Duration
	switch e.Class {
	case live.ClassThrottled:
		if e.Operation == live.OperationList {
			// The inventory has told the budget, once for all who wait for the list.
			wait = max(p.Budget.Paused(p.project()), backoffBase)
		} else {
			wait = p.Budget.Pause(p.project(), e.RetryAfter)
		}
	case live.ClassUnauthorized:
		if until, _, resting := p.credential.Resting(p.target); resting {
			wait = max(until.Sub(now), soon)
		} else {
			wait = minStallRetry
		}
	case live.ClassUnavailable:
		wait = max(backoff(p.m.failures), e.RetryAfter)
	default:
		wait = max(p.interval(), minStallRetry)
	}
	p.hold(now.Add(wait))
	v := failure(e, &p.obj.Spec)
	if p.f.deleting {
		v = blockedBy(v)
	}
	return p.conclude(ctx, v, p.m.holdUntil)
}

// soon is the wait before a pass that goes on where this one ended.
const soon = time.Millisecond

// mayPass handles the failures that are part of the way: what is gone already
// need not be deleted, what is gone is looked for again, and what came of a
// POST is found out by a list. again says to make another pass soon.
func (p *pass) mayPass(ctx context.Context, d *decision, e *live.Error, now time.Time) (again bool, err error) {
	m := p.m
	switch {
	case d.action == actionDelete && e.Class == live.ClassNotFound:
		p.Inventory.Remove(p.target, d.id)
		p.log.Info("the configuration was gone already", "id", d.id, "requestID", e.RequestID)
		_, err := p.letGo(ctx)
		return true, err
	case e.Class == live.ClassNotFound && (d.action == actionUpdate || d.action == actionAdopt) && p.obj.Spec.ID == "":
		p.Inventory.Remove(p.target, d.id)
		m.gone = absence{d.id, p.obj.Generation, now, e}
		// Before it is created again, a list has to say the same.
		m.lookFrom(now)
		return true, nil
	case d.action != actionCreate:
		return false, nil
	}
	// The list that serves the next attempt has to show what came of this one.
	m.lookFrom(now)
	switch {
	case e.Uncertain:
		if e.HTTPStatus == 0 || e.HTTPStatus >= 502 && e.HTTPStatus <= 504 {
			// Nobody knows whether it is still on its way.
			m.quietUntil = now.Add(p.CallTimeout)
		}
		return false, nil
	case e.Class == live.ClassThrottled || e.Class == live.ClassUnavailable:
		return false, nil
	}
	if !m.uncertain {
		if err := p.unmark(ctx); err != nil {
			return false, err
		}
	}
	if e.Class == live.ClassAlreadyExists && m.refused == 0 {
		m.refused++
		return true, nil
	}
	return false, nil
}

// conclude writes the verdict into the status, tells of a transition, and says
// when to come back: at that time, or when the next comparison is due.
func (p *pass) conclude(ctx context.Context, v verdict, at time.Time) (ctrl.Result, error) {
	if err := p.keepFinalizer(ctx); err != nil {
		return ctrl.Result{}, err
	}
	p.m.seen = shownConfig{}
	s := &p.obj.Status
	was := meta.FindStatusCondition(p.before.Status.Conditions, v1alpha1.ConditionReady)
	v.apply(s, p.obj.Generation)
	if p.f.forced && !v.suspended {
		s.LastHandledReconcileAt = p.obj.Annotations[v1alpha1.AnnotationReconcileRequestedAt]
	}
	if err := p.save(ctx); err != nil {
		return ctrl.Result{}, err
	}
	switch {
	case v.keep || was != nil && was.Reason == v.reason:
	case v.reason == v1alpha1.ReasonPending:
	case !v.ready:
		p.tell(corev1.EventTypeWarning, v.reason, "Reconcile", v.message)
	case !p.changed:
		// A change of the configuration has an event of its own.
		p.tell(corev1.EventTypeNormal, v.reason, "Reconcile", v.message)
	}
	if v.suspended {
		return ctrl.Result{}, nil
	}
	now := p.Clock.Now()
	if at.IsZero() && p.Secrets.Metadata == nil && awaitsSecret(v.reason) {
		// Nobody tells when it is mended.
		at = now.Add(secretRetry)
	}
	if at.IsZero() {
		if at = p.nextCompare(); at.IsZero() {
			return ctrl.Result{}, nil
		}
		if at.Before(now) {
			// Its time came, and this pass could not compare.
			at = now.Add(p.interval())
		}
	}
	return ctrl.Result{RequeueAfter: max(at.Sub(now), soon)}, nil
}

// awaitsSecret tells whether a Secret has to change before anything else can.
func awaitsSecret(reason string) bool {
	return reason == v1alpha1.ReasonCredentialsNotFound || reason == v1alpha1.ReasonCredentialsInvalid || reason == v1alpha1.ReasonKeyInvalid
}

// keepFinalizer sees that the resource has the finalizer just while deleting it
// has to delete a configuration.
func (p *pass) keepFinalizer(ctx context.Context) error {
	if p.f.deleting || !markOf(p.obj).IsZero() && !owns(&p.obj.Status) && deletes(&p.obj.Spec, v1alpha1.OriginCreated) {
		return nil
	}
	old := p.obj.ObjectMeta.DeepCopy()
	if owns(&p.obj.Status) && deletes(&p.obj.Spec, p.obj.Status.Origin) {
		controllerutil.AddFinalizer(p.obj, v1alpha1.Finalizer)
	} else {
		controllerutil.RemoveFinalizer(p.obj, v1alpha1.Finalizer)
	}
	return p.patchMeta(ctx, old)
}

// save writes the status if it changed. A status that can't be written is
// remembered, so that what was done is not done again.
func (p *pass) save(ctx context.Context) error {
	if equality.Semantic.DeepEqual(p.before.Status, p.obj.Status) {
		p.m.unsaved = nil
		return nil
	}
	status := p.obj.Status.DeepCopy()
	// Nothing but the status may be in the patch, so nothing else is compared.
	was, is := &v1alpha1.RecordCallbackConfig{Status: p.before.Status}, &v1alpha1.RecordCallbackConfig{Status: *status}
	patch, err := client.MergeFrom(was).Data(is)
	if err == nil {
		err = p.Client.Status().Patch(ctx, p.obj, client.RawPatch(types.MergePatchType, patch))
	}
	switch {
	case apierrors.IsNotFound(err):
		p.vanished = true
		return nil
	case err != nil:
		p.m.unsaved = status
		return errors.Join(errors.New("the status could not be written and will be written again"), err)
	}
	p.m.unsaved = nil
	p.m.wrote(p.obj.ResourceVersion, p.Clock.Now())
	return nil
}

// tell makes an event.
func (p *pass) tell(kind, reason, action, note string) {
	const most = 1000 // The API server takes 1,024 bytes.
	if len(note) > most {
		note = strings.ToValidUTF8(note[:most], "") + "..." // Not half a letter.
	}
	p.Recorder.Eventf(p.obj, nil, kind, reason, action, "%s", note)
}

// same tells whether the finalizers and annotations are the same.
func same(a, b *metav1.ObjectMeta) bool {
	return slices.Equal(a.Finalizers, b.Finalizers) && maps.Equal(a.Annotations, b.Annotations)
}
