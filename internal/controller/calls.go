package controller

import (
	"context"
	"errors"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/live-operator/live-operator/api/v1alpha1"
	"github.com/live-operator/live-operator/internal/bulkhead"
	"github.com/live-operator/live-operator/internal/credentials"
	"github.com/live-operator/live-operator/internal/inventory"
	"github.com/live-operator/live-operator/internal/live"
	"github.com/live-operator/live-operator/internal/ratelimit"
)

// Lister lists configurations; *live.Client is one.
type Lister interface {
	List(ctx context.Context, t live.Target, a live.Authorizer, q live.Query) (live.Page, live.Meta, error)
}

// Leased makes the lists of an inventory under the leases of the credentials
// that they are made with, so that a list with a bad Secret counts for its rest,
// and obeys it. The bulkhead is told how long they take: a list holds no worker,
// but shows how its project answers. Safe for concurrent use if l is.
func Leased(l Lister, b *bulkhead.Bulkhead) Lister { return leased{l, b} }

type leased struct {
	Lister
	bulkhead *bulkhead.Bulkhead
}

// List implements Lister.
func (l leased) List(ctx context.Context, t live.Target, a live.Authorizer, q live.Query) (page live.Page, meta live.Meta, err error) {
	list := func(a live.Authorizer) error {
		var err error
		began := time.Now()
		page, meta, err = l.Lister.List(ctx, t, a, q)
		l.bulkhead.Answered(inventory.Project(t), time.Since(began))
		return err
	}
	access, ok := a.(*credentials.Access)
	if ok {
		err = access.Call(ctx, list)
	} else {
		err = list(a)
	}
	return page, meta, err
}

// project names the budget that the pass draws on.
func (p *pass) project() string { return inventory.Project(p.target) }

// enter takes a slot for one call. It never waits for one: false means that the
// resource comes back when there is one.
func (p *pass) enter() bool {
	p.slot = p.Bulkhead.Enter(p.project(), string(p.obj.UID), p.waker())
	p.queued = p.slot == nil
	return !p.queued
}

// leave gives back the slot, and at the end of a pass that does not wait for one
// the place in line: it may have been woken for a call that is not needed now.
func (p *pass) leave() {
	if p.slot != nil {
		p.slot.Leave()
		p.slot = nil
	} else if !p.queued {
		p.Bulkhead.Forget(string(p.obj.UID))
	}
}

// take asks the budget for one call. Drift is nobody's hurry; all else is
// somebody's.
func (p *pass) take(d *decision) time.Duration {
	priority := ratelimit.High
	if d.action == actionShow || len(d.drift) > 0 {
		priority = ratelimit.Low
	}
	return p.Budget.Take(p.project(), string(p.obj.UID), priority)
}

// mayCall finds the credentials and the callback key, and sees whether the last
// failure has to be waited out. Where a call may not be made, ok is false and
// the pass is over.
func (p *pass) mayCall(ctx context.Context) (result ctrl.Result, ok bool, err error) {
	if p.credential != nil {
		return ctrl.Result{}, true, nil
	}
	switch problem, err := p.findCredential(ctx); {
	case err != nil:
		return ctrl.Result{}, false, err
	case problem != nil:
		if p.f.deleting {
			*problem = blockedBy(*problem)
		}
		result, err := p.conclude(ctx, *problem, time.Time{})
		return result, false, err
	}
	p.m.credentials = p.credential.ID()
	p.recall()
	if p.m.tried == p.attempt() && p.now.Before(p.m.holdUntil) {
		result, err := p.conclude(ctx, unchanged(), p.m.holdUntil)
		return result, false, err
	}
	if p.f.forced && p.m.tried != p.attempt() {
		// A person asks: the rest of a Secret that was refused may end early.
		p.credential.Nudge(p.target)
	}
	if until, why, resting := p.credential.Resting(p.target); resting && p.now.Before(until) {
		result, err := p.rest(ctx, why, until)
		return result, false, err
	}
	return ctrl.Result{}, true, nil
}

// findCredential finds the credentials, or what is wrong with them.
func (p *pass) findCredential(ctx context.Context) (*verdict, error) {
	ref := p.obj.Spec.CredentialsSecretRef.Name
	name := types.NamespacedName{Namespace: p.obj.Namespace, Name: ref}
	v, body, err := p.Secrets.version(ctx, name)
	if err == nil {
		want := credentials.Source{UID: string(v.uid), ResourceVersion: v.resourceVersion}
		if p.m.reread == credentialID(v) {
			want.ResourceVersion = "" // It was refused: see whether there is a newer one.
		}
		p.credential, err = p.Credentials.Get(ctx, want, func(ctx context.Context) (credentials.Source, map[string][]byte, error) {
			if body == nil {
				var err error
				if body, err = p.Secrets.read(ctx, name); err != nil {
					return credentials.Source{}, nil, err
				}
			}
			return credentials.Source{UID: string(body.UID), ResourceVersion: body.ResourceVersion}, body.Data, nil
		})
	}
	switch invalid, isInvalid := errors.AsType[*credentials.InvalidError](err); {
	case err == nil:
		return nil, nil
	case apierrors.IsNotFound(err):
		v := stalled(v1alpha1.ReasonCredentialsNotFound, fmt.Sprintf(
			"The Secret %s, which spec.credentialsSecretRef names, does not exist in this namespace. Create it; it is used at once.", ref))
		return &v, nil
	case isInvalid:
		v := stalled(v1alpha1.ReasonCredentialsInvalid, fmt.Sprintf("The Secret %s holds no usable credentials: %s", ref, invalid.Message))
		return &v, nil
	default:
		return nil, err
	}
}

// credentialID is the ID of the credentials of that version of a Secret.
func credentialID(v secretVersion) string { return string(v.uid) + "/" + v.resourceVersion }

// attempt is what a call of this pass is made with.
func (p *pass) attempt() attempt {
	a := attempt{generation: p.obj.Generation, credentials: p.credential.ID(), keyDigest: p.f.keyDigest}
	if p.f.forced || p.m.forced != "" {
		a.forced = p.obj.Annotations[v1alpha1.AnnotationReconcileRequestedAt]
	}
	return a
}

// hold keeps the same attempt from being made again before then.
func (p *pass) hold(until time.Time) {
	p.m.tried, p.m.holdUntil = p.attempt(), until
}

// recall takes from the status, in the first pass of a process, how long what
// can't succeed need not be tried again: an operator that restarts often must
// not call more often for it.
func (p *pass) recall() {
	if p.m.recalled {
		return
	}
	p.m.recalled = true
	last := p.obj.Status.LastError
	if last == nil || p.f.forced {
		return
	}
	switch readyReason(&p.obj.Status, p.obj.Generation) {
	case v1alpha1.ReasonRejected, v1alpha1.ReasonNotFound, v1alpha1.ReasonAlreadyExists, v1alpha1.ReasonForbidden:
	default:
		return
	}
	wait := max(p.interval(), minStallRetry)
	since := p.now.Sub(last.Time.Time)
	if since >= 0 && since < wait {
		p.hold(p.now.Add(wait - since))
	}
}

// turn takes a turn with the credentials, a slot, and a turn with the budget, for
// one call. Without a lease the pass is over.
func (p *pass) turn(ctx context.Context, d *decision) (*credentials.Lease, *ctrl.Result, error) {
	lease, wait, err := p.credential.Begin(p.target)
	switch {
	case lease != nil:
		if !p.enter() {
			lease.Done(nil)
			return nil, &ctrl.Result{RequeueAfter: lostWakeUp}, nil
		}
		if wait := p.take(d); wait > 0 {
			p.leave()
			lease.Done(nil)
			return nil, &ctrl.Result{RequeueAfter: wait}, nil
		}
		return lease, nil, nil
	case err != nil:
		result, err := p.rest(ctx, asError(live.OperationAuthenticate, err), p.now.Add(wait))
		return nil, &result, err
	default:
		return nil, &ctrl.Result{RequeueAfter: wait}, nil
	}
}

// rest reports that the credentials were refused, perhaps to another resource,
// and are not tried again before then unless the Secret changes.
func (p *pass) rest(ctx context.Context, why *live.Error, until time.Time) (ctrl.Result, error) {
	if readyReason(&p.obj.Status, p.obj.Generation) != v1alpha1.ReasonUnauthorized && !p.f.deleting {
		record(&p.obj.Status, why, metav1.NewTime(p.now))
	}
	p.hold(until)
	v := failure(why, &p.obj.Spec)
	if p.f.deleting {
		v = blockedBy(v)
	}
	return p.conclude(ctx, v, until)
}

// settle ends the slot and the lease of a call, and tells the budget of a
// success. again is true where the credentials were refused for the first time:
// the Secret is read anew, and the call made once more.
func (p *pass) settle(lease *credentials.Lease, err error) (again bool) {
	p.leave()
	if err == nil {
		p.Budget.Succeeded(p.project())
	}
	again = lease.Done(err)
	if again {
		p.m.reread = p.credential.ID()
	}
	return again
}

// listing is the credentials as the inventory uses them.
func (p *pass) listing() inventory.Credential {
	return inventory.Credential{ID: p.credential.ID(), Authorizer: p.credential.For(p.target)}
}

// asError is err as the Live client gives it.
func asError(op live.Operation, err error) *live.Error {
	if e, ok := live.AsError(err); ok {
		return e
	}
	return &live.Error{Operation: op, Class: live.ClassUnavailable, Message: "the call was not made", Err: err}
}
