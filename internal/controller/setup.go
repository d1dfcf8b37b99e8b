package controller

import (
	"context"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/util/workqueue"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"github.com/live-operator/live-operator/api/v1alpha1"
)

// indexSecret is the index of the cache of resources by the Secrets that they
// name, which many of them share.
const indexSecret = "secret"

// SetupWithManager registers the reconciler, its indexes and its watches. No
// pass ever waits long for anything but its own call, so workers is also about
// how many calls are made at a time; the Bulkhead has to know as many.
func (r *Reconciler) SetupWithManager(ctx context.Context, mgr ctrl.Manager, workers int) error {
	r.wake = make(chan event.GenericEvent)
	r.done = ctx.Done()
	r.rivals = newRivals()
	if err := mgr.GetFieldIndexer().IndexField(ctx, &v1alpha1.RecordCallbackConfig{}, indexSecret, func(o client.Object) []string {
		return secretNames(o.(*v1alpha1.RecordCallbackConfig))
	}); err != nil {
		return err
	}
	b := ctrl.NewControllerManagedBy(mgr).
		Named("recordcallbackconfig").
		For(&v1alpha1.RecordCallbackConfig{}, builder.WithPredicates(predicate.Or(predicate.GenerationChangedPredicate{}, forceChanged()))).
		Watches(&v1alpha1.RecordCallbackConfig{}, r.rivals.handler()).
		WatchesRawSource(source.Channel(r.wake, &handler.EnqueueRequestForObject{})).
		WithOptions(controller.Options{
			MaxConcurrentReconciles: workers,
			// For errors of the API server alone; those of the Live API have waits of
			// their own.
			RateLimiter: workqueue.NewTypedItemExponentialFailureRateLimiter[reconcile.Request](100*time.Millisecond, 30*time.Second),
		})
	if r.Secrets.Metadata != nil {
		b = b.WatchesMetadata(&corev1.Secret{}, handler.EnqueueRequestsFromMapFunc(r.users))
	}
	return b.Complete(r)
}

// forceChanged is for a new value of the annotation that asks for a reconcile.
func forceChanged() predicate.Predicate {
	return predicate.Funcs{
		CreateFunc:  func(event.CreateEvent) bool { return false },
		DeleteFunc:  func(event.DeleteEvent) bool { return false },
		GenericFunc: func(event.GenericEvent) bool { return false },
		UpdateFunc: func(e event.UpdateEvent) bool {
			const name = v1alpha1.AnnotationReconcileRequestedAt
			return e.ObjectOld.GetAnnotations()[name] != e.ObjectNew.GetAnnotations()[name]
		},
	}
}

// secretNames are the Secrets that a resource names.
func secretNames(obj *v1alpha1.RecordCallbackConfig) []string {
	names := []string{obj.Spec.CredentialsSecretRef.Name}
	if ref := obj.Spec.KeySecretRef; ref != nil {
		names = append(names, ref.Name)
	}
	return names
}

// users are the resources that name a Secret.
func (r *Reconciler) users(ctx context.Context, o client.Object) []reconcile.Request {
	var list v1alpha1.RecordCallbackConfigList
	if err := r.Client.List(ctx, &list, client.InNamespace(o.GetNamespace()), client.MatchingFields{indexSecret: o.GetName()}, client.UnsafeDisableDeepCopy); err != nil {
		ctrl.LoggerFrom(ctx).Error(err, "the resources to wake could not be listed")
		return nil
	}
	requests := make([]reconcile.Request, 0, len(list.Items))
	for i := range list.Items {
		requests = append(requests, reconcile.Request{NamespacedName: client.ObjectKeyFromObject(&list.Items[i])})
	}
	return requests
}

// waker makes the resource of this pass come back, from any goroutine.
func (p *pass) waker() func() {
	name, namespace := p.obj.Name, p.obj.Namespace
	return func() {
		obj := &v1alpha1.RecordCallbackConfig{}
		obj.Name, obj.Namespace = name, namespace
		select {
		case p.wake <- event.GenericEvent{Object: obj}:
		case <-p.done:
		}
	}
}
