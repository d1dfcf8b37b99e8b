package credentials

import (
	"context"
	"fmt"
	"slices"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/live-operator/live-operator/api/v1alpha1"
	"github.com/live-operator/live-operator/test/builder"
	"github.com/live-operator/live-operator/test/livesim"
)

// secretName is the Secret that a tenant's resources name.
const secretName = "live-credentials"

// tenant is a namespace and a project of its own, without credentials yet.
type tenant struct{ namespace, project string }

func newTenant(ctx context.Context) *tenant {
	GinkgoHelper()
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "tenant-"}}
	Expect(cluster.Client.Create(ctx, namespace)).To(Succeed())
	t := &tenant{namespace: namespace.Name, project: newID()}
	DeferCleanup(t.cleanUp)
	return t
}

// cleanUp lets go of what is left, so that no operator has any more to do with it.
func (t *tenant) cleanUp(ctx SpecContext) {
	for _, obj := range t.all(ctx) {
		Expect(client.IgnoreNotFound(cluster.Client.Patch(ctx, &obj, client.RawPatch(
			"application/merge-patch+json", []byte(`{"metadata":{"finalizers":null}}`))))).To(Succeed())
	}
	Expect(cluster.Client.DeleteAllOf(ctx, &v1alpha1.RecordCallbackConfig{}, client.InNamespace(t.namespace))).To(Succeed())
	Eventually(func() int { return len(t.all(ctx)) }).Should(BeZero(), "the tenant's resources are gone")
}

// all are the tenant's resources.
func (t *tenant) all(ctx context.Context) []v1alpha1.RecordCallbackConfig {
	GinkgoHelper()
	var list v1alpha1.RecordCallbackConfigList
	Expect(cluster.Client.List(ctx, &list, client.InNamespace(t.namespace))).To(Succeed())
	return list.Items
}

func (t *tenant) create(ctx context.Context, obj client.Object) {
	GinkgoHelper()
	obj.SetNamespace(t.namespace)
	Expect(cluster.Client.Create(ctx, obj)).To(Succeed())
}

// secret creates the Secret, or puts other content in its place.
func (t *tenant) secret(ctx context.Context, b *builder.SecretBuilder) {
	GinkgoHelper()
	want := b.InNamespace(t.namespace).Build()
	have := &corev1.Secret{}
	err := cluster.Client.Get(ctx, client.ObjectKeyFromObject(want), have)
	if client.IgnoreNotFound(err) == nil && err != nil {
		Expect(cluster.Client.Create(ctx, want)).To(Succeed())
		return
	}
	Expect(err).NotTo(HaveOccurred())
	have.Data = want.Data
	Expect(cluster.Client.Update(ctx, have)).To(Succeed())
}

// config begins a resource of this tenant, with an app of its own.
func (t *tenant) config(name string) *builder.ConfigBuilder {
	return builder.Config(name).InNamespace(t.namespace).InProject(t.project).WithCredentials(secretName).
		WithApp(name).WithURL("https://callback.example.com/record")
}

// apply creates a resource of each name.
func (t *tenant) apply(ctx context.Context, names ...string) {
	GinkgoHelper()
	for _, name := range names {
		t.create(ctx, t.config(name).Build())
	}
}

func (t *tenant) get(ctx context.Context, name string) *v1alpha1.RecordCallbackConfig {
	GinkgoHelper()
	obj := &v1alpha1.RecordCallbackConfig{}
	Expect(cluster.Client.Get(ctx, client.ObjectKey{Namespace: t.namespace, Name: name}, obj)).To(Succeed())
	return obj
}

// change edits the resource, as a person would.
func (t *tenant) change(ctx context.Context, name string, edit func(*v1alpha1.RecordCallbackConfig)) {
	GinkgoHelper()
	obj := t.get(ctx, name)
	base := obj.DeepCopy()
	edit(obj)
	Expect(cluster.Client.Patch(ctx, obj, client.MergeFrom(base))).To(Succeed())
}

// changeURL makes the spec ask for a PUT.
func (t *tenant) changeURL(ctx context.Context, names ...string) {
	GinkgoHelper()
	for _, name := range names {
		t.change(ctx, name, func(c *v1alpha1.RecordCallbackConfig) {
			c.Spec.NotifyCallbackURL = "https://callback.example.com/" + newID()
		})
	}
}

// eventually waits until a resource's Ready has that reason for its spec as it
// now is.
func (t *tenant) eventually(ctx context.Context, name, reason string, within time.Duration) *v1alpha1.RecordCallbackConfig {
	GinkgoHelper()
	var obj *v1alpha1.RecordCallbackConfig
	Eventually(func(g Gomega) {
		obj = &v1alpha1.RecordCallbackConfig{}
		g.Expect(cluster.Client.Get(ctx, client.ObjectKey{Namespace: t.namespace, Name: name}, obj)).To(Succeed())
		g.Expect(reasonOf(obj)).To(Equal(reason), "status: %+v", obj.Status)
	}).WithContext(ctx).WithTimeout(within).Should(Succeed(), "waiting for Ready of %s to have the reason %s", name, reason)
	return obj
}

func (t *tenant) eventuallyReady(ctx context.Context, names ...string) {
	GinkgoHelper()
	for _, name := range names {
		t.eventually(ctx, name, v1alpha1.ReasonSynced, 30*time.Second)
	}
}

// eventuallyAll waits until all of the tenant's resources have that reason.
func (t *tenant) eventuallyAll(ctx context.Context, reason string, within time.Duration) {
	GinkgoHelper()
	Eventually(func() map[string]int {
		counts := map[string]int{}
		for _, obj := range t.all(ctx) {
			counts[reasonOf(&obj)]++
		}
		return counts
	}).WithContext(ctx).WithTimeout(within).WithPolling(time.Second).
		Should(SatisfyAll(HaveLen(1), HaveKey(reason)), "waiting for all to have the reason %s", reason)
}

// reasonOf is that of Ready at the current generation; empty if there is none.
func reasonOf(c *v1alpha1.RecordCallbackConfig) string {
	r := meta.FindStatusCondition(c.Status.Conditions, v1alpha1.ConditionReady)
	if r == nil || r.ObservedGeneration != c.Generation {
		return ""
	}
	return r.Reason
}

// calls are those for the tenant's project, of the Live API or of those
// operations.
func (t *tenant) calls(operations ...livesim.Operation) []livesim.Call {
	return slices.DeleteFunc(sim.Calls(operations...), func(c livesim.Call) bool {
		return c.Project != t.project || len(operations) == 0 && c.Operation == livesim.Authenticate
	})
}

// users are the names of the credentials that the calls were made with.
func users(calls []livesim.Call) []string {
	var names []string
	for _, c := range calls {
		if !slices.Contains(names, c.Credential) {
			names = append(names, c.Credential)
		}
	}
	return names
}

func refused(calls []livesim.Call) []livesim.Call {
	return slices.DeleteFunc(calls, func(c livesim.Call) bool { return c.Status != 401 })
}

// numbered are n names.
func numbered(n int) []string {
	names := make([]string, n)
	for i := range names {
		names[i] = fmt.Sprintf("config-%04d", i)
	}
	return names
}
