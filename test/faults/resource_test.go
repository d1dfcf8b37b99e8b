package faults

import (
	"slices"
	"strings"
	"time"

	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/live-operator/live-operator/api/v1alpha1"
	"github.com/live-operator/live-operator/test/builder"
	"github.com/live-operator/live-operator/test/livesim"
)

// patience is how long a cell waits for anything: as long as the operator may
// take for two calls that hang and what lies between, many times over.
const patience = time.Minute

// name is that of the cell's resource and of its Secret.
func (c *cell) name() string { return "cell-" + c.region }

func (c *cell) domain() string { return c.name() + ".example.com" }

// accessKey gives the cell's Secret an access key.
func (c *cell) accessKey() *livesim.Credential {
	access := "ACCESS" + strings.ToUpper(c.project[:14])
	c.secret = "canary-" + newID()
	c.create(builder.Secret(c.name()).InNamespace(c.group.namespace).WithAccessKey(access, c.secret).Build())
	return c.group.sim.AddAccessKey(access, c.secret, c.project)
}

// user gives it a user of IAM.
func (c *cell) user() {
	c.secret = "canary-" + newID()
	c.create(builder.Secret(c.name()).InNamespace(c.group.namespace).WithPassword("domain", c.name(), c.secret).Build())
	c.group.sim.AddUser("domain", c.name(), c.secret, c.project)
}

// setTrap puts a configuration into the project that is not the operator's: of
// the resource's domain, and of another app.
func (c *cell) setTrap() {
	id := c.group.sim.Seed(c.project, livesim.Config{PublishDomain: c.domain(), App: "*", NotifyCallbackURL: strangeURL})
	c.trap, _ = c.group.sim.Config(c.project, id)
}

// config begins the cell's resource.
func (c *cell) config() *builder.ConfigBuilder {
	return builder.Config(c.name()).InNamespace(c.group.namespace).InRegion(c.region).InProject(c.project).
		WithCredentials(c.name()).WithDomain(c.domain()).WithApp("live").WithURL(firstURL)
}

func (c *cell) apply(b *builder.ConfigBuilder) { c.create(b.Build()) }

func (c *cell) create(o client.Object) {
	c.Expect(cluster.Client.Create(c.ctx, o)).To(Succeed())
}

// change edits the resource, as a person would.
func (c *cell) change(edit func(*v1alpha1.RecordCallbackConfig)) {
	o := &v1alpha1.RecordCallbackConfig{}
	key := client.ObjectKey{Namespace: c.group.namespace, Name: c.name()}
	if err := cluster.Client.Get(c.ctx, key, o); client.IgnoreNotFound(err) == nil && err != nil {
		return // Deleted meanwhile, as it was to be.
	}
	base := o.DeepCopy()
	edit(o)
	c.Expect(client.IgnoreNotFound(cluster.Client.Patch(c.ctx, o, client.MergeFrom(base)))).To(Succeed())
	c.generation = o.Generation
}

// force asks for a reconcile now, past back-off and stall.
func (c *cell) force() {
	c.forced = newID()
	c.change(func(o *v1alpha1.RecordCallbackConfig) {
		metav1.SetMetaDataAnnotation(&o.ObjectMeta, v1alpha1.AnnotationReconcileRequestedAt, c.forced)
	})
}

func (c *cell) remove() {
	c.Expect(cluster.Client.Delete(c.ctx, c.config().Build())).To(Succeed())
	c.removed = true
}

// drift changes the remote configuration behind the operator's back.
func (c *cell) drift() {
	o, _ := c.group.history.last(c.name())
	c.Expect(c.group.sim.Change(c.project, o.Status.ID, func(r *livesim.Config) { r.NotifyCallbackURL = strangeURL })).To(BeTrue())
}

// calls are the cell's calls of those operations, or of all.
func (c *cell) calls(operations ...livesim.Operation) []livesim.Call {
	return slices.DeleteFunc(c.group.sim.Calls(operations...), func(call livesim.Call) bool { return call.Project != c.project })
}

// synced tells whether the resource is Ready as it now stands.
func synced(o *v1alpha1.RecordCallbackConfig) bool {
	ready := meta.FindStatusCondition(o.Status.Conditions, v1alpha1.ConditionReady)
	return ready != nil && ready.Status == metav1.ConditionTrue && ready.ObservedGeneration == o.Generation
}

// eventuallySynced waits until the resource is Ready as it now stands, and has
// handled what it was asked for; or gone, where it is being deleted.
func (c *cell) eventuallySynced() {
	c.Eventually(func() bool {
		o, gone := c.group.history.last(c.name())
		if o == nil || gone || c.removed {
			return gone
		}
		// The history may not show the last change yet.
		return o.Generation >= c.generation && synced(o) && o.Status.LastError == nil && (c.forced == "" || o.Status.LastHandledReconcileAt == c.forced)
	}).WithContext(c.ctx).WithTimeout(patience).Should(BeTrue(), "waiting for the resource to be as it should")
}
