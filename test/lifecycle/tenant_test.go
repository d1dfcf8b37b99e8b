package lifecycle

import (
	"context"
	"slices"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/live-operator/live-operator/api/v1alpha1"
	"github.com/live-operator/live-operator/test/builder"
	"github.com/live-operator/live-operator/test/harness"
	"github.com/live-operator/live-operator/test/livesim"
)

// tenant is a namespace, a project of its own, and credentials for it.
type tenant struct {
	namespace, project string
	token              string
	credential         *livesim.Credential
	sim                *livesim.Simulator
	proxy              *harness.Proxy
}

const secretName = "live-credentials"

// newTenant makes a tenant of the shared operator.
func newTenant(ctx context.Context) *tenant {
	GinkgoHelper()
	return newTenantOf(ctx, sim, proxy)
}

func newTenantOf(ctx context.Context, s *livesim.Simulator, p *harness.Proxy) *tenant {
	GinkgoHelper()
	t := &tenant{project: newID(), token: "canary-token-" + newID(), sim: s, proxy: p}
	t.credential = s.AddToken(t.token, t.project)
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "tenant-"}}
	Expect(cluster.Client.Create(ctx, namespace)).To(Succeed())
	t.namespace = namespace.Name
	t.create(ctx, builder.Secret(secretName).InNamespace(t.namespace).WithToken(t.token).Build())
	DeferCleanup(t.cleanUp)
	return t
}

// cleanUp lets go of what is left, so that the operator has no more to do with it.
func (t *tenant) cleanUp(ctx SpecContext) {
	if CurrentSpecReport().Failed() {
		for line := range strings.Lines(op.Log()) {
			if strings.Contains(line, t.namespace) {
				GinkgoWriter.Print(line)
			}
		}
	}
	var list v1alpha1.RecordCallbackConfigList
	Expect(cluster.Client.List(ctx, &list, client.InNamespace(t.namespace))).To(Succeed())
	for i := range list.Items {
		obj := &list.Items[i]
		Expect(client.IgnoreNotFound(cluster.Client.Patch(ctx, obj, client.RawPatch(
			"application/merge-patch+json", []byte(`{"metadata":{"finalizers":null}}`))))).To(Succeed())
		Expect(client.IgnoreNotFound(cluster.Client.Delete(ctx, obj))).To(Succeed())
	}
}

// config begins a resource of this tenant.
func (t *tenant) config(name string) *builder.ConfigBuilder {
	return builder.Config(name).InNamespace(t.namespace).InProject(t.project).WithCredentials(secretName).
		WithApp("live").WithURL("https://callback.example.com/record")
}

func (t *tenant) create(ctx context.Context, obj client.Object) {
	GinkgoHelper()
	Expect(cluster.Client.Create(ctx, obj)).To(Succeed())
}

// apply creates the resource and gives it as stored.
func (t *tenant) apply(ctx context.Context, b *builder.ConfigBuilder) *v1alpha1.RecordCallbackConfig {
	GinkgoHelper()
	obj := b.Build()
	t.create(ctx, obj)
	return obj
}

// get gives the resource as it is now.
func (t *tenant) get(ctx context.Context, name string) *v1alpha1.RecordCallbackConfig {
	GinkgoHelper()
	obj := &v1alpha1.RecordCallbackConfig{}
	Expect(cluster.Client.Get(ctx, client.ObjectKey{Namespace: t.namespace, Name: name}, obj)).To(Succeed())
	return obj
}

// change edits the resource, as a person would.
func (t *tenant) change(ctx context.Context, name string, edit func(*v1alpha1.RecordCallbackConfig)) *v1alpha1.RecordCallbackConfig {
	GinkgoHelper()
	obj := t.get(ctx, name)
	base := obj.DeepCopy()
	edit(obj)
	Expect(cluster.Client.Patch(ctx, obj, client.MergeFrom(base))).To(Succeed())
	return obj
}

// force asks for a reconcile now, and waits until it was handled.
func (t *tenant) force(ctx context.Context, name string) *v1alpha1.RecordCallbackConfig {
	GinkgoHelper()
	value := time.Now().UTC().Format(time.RFC3339Nano)
	t.change(ctx, name, func(c *v1alpha1.RecordCallbackConfig) {
		metav1.SetMetaDataAnnotation(&c.ObjectMeta, v1alpha1.AnnotationReconcileRequestedAt, value)
	})
	return t.eventually(ctx, name, "the request for a reconcile to be handled", func(c *v1alpha1.RecordCallbackConfig) bool {
		return c.Status.LastHandledReconcileAt == value
	})
}

// touchSecret changes the version of the Secret, and not what it holds.
func (t *tenant) touchSecret(ctx context.Context) {
	GinkgoHelper()
	secret := &corev1.Secret{}
	Expect(cluster.Client.Get(ctx, client.ObjectKey{Namespace: t.namespace, Name: secretName}, secret)).To(Succeed())
	metav1.SetMetaDataAnnotation(&secret.ObjectMeta, "touched", newID())
	Expect(cluster.Client.Update(ctx, secret)).To(Succeed())
}

// delete deletes the resource; it may stay for its finalizer.
func (t *tenant) delete(ctx context.Context, name string) {
	GinkgoHelper()
	Expect(cluster.Client.Delete(ctx, t.get(ctx, name))).To(Succeed())
}

// eventuallyGone waits until the resource is deleted.
func (t *tenant) eventuallyGone(ctx context.Context, name string) {
	GinkgoHelper()
	Eventually(func(g Gomega) {
		err := cluster.Client.Get(ctx, client.ObjectKey{Namespace: t.namespace, Name: name}, &v1alpha1.RecordCallbackConfig{})
		g.Expect(apierrors.IsNotFound(err)).To(BeTrue(), "the resource %s is still there", name)
	}).WithContext(ctx).Should(Succeed(), "waiting for the finalizer to be released")
}

// eventually waits until the resource is as it should be.
func (t *tenant) eventually(ctx context.Context, name, what string, is func(*v1alpha1.RecordCallbackConfig) bool) *v1alpha1.RecordCallbackConfig {
	GinkgoHelper()
	var obj *v1alpha1.RecordCallbackConfig
	Eventually(func(g Gomega) {
		obj = &v1alpha1.RecordCallbackConfig{}
		g.Expect(cluster.Client.Get(ctx, client.ObjectKey{Namespace: t.namespace, Name: name}, obj)).To(Succeed())
		g.Expect(is(obj)).To(BeTrue(), "status: %+v", obj.Status)
	}).WithContext(ctx).Should(Succeed(), "waiting for %s", what)
	return obj
}

// eventuallyReady waits until the resource is Ready as it now stands.
func (t *tenant) eventuallyReady(ctx context.Context, name string) *v1alpha1.RecordCallbackConfig {
	GinkgoHelper()
	return t.eventuallyReason(ctx, name, v1alpha1.ReasonSynced)
}

// eventuallyReason waits until Ready has that reason at the current generation.
func (t *tenant) eventuallyReason(ctx context.Context, name, reason string) *v1alpha1.RecordCallbackConfig {
	GinkgoHelper()
	return t.eventually(ctx, name, "Ready to have the reason "+reason, func(c *v1alpha1.RecordCallbackConfig) bool {
		r := ready(c)
		return r != nil && r.Reason == reason && r.ObservedGeneration == c.Generation && c.Status.ObservedGeneration == c.Generation
	})
}

// calls are the calls for this tenant's project, of those operations or of all.
func (t *tenant) calls(operations ...livesim.Operation) []livesim.Call {
	var found []livesim.Call
	for _, call := range t.sim.Calls() {
		if call.Project == t.project && (len(operations) == 0 || slices.Contains(operations, call.Operation)) {
			found = append(found, call)
		}
	}
	return found
}

// writes are the writes to this tenant's resources, metadata and status alike,
// that the operator made.
func (t *tenant) writes() []harness.Write {
	return t.proxy.Writes("/namespaces/" + t.namespace + "/recordcallbackconfigs/")
}

// behave makes the API behave otherwise until the end of the spec.
func (t *tenant) behave(change func(*livesim.Behavior)) {
	before := t.sim.Behavior()
	t.sim.SetBehavior(change)
	DeferCleanup(func() { t.sim.SetBehavior(func(b *livesim.Behavior) { *b = before }) })
}

// remote is the project's configurations.
func (t *tenant) remote() []livesim.Config { return t.sim.Configs(t.project) }

// events are the reasons of the events about a resource.
func (t *tenant) events(ctx context.Context, name string) []string {
	GinkgoHelper()
	var list corev1.EventList
	Expect(cluster.Client.List(ctx, &list, client.InNamespace(t.namespace))).To(Succeed())
	var reasons []string
	for _, e := range list.Items {
		if e.InvolvedObject.Name == name {
			reasons = append(reasons, e.Reason)
		}
	}
	return reasons
}

func ready(c *v1alpha1.RecordCallbackConfig) *metav1.Condition {
	return meta.FindStatusCondition(c.Status.Conditions, v1alpha1.ConditionReady)
}

func has(c *v1alpha1.RecordCallbackConfig, condition string) bool {
	return meta.IsStatusConditionTrue(c.Status.Conditions, condition)
}

// longMessage is what an API might say that nobody wants to read in full.
var longMessage = strings.Repeat("much too long ", 200)
