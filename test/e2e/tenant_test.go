package e2e

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"slices"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/api/meta"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/live-operator/live-operator/api/v1alpha1"
	"github.com/live-operator/live-operator/test/builder"
	"github.com/live-operator/live-operator/test/livesim"
)

// tenant is a namespace, a project of its own, and a token for it.
type tenant struct{ namespace, project, token string }

const secretName = "live-credentials"

func newTenant(ctx context.Context, inNamespace string) *tenant {
	GinkgoHelper()
	t := &tenant{namespace: inNamespace, project: newID(), token: newID()}
	namespace(ctx, inNamespace)
	// Before the namespace: deleted with it, the Secret could be gone first.
	DeferCleanup(func(ctx SpecContext) { letGo(ctx, client.InNamespace(inNamespace)) })
	_, err := sim.AddToken(ctx, t.token, t.project)
	Expect(err).NotTo(HaveOccurred())
	Expect(k8s.Create(ctx, builder.Secret(secretName).InNamespace(inNamespace).WithToken(t.token).Build())).To(Succeed())
	return t
}

// newID is 32 hexadecimal digits, as the IDs of projects are.
func newID() string {
	var b [16]byte
	_, _ = rand.Read(b[:])
	return hex.EncodeToString(b[:])
}

// create makes a resource of this tenant, whose configuration is of the app of
// that name.
func (t *tenant) create(ctx context.Context, name string) {
	GinkgoHelper()
	Expect(k8s.Create(ctx, builder.Config(name).InNamespace(t.namespace).InProject(t.project).WithCredentials(secretName).
		WithApp(name).WithURL("https://callback.example.com/record").Build())).To(Succeed())
}

// createMany is create of so many.
func (t *tenant) createMany(ctx context.Context, n int) {
	GinkgoHelper()
	for i := range n {
		t.create(ctx, fmt.Sprintf("many-%d", i))
	}
}

// callBack changes where a resource's callbacks go.
func (t *tenant) callBack(ctx context.Context, name, url string) {
	GinkgoHelper()
	c := t.get(ctx, name)
	base := c.DeepCopy()
	c.Spec.NotifyCallbackURL = url
	Expect(k8s.Patch(ctx, c, client.MergeFrom(base))).To(Succeed())
}

func (t *tenant) get(ctx context.Context, name string) *v1alpha1.RecordCallbackConfig {
	GinkgoHelper()
	c := &v1alpha1.RecordCallbackConfig{}
	Expect(k8s.Get(ctx, client.ObjectKey{Namespace: t.namespace, Name: name}, c)).To(Succeed())
	return c
}

func (t *tenant) list(ctx context.Context) []v1alpha1.RecordCallbackConfig {
	GinkgoHelper()
	var list v1alpha1.RecordCallbackConfigList
	Expect(k8s.List(ctx, &list, client.InNamespace(t.namespace))).To(Succeed())
	return list.Items
}

// versions are the resourceVersions of the tenant's resources, by name.
func (t *tenant) versions(ctx context.Context) map[string]string {
	GinkgoHelper()
	versions := map[string]string{}
	for _, c := range t.list(ctx) {
		versions[c.Name] = c.ResourceVersion
	}
	return versions
}

// eventuallyReason waits until Ready has that reason at the current generation.
func (t *tenant) eventuallyReason(ctx context.Context, name, reason string) *v1alpha1.RecordCallbackConfig {
	GinkgoHelper()
	var c *v1alpha1.RecordCallbackConfig
	Eventually(func(g Gomega) {
		c = t.get(ctx, name)
		g.Expect(reasonOf(c)).To(Equal(reason), "status: %+v", c.Status)
	}).WithContext(ctx).Should(Succeed(), "waiting for %s to have the reason %s", name, reason)
	return c
}

func (t *tenant) eventuallyReady(ctx context.Context, name string) *v1alpha1.RecordCallbackConfig {
	GinkgoHelper()
	return t.eventuallyReason(ctx, name, v1alpha1.ReasonSynced)
}

// eventuallyAllReady waits until the tenant has n resources and all are Ready.
func (t *tenant) eventuallyAllReady(ctx context.Context, n int) {
	GinkgoHelper()
	Eventually(func() int {
		synced := 0
		for _, c := range t.list(ctx) {
			if reasonOf(&c) == v1alpha1.ReasonSynced {
				synced++
			}
		}
		return synced
	}).WithContext(ctx).WithTimeout(2*forgiving).Should(Equal(n), "waiting for all %d to be Ready", n)
}

// reasonOf is Ready's reason where that is about the current generation.
func reasonOf(c *v1alpha1.RecordCallbackConfig) string {
	ready := meta.FindStatusCondition(c.Status.Conditions, v1alpha1.ConditionReady)
	if ready == nil || ready.ObservedGeneration != c.Generation {
		return ""
	}
	return ready.Reason
}

// calls are the calls for this tenant's project, of those operations or of all.
func (t *tenant) calls(ctx context.Context, operations ...livesim.Operation) []livesim.Call {
	GinkgoHelper()
	calls, err := sim.Calls(ctx, 0, operations...)
	Expect(err).NotTo(HaveOccurred())
	return slices.DeleteFunc(calls, func(c livesim.Call) bool { return c.Project != t.project })
}

// writes are the calls that could change something.
func (t *tenant) writes(ctx context.Context) []livesim.Call {
	GinkgoHelper()
	return t.calls(ctx, livesim.Create, livesim.Update, livesim.Delete)
}

// remote is the project's configurations.
func (t *tenant) remote(ctx context.Context) []livesim.Config {
	GinkgoHelper()
	configs, err := sim.Configs(ctx, t.project)
	Expect(err).NotTo(HaveOccurred())
	return configs
}
