package controller

import (
	"context"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/tools/events"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
	"sigs.k8s.io/controller-runtime/pkg/event"

	"github.com/live-operator/live-operator/api/v1alpha1"
	"github.com/live-operator/live-operator/internal/bulkhead"
	"github.com/live-operator/live-operator/internal/credentials"
	"github.com/live-operator/live-operator/internal/inventory"
	"github.com/live-operator/live-operator/internal/live"
	"github.com/live-operator/live-operator/internal/metrics"
	"github.com/live-operator/live-operator/internal/ratelimit"
)

// +kubebuilder:rbac:groups=live.huaweicloud.com,resources=recordcallbackconfigs,verbs=get;list;watch;patch
// +kubebuilder:rbac:groups=live.huaweicloud.com,resources=recordcallbackconfigs/status,verbs=patch
// +kubebuilder:rbac:groups="",resources=secrets,verbs=get;list;watch
// +kubebuilder:rbac:groups=events.k8s.io,resources=events,verbs=create;patch

// API is what the reconciler needs of the Live API; *live.Client is one.
type API interface {
	Create(ctx context.Context, t live.Target, a live.Authorizer, s live.Settings) (live.Config, live.Meta, error)
	Update(ctx context.Context, t live.Target, a live.Authorizer, id string, s live.Settings) (live.Config, live.Meta, error)
	Show(ctx context.Context, t live.Target, a live.Authorizer, id string) (live.Config, live.Meta, error)
	Delete(ctx context.Context, t live.Target, a live.Authorizer, id string) (live.Meta, error)
}

// Reconciler makes the Live API agree with RecordCallbackConfigs. All exported
// fields but Metrics are required, and none is changed once it runs. Safe for concurrent use by
// the workers of one controller.
type Reconciler struct {
	// Client reads resources from the cache and writes them.
	Client client.Client
	// Secrets reads them without a cache of their bodies.
	Secrets Secrets
	// API is the Live API.
	API API
	// Credentials holds what Secrets were turned into.
	Credentials *credentials.Cache
	// Inventory is what the projects hold remotely.
	Inventory *inventory.Inventory
	// Budget is what may be called when.
	Budget *ratelimit.Budget
	// Bulkhead divides the workers among the projects.
	Bulkhead *bulkhead.Bulkhead
	// Recorder tells events.
	Recorder events.EventRecorder
	// ResyncInterval is how often a resource that does not say is compared; 0 is
	// never.
	ResyncInterval time.Duration
	// CallTimeout is how long one call may take, and so how long a lost one may
	// still be on its way.
	CallTimeout time.Duration
	// Clock tells the time.
	Clock clock.PassiveClock
	// Metrics counts drift; nil: nobody does.
	Metrics *metrics.Metrics

	memories memories
	claims   claims
	rivals   *rivals
	wake     chan event.GenericEvent
	done     <-chan struct{}
	begun    sync.Once
	started  time.Time
}

// Reconcile makes one pass over a resource.
func (r *Reconciler) Reconcile(ctx context.Context, req ctrl.Request) (ctrl.Result, error) {
	// Passes begin when this replica leads, which can be long after its start.
	r.begun.Do(func() { r.started = r.Clock.Now() })

	obj := &v1alpha1.RecordCallbackConfig{}
	if err := r.Client.Get(ctx, req.NamespacedName, obj); err != nil {
		if apierrors.IsNotFound(err) {
			r.forget(req)
			return ctrl.Result{}, nil
		}
		return ctrl.Result{}, err
	}
	m := r.memories.of(req.NamespacedName, obj.UID)
	now := r.Clock.Now()
	if m.stale(obj.ResourceVersion, now) {
		return ctrl.Result{RequeueAfter: staleWait}, nil
	}
	if !obj.DeletionTimestamp.IsZero() && (m.released || !controllerutil.ContainsFinalizer(obj, v1alpha1.Finalizer)) {
		return ctrl.Result{}, nil
	}
	p := newPass(r, obj, m, now)
	unlock, ok := r.claims.lock(p.names()...)
	if !ok {
		return ctrl.Result{RequeueAfter: lockWait}, nil
	}
	defer unlock()
	defer p.leave()
	// What has begun is seen through when the operator is told to stop; each call
	// has an end of its own.
	result, err := p.run(context.WithoutCancel(ctx))
	if apierrors.IsConflict(err) {
		return ctrl.Result{RequeueAfter: staleWait}, nil
	}
	return result, err
}

const (
	// staleWait is how soon to look again for the cache to show an own write.
	staleWait = 20 * time.Millisecond
	// lockWait is how soon to look again while another resource of the same
	// configuration is being handled.
	lockWait = 100 * time.Millisecond
)

// forget drops what is remembered of a resource that is gone.
func (r *Reconciler) forget(req ctrl.Request) {
	if m := r.memories.forget(req.NamespacedName); m != nil {
		r.claims.release(m.claimed, m.uid)
		r.Budget.Forget(string(m.uid))
		r.Bulkhead.Forget(string(m.uid))
	}
}
