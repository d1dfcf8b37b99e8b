package argocd_test

import (
	"context"
	"crypto/rand"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/live-operator/live-operator/api/v1alpha1"
	"github.com/live-operator/live-operator/test/builder"
	"github.com/live-operator/live-operator/test/livesim"
)

// tenant is a namespace, a project of its own, and credentials for it.
type tenant struct {
	namespace, project, token string
	credential                *livesim.Credential
}

const secretName = "live-credentials"

func newTenant(ctx context.Context) *tenant {
	GinkgoHelper()
	t := &tenant{project: rand.Text(), token: "canary-token-" + rand.Text()}
	t.credential = sim.AddToken(t.token, t.project)
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "tenant-"}}
	Expect(cluster.Client.Create(ctx, namespace)).To(Succeed())
	t.namespace = namespace.Name
	t.create(ctx, builder.Secret(secretName).InNamespace(t.namespace).WithToken(t.token).Build())
	DeferCleanup(t.cleanUp)
	return t
}

// cleanUp lets go of what is left, so that the operator has no more to do with it.
func (t *tenant) cleanUp(ctx SpecContext) {
	var list v1alpha1.RecordCallbackConfigList
	Expect(cluster.Client.List(ctx, &list, client.InNamespace(t.namespace))).To(Succeed())
	for i := range list.Items {
		obj := &list.Items[i]
		Expect(client.IgnoreNotFound(cluster.Client.Patch(ctx, obj, client.RawPatch(
			"application/merge-patch+json", []byte(`{"metadata":{"finalizers":null}}`))))).To(Succeed())
		Expect(client.IgnoreNotFound(cluster.Client.Delete(ctx, obj))).To(Succeed())
	}
}

// fail makes the API go wrong for this tenant until the end of the spec.
func (t *tenant) fail(fault livesim.Fault) {
	fault.Project = t.project
	id := sim.Fail(fault)
	DeferCleanup(func() { sim.ClearFaults(id) })
}

// config begins a resource of this tenant.
func (t *tenant) config() *builder.ConfigBuilder {
	return builder.Config(name).InNamespace(t.namespace).InProject(t.project).WithCredentials(secretName).
		WithApp("live").WithURL("https://callback.example.com/record")
}

// name is that of the resource that a spec is about.
const name = "subject"

func (t *tenant) create(ctx context.Context, obj client.Object) {
	GinkgoHelper()
	Expect(cluster.Client.Create(ctx, obj)).To(Succeed())
}

// get gives the resource as Argo CD sees it.
func (t *tenant) get(ctx context.Context) *unstructured.Unstructured {
	GinkgoHelper()
	obj := &unstructured.Unstructured{}
	obj.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind("RecordCallbackConfig"))
	Expect(cluster.Client.Get(ctx, client.ObjectKey{Namespace: t.namespace, Name: name}, obj)).To(Succeed())
	return obj
}

// change edits a resource, as a person would.
func (t *tenant) change(ctx context.Context, name string, edit func(*v1alpha1.RecordCallbackConfig)) {
	GinkgoHelper()
	obj := &v1alpha1.RecordCallbackConfig{}
	Expect(cluster.Client.Get(ctx, client.ObjectKey{Namespace: t.namespace, Name: name}, obj)).To(Succeed())
	base := obj.DeepCopy()
	edit(obj)
	Expect(cluster.Client.Patch(ctx, obj, client.MergeFrom(base))).To(Succeed())
}

// force asks for a reconcile of a resource now, and waits until it was handled.
func (t *tenant) force(ctx context.Context, name string) {
	GinkgoHelper()
	value := time.Now().UTC().Format(time.RFC3339Nano)
	t.change(ctx, name, func(c *v1alpha1.RecordCallbackConfig) {
		metav1.SetMetaDataAnnotation(&c.ObjectMeta, v1alpha1.AnnotationReconcileRequestedAt, value)
	})
	Eventually(func(g Gomega) {
		obj := &v1alpha1.RecordCallbackConfig{}
		g.Expect(cluster.Client.Get(ctx, client.ObjectKey{Namespace: t.namespace, Name: name}, obj)).To(Succeed())
		g.Expect(obj.Status.LastHandledReconcileAt).To(Equal(value))
	}).WithContext(ctx).Should(Succeed(), "waiting for the request for a reconcile to be handled")
}

// touchSecret changes the version of the Secret, and not what it holds.
func (t *tenant) touchSecret(ctx context.Context) {
	GinkgoHelper()
	secret := builder.Secret(secretName).InNamespace(t.namespace).WithToken(t.token).Build()
	metav1.SetMetaDataAnnotation(&secret.ObjectMeta, "touched", rand.Text())
	Expect(cluster.Client.Update(ctx, secret)).To(Succeed())
}

// delete deletes the resource, which stays for its finalizer.
func (t *tenant) delete(ctx context.Context) {
	GinkgoHelper()
	Expect(cluster.Client.Delete(ctx, t.get(ctx))).To(Succeed())
}

// eventually waits until a condition has that reason, written for the spec as
// it now stands.
func (t *tenant) eventually(ctx context.Context, condition, reason string) *unstructured.Unstructured {
	GinkgoHelper()
	var obj *unstructured.Unstructured
	Eventually(func(g Gomega) {
		obj = t.get(ctx)
		status := typed(obj).Status
		c := meta.FindStatusCondition(status.Conditions, condition)
		g.Expect(c).NotTo(BeNil(), "status: %+v", status)
		g.Expect(c.Reason).To(Equal(reason), c.Message)
		g.Expect(c.ObservedGeneration).To(Equal(obj.GetGeneration()))
	}).WithContext(ctx).Should(Succeed(), "waiting for %s to have the reason %s", condition, reason)
	return obj
}

func (t *tenant) eventuallyReady(ctx context.Context) *unstructured.Unstructured {
	GinkgoHelper()
	return t.eventually(ctx, v1alpha1.ConditionReady, v1alpha1.ReasonSynced)
}

// typed is the object as the operator's own type.
func typed(obj *unstructured.Unstructured) *v1alpha1.RecordCallbackConfig {
	GinkgoHelper()
	config := &v1alpha1.RecordCallbackConfig{}
	Expect(runtime.DefaultUnstructuredConverter.FromUnstructured(obj.Object, config)).To(Succeed())
	return config
}
