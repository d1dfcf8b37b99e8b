package argocd_test

import (
	"encoding/json"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/live-operator/live-operator/api/v1alpha1"
)

// patchOf is what Argo CD sends to the API server for an action: a merge patch
// from the object to what the action made of it.
func patchOf(before, after *unstructured.Unstructured) string {
	GinkgoHelper()
	patch, err := client.MergeFrom(before).Data(after)
	Expect(err).NotTo(HaveOccurred())
	return string(patch)
}

var _ = Describe("An action", func() {
	It("is offered where it makes sense", func() {
		running := map[string]bool{"suspend": false, "resume": true, "reconcile": false}
		suspended := map[string]bool{"suspend": true, "resume": false, "reconcile": true}
		Expect(discover(map[string]any{"spec": map[string]any{"suspend": false}})).To(Equal(running))
		Expect(discover(map[string]any{"spec": map[string]any{"suspend": true}})).To(Equal(suspended))
		for _, odd := range []map[string]any{{}, {"spec": "text"}, {"spec": map[string]any{}}, {"spec": map[string]any{"suspend": "true"}}} {
			Expect(discover(odd)).To(Equal(running))
		}
		for _, definition := range customizedActions().Definitions {
			Expect(running).To(HaveKey(definition.Name), "what is defined is offered")
		}
	})

	It("suspends and resumes, and leaves all else as it was", func(ctx SpecContext) {
		t := newTenant(ctx)
		t.create(ctx, t.config().WithEvents(v1alpha1.EventOver).Build())
		before := t.eventuallyReady(ctx)

		suspended := act("suspend", before)
		Expect(patchOf(before, suspended)).To(MatchJSON(`{"spec":{"suspend":true}}`))
		Expect(cluster.Client.Patch(ctx, suspended, client.MergeFrom(before))).To(Succeed())
		after := t.eventually(ctx, v1alpha1.ConditionSuspended, v1alpha1.ReasonSuspended)

		resumed := act("resume", after)
		Expect(patchOf(after, resumed)).To(MatchJSON(`{"spec":{"suspend":false}}`))
		Expect(cluster.Client.Patch(ctx, resumed, client.MergeFrom(after))).To(Succeed())
		Expect(healthOf(t.eventuallyReady(ctx).Object).Status).To(Equal("Healthy"))
		Expect(typed(t.get(ctx)).Spec).To(Equal(typed(before).Spec))
	})

	It("reconciles, which the operator takes for asked, and leaves all else as it was", func(ctx SpecContext) {
		t := newTenant(ctx)
		t.create(ctx, t.config().Build())
		before := t.eventuallyReady(ctx)

		asked := act("reconcile", before)
		value := asked.GetAnnotations()[v1alpha1.AnnotationReconcileRequestedAt]
		want, err := json.Marshal(map[string]any{"metadata": map[string]any{"annotations": map[string]any{v1alpha1.AnnotationReconcileRequestedAt: value}}})
		Expect(err).NotTo(HaveOccurred())
		Expect(patchOf(before, asked)).To(MatchJSON(want))
		Expect(time.Parse(time.RFC3339, value)).To(BeTemporally("~", time.Now(), time.Minute))

		Expect(cluster.Client.Patch(ctx, asked, client.MergeFrom(before))).To(Succeed())
		Eventually(func() string { return typed(t.get(ctx)).Status.LastHandledReconcileAt }).
			Should(Equal(value), "waiting for the operator to handle the request")
	})

	It("reconciles a resource without annotations or status", func() {
		obj := &unstructured.Unstructured{Object: map[string]any{"apiVersion": "v1", "kind": "Any", "metadata": map[string]any{"name": "new"}}}
		Expect(act("reconcile", obj).GetAnnotations()).To(HaveKey(v1alpha1.AnnotationReconcileRequestedAt))
	})

	It("asks anew each time, also when the last time is within the same second", func() {
		asked := func(last, handled string) time.Time {
			obj := &unstructured.Unstructured{Object: map[string]any{
				"apiVersion": "v1", "kind": "Any",
				"metadata": map[string]any{"name": "busy", "annotations": map[string]any{v1alpha1.AnnotationReconcileRequestedAt: last}},
				"status":   map[string]any{"lastHandledReconcileAt": handled},
			}}
			value := act("reconcile", obj).GetAnnotations()[v1alpha1.AnnotationReconcileRequestedAt]
			Expect(value).NotTo(BeElementOf(last, handled))
			at, err := time.Parse(time.RFC3339, value)
			Expect(err).NotTo(HaveOccurred())
			return at
		}
		// A second may end in between: then there is nothing to see.
		Eventually(func(g Gomega) {
			second := asked("", "")
			plain := second.Format("2006-01-02T15:04:05")
			g.Expect(asked(plain+"Z", "")).To(BeTemporally("==", second))
			g.Expect(asked("", plain+"Z")).To(BeTemporally("==", second))
			g.Expect(asked(plain+".0Z", plain+"Z")).To(BeTemporally("==", second))
		}).Should(Succeed(), "waiting for three requests within one second")
	})

	It("gives an empty map back as it was", func() {
		obj := &unstructured.Unstructured{Object: map[string]any{
			"apiVersion": "v1", "kind": "Any", "metadata": map[string]any{"name": "bare", "labels": map[string]any{}}, "spec": map[string]any{},
		}}
		Expect(patchOf(obj, act("suspend", obj))).To(MatchJSON(`{"spec":{"suspend":true}}`))
	})
})
