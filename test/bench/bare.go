package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/live-operator/live-operator/api/v1alpha1"
	"github.com/live-operator/live-operator/internal/live"
	"github.com/live-operator/live-operator/test/harness"
)

// bare does the operator's work without an operator: as many loops as it has
// workers, each of which takes a resource that was just written and makes the
// same calls and the same writes for it, over the same kind of connections, and
// nothing else. What it takes is the limit for the operator. Like the operator
// it tells of each by an event that no loop waits for, and like the operator's
// its resources are watched by the benchmark.
type bare struct {
	*bed
	kubernetes client.Client
	proxy      *harness.Proxy
	api        *live.Client

	events sync.WaitGroup
	mu     sync.Mutex
	ids    map[string]string // by name
	untold error             // why an event could not be made
}

// newBare prepares the loops for the projects of the bed's simulator.
func newBare(b *bed) (*bare, error) {
	l := &bare{bed: b, ids: map[string]string{}}
	var err error
	if l.proxy, err = harness.NewProxy(b.cluster); err != nil {
		return l, err
	}
	config, err := clientcmd.BuildConfigFromFlags("", l.proxy.Kubeconfig)
	if err != nil {
		return l, err
	}
	config.QPS = -1
	if l.kubernetes, err = client.New(config, client.Options{Scheme: b.cluster.Client.Scheme()}); err != nil {
		return l, err
	}
	l.api, err = live.New(live.Options{
		Endpoints: live.Endpoints{Template: b.sim.URL()}, Timeout: time.Minute, Version: "bare", Transport: live.NewTransport(nil),
	})
	return l, err
}

func (l *bare) close() error {
	l.events.Wait()
	return l.proxy.Close()
}

// token is an authorizer.
type token string

// Authorize implements live.Authorizer.
func (t token) Authorize(_ context.Context, r *http.Request) error {
	r.Header.Set("X-Auth-Token", string(t))
	return nil
}

// phase does a phase with a fleet: write is what a user does, the benchmark's
// workers do it; work is what the operator would do, the loops do it.
func (l *bare) phase(ctx context.Context, f *fleet, write, work func(*v1alpha1.RecordCallbackConfig) error) (time.Duration, error) {
	began := time.Now()
	written := make(chan *v1alpha1.RecordCallbackConfig, f.size)
	var loops sync.WaitGroup
	errs := make(chan error, l.concurrency)
	for range l.concurrency {
		loops.Go(func() {
			for obj := range written {
				if err := work(obj); err != nil {
					errs <- err
					return
				}
			}
		})
	}
	err := l.each(ctx, f.size, func(i int) error {
		obj := f.resource(i)
		defer func() { written <- obj }()
		return write(obj)
	})
	close(written)
	loops.Wait()
	took := time.Since(began)
	l.events.Wait()
	close(errs)
	for e := range errs {
		err = e
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return took, errors.Join(err, l.untold)
}

func (l *bare) create(ctx context.Context, f *fleet) (time.Duration, error) {
	return l.phase(ctx, f,
		func(obj *v1alpha1.RecordCallbackConfig) error { return l.client.Create(ctx, obj) },
		func(obj *v1alpha1.RecordCallbackConfig) error {
			if err := l.patch(ctx, obj, map[string]any{"metadata": map[string]any{
				"resourceVersion": obj.ResourceVersion,
				"finalizers":      []string{v1alpha1.Finalizer},
				"annotations":     map[string]string{v1alpha1.AnnotationCreatePending: time.Now().UTC().Format(time.RFC3339)},
			}}); err != nil {
				return err
			}
			config, meta, err := l.api.Create(ctx, target(obj), token(tokenOf(obj.Spec.ProjectID)), settingsOf(obj, firstURL))
			if err != nil {
				return err
			}
			l.mu.Lock()
			l.ids[obj.Name] = config.ID
			l.mu.Unlock()
			return l.report(ctx, obj, config.ID, meta.RequestID, 1)
		})
}

func (l *bare) change(ctx context.Context, f *fleet) (time.Duration, error) {
	return l.phase(ctx, f,
		func(obj *v1alpha1.RecordCallbackConfig) error { return l.client.Patch(ctx, obj, changePatch()) },
		func(obj *v1alpha1.RecordCallbackConfig) error {
			id := l.id(obj)
			_, meta, err := l.api.Update(ctx, target(obj), token(tokenOf(obj.Spec.ProjectID)), id, settingsOf(obj, changedURL))
			if err != nil {
				return err
			}
			return l.report(ctx, obj, id, meta.RequestID, 2)
		})
}

func (l *bare) delete(ctx context.Context, f *fleet) (time.Duration, error) {
	return l.phase(ctx, f,
		func(obj *v1alpha1.RecordCallbackConfig) error { return l.client.Delete(ctx, obj) },
		func(obj *v1alpha1.RecordCallbackConfig) error {
			if _, err := l.api.Delete(ctx, target(obj), token(tokenOf(obj.Spec.ProjectID)), l.id(obj)); err != nil {
				return err
			}
			l.tell(ctx, obj, "Deleted")
			return l.patch(ctx, obj, map[string]any{"metadata": map[string]any{"finalizers": nil}})
		})
}

func (l *bare) id(obj *v1alpha1.RecordCallbackConfig) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.ids[obj.Name]
}

// tell makes an event, for no loop to wait for. One that fails fails the phase
// at its end: with fewer writes the limit would be none.
func (l *bare) tell(ctx context.Context, obj *v1alpha1.RecordCallbackConfig, reason string) {
	e := &eventsv1.Event{
		ObjectMeta: metav1.ObjectMeta{GenerateName: obj.Name + "-", Namespace: obj.Namespace},
		EventTime:  metav1.NowMicro(), ReportingController: "bare", ReportingInstance: "bare",
		Regarding: corev1.ObjectReference{
			APIVersion: v1alpha1.GroupVersion.String(), Kind: "RecordCallbackConfig",
			Namespace: obj.Namespace, Name: obj.Name, UID: obj.UID, ResourceVersion: obj.ResourceVersion,
		},
		Type: corev1.EventTypeNormal, Reason: reason, Action: "Reconcile", Note: reason + " the configuration.",
	}
	l.events.Go(func() {
		if err := l.kubernetes.Create(ctx, e); err != nil {
			l.mu.Lock()
			defer l.mu.Unlock()
			l.untold = fmt.Errorf("an event could not be made: %w", err)
		}
	})
}

// report writes a status as large as the operator's, and tells.
func (l *bare) report(ctx context.Context, obj *v1alpha1.RecordCallbackConfig, id, requestID string, generation int64) error {
	l.tell(ctx, obj, "Written")
	now := metav1.Now()
	content, err := json.Marshal(map[string]any{"status": v1alpha1.RecordCallbackConfigStatus{
		ObservedGeneration: generation, AppliedGeneration: generation, ID: id, Origin: v1alpha1.OriginCreated, RequestID: requestID,
		CreateTime: now.UTC().Format(time.RFC3339), UpdateTime: now.UTC().Format(time.RFC3339),
		Conditions: []metav1.Condition{{
			Type: v1alpha1.ConditionReady, Status: metav1.ConditionTrue, Reason: v1alpha1.ReasonSynced, ObservedGeneration: generation,
			LastTransitionTime: now, Message: fmt.Sprintf("The configuration %s agrees with the spec.", id),
		}},
	}})
	if err != nil {
		return err
	}
	return l.kubernetes.Status().Patch(ctx, obj, client.RawPatch(types.MergePatchType, content))
}

func (l *bare) patch(ctx context.Context, obj *v1alpha1.RecordCallbackConfig, body map[string]any) error {
	content, err := json.Marshal(body)
	if err != nil {
		return err
	}
	return l.kubernetes.Patch(ctx, obj, client.RawPatch(types.MergePatchType, content))
}

func target(obj *v1alpha1.RecordCallbackConfig) live.Target {
	return live.Target{Region: obj.Spec.Region, ProjectID: obj.Spec.ProjectID}
}

func settingsOf(obj *v1alpha1.RecordCallbackConfig, url string) live.Settings {
	s := live.Settings{PublishDomain: obj.Spec.PublishDomain, App: obj.Spec.App, NotifyCallbackURL: url}
	for _, e := range obj.Spec.NotifyEventSubscription {
		s.NotifyEventSubscription = append(s.NotifyEventSubscription, string(e))
	}
	return s
}
