package docs

import (
	"context"
	"slices"
	"strings"
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

// failing is a resource of a namespace and a project of its own, that is to
// fail for one reason.
type failing struct {
	namespace, project string
	credential         *livesim.Credential
}

const failingName = "publish-example"

func newFailing(ctx context.Context) *failing {
	GinkgoHelper()
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "failing-"}}
	Expect(cluster.Client.Create(ctx, namespace)).To(Succeed())
	f := &failing{namespace: namespace.Name, project: strings.ReplaceAll(namespace.Name, "-", "")}
	f.credential = sim.AddToken("token-of-"+f.project, f.project)
	f.secret(ctx, builder.Secret("live-credentials").WithToken("token-of-"+f.project))
	DeferCleanup(func(ctx SpecContext) {
		for _, name := range []string{failingName, "rival"} {
			obj := f.config().Build()
			obj.Name = name
			_ = cluster.Client.Patch(ctx, obj, client.RawPatch("application/merge-patch+json", []byte(`{"metadata":{"finalizers":null}}`)))
			Expect(client.IgnoreNotFound(cluster.Client.Delete(ctx, obj))).To(Succeed())
		}
	})
	return f
}

func (f *failing) secret(ctx context.Context, b *builder.SecretBuilder) {
	GinkgoHelper()
	secret := b.InNamespace(f.namespace).Build()
	Expect(client.IgnoreNotFound(cluster.Client.Delete(ctx, builder.Secret(secret.Name).InNamespace(f.namespace).Build()))).To(Succeed())
	Expect(cluster.Client.Create(ctx, secret)).To(Succeed())
}

func (f *failing) named(name string) *builder.ConfigBuilder {
	return builder.Config(name).InNamespace(f.namespace).InProject(f.project).
		WithApp("live").WithURL("https://callback.example.com/record")
}

func (f *failing) config() *builder.ConfigBuilder { return f.named(failingName) }

func (f *failing) apply(ctx context.Context, b *builder.ConfigBuilder) {
	GinkgoHelper()
	Expect(cluster.Client.Create(ctx, b.Build())).To(Succeed())
}

// eventually waits until Ready has that reason, and gives the resource.
func (f *failing) eventually(ctx context.Context, name, reason string) *v1alpha1.RecordCallbackConfig {
	GinkgoHelper()
	obj := &v1alpha1.RecordCallbackConfig{}
	Eventually(func(g Gomega) {
		g.Expect(cluster.Client.Get(ctx, client.ObjectKey{Namespace: f.namespace, Name: name}, obj)).To(Succeed())
		ready := meta.FindStatusCondition(obj.Status.Conditions, v1alpha1.ConditionReady)
		g.Expect(ready).NotTo(BeNil())
		g.Expect(ready.Reason).To(Equal(reason), "%+v", obj.Status)
	}).WithContext(ctx).Should(Succeed(), "waiting for the reason %s", reason)
	return obj
}

func (f *failing) fail(fault livesim.Fault) {
	fault.Project = f.project
	id := sim.Fail(fault)
	DeferCleanup(func() { sim.ClearFaults(id) })
}

func (f *failing) seed(url string) string {
	return sim.Seed(f.project, livesim.Config{PublishDomain: builder.DefaultDomain, App: "live", NotifyCallbackURL: url})
}

// fight has somebody else undo what the operator corrects. A list that the
// other resource asks for is compared with this one when its Secret changes.
func (f *failing) fight(ctx context.Context) {
	GinkgoHelper()
	f.apply(ctx, f.config())
	f.apply(ctx, f.named("rival").WithApp("rival"))
	id := f.eventually(ctx, failingName, v1alpha1.ReasonSynced).Status.ID
	f.eventually(ctx, "rival", v1alpha1.ReasonSynced)
	for round := range 4 {
		sim.Change(f.project, id, func(c *livesim.Config) { c.NotifyCallbackURL = otherURL })
		request := time.Now().UTC().Format(time.RFC3339Nano)
		Expect(cluster.Client.Patch(ctx, f.named("rival").Build(), client.RawPatch("application/merge-patch+json",
			[]byte(`{"metadata":{"annotations":{"`+v1alpha1.AnnotationReconcileRequestedAt+`":"`+request+`"}}}`)))).To(Succeed())
		Eventually(func(g Gomega) {
			g.Expect(f.eventually(ctx, "rival", v1alpha1.ReasonSynced).Status.LastHandledReconcileAt).To(Equal(request))
		}).WithContext(ctx).Should(Succeed(), "waiting for the list")
		Expect(cluster.Client.Patch(ctx, builder.Secret("live-credentials").InNamespace(f.namespace).Build(), client.RawPatch("application/merge-patch+json",
			[]byte(`{"metadata":{"annotations":{"touched":"`+request+`"}}}`)))).To(Succeed())
		if round == 3 {
			return
		}
		Eventually(func(g Gomega) {
			config, _ := sim.Config(f.project, id)
			g.Expect(config.NotifyCallbackURL).NotTo(Equal(otherURL))
			g.Expect(f.updates()).To(HaveLen(round + 1))
			status := f.eventually(ctx, failingName, v1alpha1.ReasonSynced).Status
			g.Expect(status.RequestID).To(Equal(f.updates()[round].RequestID))
		}).WithContext(ctx).Should(Succeed(), "waiting for the correction to be written down")
	}
}

func (f *failing) updates() []livesim.Call {
	return slices.DeleteFunc(sim.Calls(livesim.Update), func(c livesim.Call) bool { return c.Project != f.project })
}

func (f *failing) describe(ctx context.Context) string {
	GinkgoHelper()
	return runScript(ctx, GinkgoT().TempDir(), "kubectl --kubeconfig="+cluster.Kubeconfig+" describe rcc "+failingName+" --namespace="+f.namespace)
}

const otherURL = "https://other.example.com/record"

var _ = Describe("kubectl describe of a resource that fails", func() {
	// what is to be read: what happened, and what to do about it.
	DescribeTable("tells a person what happened, and what to do", func(ctx SpecContext, reason string, arrange func(context.Context, *failing), what ...string) {
		f := newFailing(ctx)
		arrange(ctx, f)
		obj := f.eventually(ctx, failingName, reason)
		ready := meta.FindStatusCondition(obj.Status.Conditions, v1alpha1.ConditionReady)
		var told string
		Eventually(func(g Gomega) {
			told = f.describe(ctx)
			if reason != v1alpha1.ReasonPending {
				_, events, found := strings.Cut(told, "\nEvents:")
				g.Expect(found).To(BeTrue())
				g.Expect(events).To(ContainSubstring(reason))
			}
		}).WithContext(ctx).Should(Succeed(), "waiting for the event")
		Expect(told).To(MatchRegexp(`Reason: +` + reason))
		for _, words := range what {
			Expect(ready.Message).To(ContainSubstring(words))
		}
		Expect(told).NotTo(ContainSubstring("token-of-"), "no secret is told")
		if last := obj.Status.LastError; last != nil && last.Code != "" {
			Expect(told).To(MatchRegexp(`Code: +` + last.Code))
			Expect(ready.Message).To(ContainSubstring(last.Code))
			Expect(told).To(MatchRegexp(`Http Status: +%d`, last.HTTPStatus))
			Expect(last.RequestID).NotTo(BeEmpty(), "there is a request ID to give to support")
			Expect(told).To(MatchRegexp(`Request ID: +` + last.RequestID))
		}
	},
		Entry("Pending", v1alpha1.ReasonPending, func(ctx context.Context, f *failing) {
			f.apply(ctx, f.config().Suspended())
		}, "suspended", "Set spec.suspend: false"),
		Entry("Throttled", v1alpha1.ReasonThrottled, func(ctx context.Context, f *failing) {
			f.fail(livesim.Throttled())
			f.apply(ctx, f.config().WithID(f.seed(otherURL)))
		}, "asks for fewer calls", "tries again by itself"),
		Entry("APIUnavailable", v1alpha1.ReasonAPIUnavailable, func(ctx context.Context, f *failing) {
			f.fail(livesim.Fault{Status: 500, Code: "LIVE.100011000", Message: "Internal error"})
			f.apply(ctx, f.config().WithID(f.seed(otherURL)))
		}, "tries again by itself", "check the endpoint and the network", "request ID"),
		Entry("APIUnavailable, without an answer", v1alpha1.ReasonAPIUnavailable, func(ctx context.Context, f *failing) {
			f.fail(livesim.Fault{Reset: livesim.Before})
			f.apply(ctx, f.config().WithID(f.seed(otherURL)))
		}, "tries again by itself", "check the endpoint and the network"),
		Entry("CredentialsNotFound", v1alpha1.ReasonCredentialsNotFound, func(ctx context.Context, f *failing) {
			f.apply(ctx, f.config().WithCredentials("absent"))
		}, "The Secret absent", "does not exist in this namespace", "Create it"),
		Entry("CredentialsInvalid", v1alpha1.ReasonCredentialsInvalid, func(ctx context.Context, f *failing) {
			f.secret(ctx, builder.Secret("live-credentials").With("accessKey", "AK"))
			f.apply(ctx, f.config())
		}, "no usable credentials", "secretKey"),
		Entry("Unauthorized", v1alpha1.ReasonUnauthorized, func(ctx context.Context, f *failing) {
			f.secret(ctx, builder.Secret("live-credentials").WithToken("mistyped"))
			f.apply(ctx, f.config())
		}, "were not accepted", "Renew them in the Secret"),
		Entry("Forbidden", v1alpha1.ReasonForbidden, func(ctx context.Context, f *failing) {
			f.credential.Deny(livesim.ByGateway, livesim.Create)
			f.apply(ctx, f.config())
		}, "lack a permission", "Grant", "live:record:createCallback", v1alpha1.AnnotationReconcileRequestedAt),
		Entry("Rejected", v1alpha1.ReasonRejected, func(ctx context.Context, f *failing) {
			f.fail(livesim.Fault{Operation: livesim.Create, Status: 400, Code: "LIVE.100011001", Message: "Request Illegal"})
			f.apply(ctx, f.config())
		}, "rejected the create call", "Check the fields of spec", builder.DefaultDomain),
		Entry("NotFound", v1alpha1.ReasonNotFound, func(ctx context.Context, f *failing) {
			f.apply(ctx, f.config().WithID("00000000000000000000000000000000"))
		}, "does not exist", "Correct spec.id in a new resource"),
		Entry("AlreadyExists", v1alpha1.ReasonAlreadyExists, func(ctx context.Context, f *failing) {
			f.seed(otherURL)
			f.apply(ctx, f.config())
		}, "left untouched", "spec.adoptionPolicy: IfExists"),
		Entry("Conflict", v1alpha1.ReasonConflict, func(ctx context.Context, f *failing) {
			f.apply(ctx, f.named("rival"))
			f.eventually(ctx, "rival", v1alpha1.ReasonSynced)
			f.apply(ctx, f.config())
		}, "The resource rival already keeps", "Delete one of the two"),
		Entry("KeyInvalid", v1alpha1.ReasonKeyInvalid, func(ctx context.Context, f *failing) {
			f.secret(ctx, builder.Secret("callback-key").With("key", "short"))
			f.apply(ctx, f.config().WithKey("callback-key", "key"))
		}, "32 or more letters and digits", "Mend it"),
		Entry("Drifted", v1alpha1.ReasonDrifted, func(ctx context.Context, f *failing) {
			f.seed(otherURL)
			f.apply(ctx, f.config().WithManagement(v1alpha1.ManagementObserve))
		}, "differs from the spec in notifyCallbackURL", "set spec.managementPolicy: Manage"),
		Entry("DriftPersists", v1alpha1.ReasonDriftPersists, func(ctx context.Context, f *failing) {
			f.fight(ctx)
		}, "again after 3 corrections", "Find who else writes it"),
		Entry("DeletionBlocked", v1alpha1.ReasonDeletionBlocked, func(ctx context.Context, f *failing) {
			f.apply(ctx, f.config())
			f.eventually(ctx, failingName, v1alpha1.ReasonSynced)
			f.credential.Deny(livesim.ByGateway, livesim.Delete)
			Expect(cluster.Client.Delete(ctx, f.config().Build())).To(Succeed())
		}, "is not deleted yet", "live:record:deleteCallback", "spec.deletionPolicy: Retain"),
	)
})
