package argocd_test

import (
	"context"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/api/meta"

	"github.com/live-operator/live-operator/api/v1alpha1"
	"github.com/live-operator/live-operator/test/builder"
	"github.com/live-operator/live-operator/test/harness"
	"github.com/live-operator/live-operator/test/livesim"
)

// scenario brings the operator to write a reason.
type scenario struct {
	reason, health string
	// how is what else there is to say.
	how     string
	arrange func(context.Context, *tenant)
}

// remote is the configuration that a resource of a tenant is about.
var remote = livesim.Config{PublishDomain: builder.DefaultDomain, App: "live"}

// adopting arranges something, and then makes a resource whose first call is an Update.
func adopting(arrange func(context.Context, *tenant)) func(context.Context, *tenant) {
	return func(ctx context.Context, t *tenant) {
		arrange(ctx, t)
		t.create(ctx, t.config().WithID(sim.Seed(t.project, remote)).Build())
	}
}

func failing(fault livesim.Fault) func(context.Context, *tenant) {
	return adopting(func(_ context.Context, t *tenant) { t.fail(fault) })
}

// deleting makes a resource that owns a configuration, arranges something, and
// deletes it.
func deleting(arrange func(context.Context, *tenant)) func(context.Context, *tenant) {
	return func(ctx context.Context, t *tenant) {
		t.create(ctx, t.config().Build())
		t.eventuallyReady(ctx)
		arrange(ctx, t)
		t.delete(ctx)
	}
}

var scenarios = []scenario{
	{v1alpha1.ReasonSynced, "Healthy", "", func(ctx context.Context, t *tenant) {
		t.create(ctx, t.config().Build())
	}},
	{v1alpha1.ReasonPending, "Progressing", "while a configuration that is gone is created again", func(ctx context.Context, t *tenant) {
		t.create(ctx, t.config().Build())
		id := typed(t.eventuallyReady(ctx)).Status.ID
		sim.Remove(t.project, id)
		t.fail(livesim.Fault{Operation: livesim.Create, Hang: true})
		t.force(ctx, name)
	}},
	{v1alpha1.ReasonThrottled, "Progressing", "", failing(livesim.Throttled())},
	{v1alpha1.ReasonAPIUnavailable, "Progressing", "", failing(livesim.HTML(502))},
	{v1alpha1.ReasonCredentialsNotFound, "Degraded", "", func(ctx context.Context, t *tenant) {
		t.create(ctx, t.config().WithCredentials("missing").Build())
	}},
	{v1alpha1.ReasonCredentialsInvalid, "Degraded", "", func(ctx context.Context, t *tenant) {
		t.create(ctx, builder.Secret("empty").InNamespace(t.namespace).Build())
		t.create(ctx, t.config().WithCredentials("empty").Build())
	}},
	{v1alpha1.ReasonUnauthorized, "Degraded", "", adopting(func(_ context.Context, t *tenant) { t.credential.Revoke() })},
	{v1alpha1.ReasonForbidden, "Degraded", "", adopting(func(_ context.Context, t *tenant) { t.credential.Deny(livesim.ByGateway, livesim.Update) })},
	{v1alpha1.ReasonRejected, "Degraded", "", failing(livesim.Fault{Status: 400, Code: "LIVE.100011001", Message: "Request Illegal"})},
	{v1alpha1.ReasonNotFound, "Degraded", "", func(ctx context.Context, t *tenant) {
		t.create(ctx, t.config().WithID("00000000000000000000000000000000").Build())
	}},
	{v1alpha1.ReasonAlreadyExists, "Degraded", "", func(ctx context.Context, t *tenant) {
		sim.Seed(t.project, remote)
		t.create(ctx, t.config().Build())
	}},
	{v1alpha1.ReasonConflict, "Degraded", "", func(ctx context.Context, t *tenant) {
		t.create(ctx, t.config().Build())
		t.eventuallyReady(ctx)
		t.change(ctx, name, func(c *v1alpha1.RecordCallbackConfig) { c.Spec.ID = "another" })
	}},
	{v1alpha1.ReasonKeyInvalid, "Degraded", "", func(ctx context.Context, t *tenant) {
		t.create(ctx, t.config().WithKey("missing", "key").Build())
	}},
	{v1alpha1.ReasonDriftPersists, "Degraded", "", fightOver},
	{v1alpha1.ReasonDrifted, "Degraded", "where the policy is Report", func(ctx context.Context, t *tenant) {
		t.create(ctx, t.config().WithDrift(v1alpha1.DriftReport).Build())
		id := typed(t.eventuallyReady(ctx)).Status.ID
		sim.Change(t.project, id, strangely)
		t.force(ctx, name)
	}},
	{v1alpha1.ReasonDrifted, "Degraded", "where the operator only observes", func(ctx context.Context, t *tenant) {
		sim.Seed(t.project, remote)
		t.create(ctx, t.config().WithManagement(v1alpha1.ManagementObserve).Build())
	}},
	{v1alpha1.ReasonDeletionBlocked, "Degraded", "by what a person has to mend", deleting(func(_ context.Context, t *tenant) {
		t.credential.Deny(livesim.ByGateway, livesim.Delete)
	})},
	{v1alpha1.ReasonDeletionBlocked, "Progressing", "by what is retried", deleting(func(_ context.Context, t *tenant) {
		t.fail(livesim.Fault{Operation: livesim.Delete, Status: 503, Code: "APIGW.0201", Message: "backend unavailable"})
	})},
	{v1alpha1.ReasonDeletionBlocked, "Suspended", "by spec.suspend", deleting(func(ctx context.Context, t *tenant) {
		t.change(ctx, name, func(c *v1alpha1.RecordCallbackConfig) { c.Spec.Suspend = true })
	})},
	{v1alpha1.ReasonSuspended, "Suspended", "from the beginning", func(ctx context.Context, t *tenant) {
		t.create(ctx, t.config().Suspended().Build())
	}},
	{v1alpha1.ReasonSuspended, "Suspended", "when it was Ready", func(ctx context.Context, t *tenant) {
		t.create(ctx, t.config().Build())
		t.eventuallyReady(ctx)
		t.change(ctx, name, func(c *v1alpha1.RecordCallbackConfig) { c.Spec.Suspend = true })
	}},
}

func strangely(c *livesim.Config) { c.NotifyCallbackURL = "https://strange.example.com/" }

// fightOver writes against the operator until it gives up.
func fightOver(ctx context.Context, t *tenant) {
	t.create(ctx, t.config().Build())
	id := typed(t.eventuallyReady(ctx)).Status.ID
	const neighbor = "neighbor"
	t.create(ctx, builder.Config(neighbor).InNamespace(t.namespace).InProject(t.project).WithApp(neighbor).Build())
	for range 4 {
		before := typed(t.get(ctx)).Status
		sim.Change(t.project, id, strangely)
		// A list that a neighbor asked for is compared with all who wake after it;
		// a reconcile that was asked for would begin to count anew.
		t.force(ctx, neighbor)
		t.touchSecret(ctx)
		Eventually(func(g Gomega) {
			after := typed(t.get(ctx)).Status
			ready := meta.FindStatusCondition(after.Conditions, v1alpha1.ConditionReady)
			g.Expect(after.RequestID != before.RequestID || ready.Reason == v1alpha1.ReasonDriftPersists).To(BeTrue())
		}).WithContext(ctx).Should(Succeed(), "waiting for the operator to correct the difference, or to give up")
	}
}

var _ = Describe("The health of a resource", func() {
	for _, s := range scenarios {
		It("is "+s.health+" for "+strings.TrimSpace(s.reason+" "+s.how), func(ctx SpecContext) {
			t := newTenant(ctx)
			s.arrange(ctx, t)
			condition := v1alpha1.ConditionReady
			if s.reason == v1alpha1.ReasonSuspended {
				condition = v1alpha1.ConditionSuspended
			}
			obj := t.eventually(ctx, condition, s.reason)
			h := healthOf(obj.Object)
			Expect(h.Status).To(Equal(s.health), "%+v", typed(obj).Status)
			told := meta.FindStatusCondition(typed(obj).Status.Conditions, condition)
			Expect(h.Message).To(ContainSubstring(s.reason + ": " + told.Message))
			if obj.GetDeletionTimestamp() != nil {
				Expect(h.DeletionMessage).To(Equal(h.Message), "else Argo CD shows its own")
			} else {
				Expect(h.DeletionMessage).To(BeEmpty())
			}
		})
	}

	It("is told for every reason that the operator has", func() {
		var tested []string
		for _, s := range scenarios {
			tested = append(tested, s.reason)
		}
		reasons := allReasons()
		Expect(len(reasons)).To(BeNumerically(">", 10))
		for _, reason := range reasons {
			Expect(tested).To(ContainElement(reason), "add a scenario for the reason %s", reason)
		}
	})

	It("is Progressing until the operator has handled what was asked for", func(ctx SpecContext) {
		t := newTenant(ctx)
		By("having no status yet")
		Expect(healthOf(t.config().BuildUnstructured().Object).Status).To(Equal("Progressing"))

		By("having the status of a spec before")
		t.create(ctx, t.config().WithCredentials("missing").Build())
		obj := t.eventually(ctx, v1alpha1.ConditionReady, v1alpha1.ReasonCredentialsNotFound)
		Expect(healthOf(obj.Object).Status).To(Equal("Degraded"))
		obj.SetGeneration(obj.GetGeneration() + 1)
		Expect(healthOf(obj.Object).Status).To(Equal("Progressing"))
	})

	It("is Progressing while a deletion is under way, whatever was before", func(ctx SpecContext) {
		t := newTenant(ctx)
		t.create(ctx, t.config().Build())
		t.eventuallyReady(ctx)
		t.fail(livesim.Fault{Operation: livesim.Delete, Hang: true})
		t.delete(ctx)
		obj := t.get(ctx)
		Expect(obj.GetDeletionTimestamp()).NotTo(BeNil())
		h := healthOf(obj.Object)
		Expect(h.Status).To(Equal("Progressing"))
		Expect(h.DeletionMessage).To(Equal("The resource is being deleted."))
	})

	It("names, while suspended, what was wrong before", func(ctx SpecContext) {
		t := newTenant(ctx)
		t.create(ctx, t.config().WithCredentials("missing").Build())
		t.eventually(ctx, v1alpha1.ConditionReady, v1alpha1.ReasonCredentialsNotFound)
		t.change(ctx, name, func(c *v1alpha1.RecordCallbackConfig) { c.Spec.Suspend = true })
		h := healthOf(t.eventually(ctx, v1alpha1.ConditionSuspended, v1alpha1.ReasonSuspended).Object)
		Expect(h.Status).To(Equal("Suspended"))
		Expect(h.Message).To(ContainSubstring(v1alpha1.ReasonCredentialsNotFound + ": The Secret missing"))
	})

	DescribeTable("is Progressing, and no error, for a status that the operator never writes:",
		func(status any) {
			obj := map[string]any{"metadata": map[string]any{"name": "odd", "generation": int64(1)}, "spec": map[string]any{}}
			obj["status"] = status
			Expect(healthOf(obj)).To(And(HaveField("Status", "Progressing"), HaveField("Message", Not(BeEmpty()))))
		},
		Entry("null", nil),
		Entry("text", "text"),
		Entry("a number", int64(3)),
		Entry("a list", []any{"text"}),
		Entry("an empty map", map[string]any{}),
		Entry("conditions that are text", map[string]any{"conditions": "text", "observedGeneration": int64(1)}),
		Entry("conditions that are a map", map[string]any{"conditions": map[string]any{"Ready": true}, "observedGeneration": int64(1)}),
		Entry("conditions without Ready", map[string]any{"conditions": []any{}, "observedGeneration": int64(1)}),
		Entry("conditions of all kinds", odd(nil, "text", int64(1), true, []any{}, map[string]any{}, map[string]any{"type": int64(1)})),
		Entry("a Ready of nothing else", odd(map[string]any{"type": "Ready"})),
		Entry("a Ready of other types", odd(map[string]any{"type": "Ready", "status": true, "reason": int64(1), "message": []any{}})),
		Entry("a Ready that is Unknown", odd(map[string]any{"type": "Ready", "status": "Unknown", "reason": "Why", "message": "Because."})),
		Entry("a generation that is text", map[string]any{"observedGeneration": "1", "conditions": []any{map[string]any{"type": "Ready", "status": "True"}}}),
	)

	It("is Progressing for an object of nothing at all", func() {
		Expect(healthOf(map[string]any{}).Status).To(Equal("Progressing"))
		Expect(healthOf(map[string]any{"metadata": "text"}).Status).To(Equal("Progressing"))
	})
})

// odd is a status of the current generation with such conditions.
func odd(conditions ...any) map[string]any {
	return map[string]any{"observedGeneration": int64(1), "conditions": conditions}
}

// allReasons are the values of the constants of api/v1alpha1 whose names begin
// with Reason.
func allReasons() []string {
	GinkgoHelper()
	file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(harness.Root(), "api", "v1alpha1", "conditions.go"), nil, parser.SkipObjectResolution)
	Expect(err).NotTo(HaveOccurred())
	var reasons []string
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		for i, identifier := range spec.Names {
			if strings.HasPrefix(identifier.Name, "Reason") {
				literal, ok := spec.Values[i].(*ast.BasicLit)
				Expect(ok).To(BeTrue(), "%s is a literal", identifier.Name)
				reasons = append(reasons, strings.Trim(literal.Value, `"`))
			}
		}
		return false
	})
	return reasons
}
