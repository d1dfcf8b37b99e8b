package v1alpha1_test

import (
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/live-operator/live-operator/api/v1alpha1"
	"github.com/live-operator/live-operator/test/builder"
)

var _ = Describe("The status", func() {
	var config *v1alpha1.RecordCallbackConfig

	BeforeEach(func(ctx SpecContext) {
		config = builder.Config("status").WithURL("https://a.example.com/").Build()
		Expect(k8s.Create(ctx, config)).To(Succeed())
		DeferCleanup(func(ctx SpecContext) { Expect(k8s.Delete(ctx, config)).To(Succeed()) })
	})

	It("is a subresource: neither side writes the other", func(ctx SpecContext) {
		config.Status.ID = "written with the spec"
		Expect(k8s.Update(ctx, config)).To(Succeed())
		Expect(config.Status.ID).To(BeEmpty())

		config.Status.ID = "e89b76"
		config.Spec.NotifyCallbackURL = "https://written.with.the.status.example.com/"
		Expect(k8s.Status().Update(ctx, config)).To(Succeed())
		Expect(config.Status.ID).To(Equal("e89b76"))
		Expect(config.Spec.NotifyCallbackURL).To(Equal("https://a.example.com/"))
		Expect(config.Generation).To(BeEquivalentTo(1), "a status must not look like a change of the spec")
	})

	It("keeps every field that a Go client writes", func(ctx SpecContext) {
		second := metav1.NewTime(time.Now().Truncate(time.Second))
		want := v1alpha1.RecordCallbackConfigStatus{
			ObservedGeneration: 2,
			AppliedGeneration:  1,
			ID:                 "e89b76",
			Origin:             v1alpha1.OriginAdopted,
			RequestID:          "3b1c-1795446880696-host",
			LastError: &v1alpha1.CallError{
				Operation: "Update", HTTPStatus: 400, Code: "LIVE.100011001", Message: "Request Illegal",
				RequestID: "3b1c-1795446880696-host", Time: second,
			},
			KeyDigest:              "v1:00",
			CreateTime:             "2021-01-01T00:00:00Z",
			UpdateTime:             "2021-01-02T00:00:00Z",
			LastHandledReconcileAt: "2026-01-01T00:00:00Z",
			Conditions: []metav1.Condition{{
				Type: v1alpha1.ConditionReady, Status: metav1.ConditionFalse, Reason: v1alpha1.ReasonRejected,
				Message: "Change the spec.", ObservedGeneration: 2, LastTransitionTime: second,
			}},
		}
		config.Status = *want.DeepCopy()
		Expect(k8s.Status().Update(ctx, config)).To(Succeed())

		read := &v1alpha1.RecordCallbackConfig{}
		Expect(k8s.Get(ctx, client.ObjectKeyFromObject(config), read)).To(Succeed())
		Expect(read.Status).To(Equal(want))
	})

	DescribeTable("takes each operation of lastError",
		func(ctx SpecContext, operation string) {
			config.Status.LastError = &v1alpha1.CallError{Operation: operation, Message: "no answer", Time: metav1.Now()}
			Expect(k8s.Status().Update(ctx, config, client.DryRunAll)).To(Succeed())
		},
		Entry(nil, "Create"), Entry(nil, "Update"), Entry(nil, "Show"), Entry(nil, "List"), Entry(nil, "Delete"), Entry(nil, "Authenticate"),
	)

	DescribeTable("is refused",
		func(ctx SpecContext, status v1alpha1.RecordCallbackConfigStatus, path, sentence string) {
			config.Status = status
			Expect(k8s.Status().Update(ctx, config)).To(beInvalid(path, sentence))
		},
		Entry("with an unknown operation",
			v1alpha1.RecordCallbackConfigStatus{LastError: &v1alpha1.CallError{Operation: "Patch", Message: "m", Time: metav1.Now()}},
			"status.lastError.operation", `supported values: "Create", "Update", "Show", "List", "Delete", "Authenticate"`),
		Entry("with an unknown origin", v1alpha1.RecordCallbackConfigStatus{Origin: "Found"},
			"status.origin", `supported values: "Created", "Adopted"`),
		Entry("with the same condition twice",
			v1alpha1.RecordCallbackConfigStatus{Conditions: []metav1.Condition{
				condition(v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonSynced, ""),
				condition(v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonPending, ""),
			}},
			"status.conditions[1]", `Duplicate value: {"type":"Ready"}`),
	)

	DescribeTable("is refused with a lastError that lacks",
		func(ctx SpecContext, name string) {
			u := &unstructured.Unstructured{}
			u.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind("RecordCallbackConfig"))
			Expect(k8s.Get(ctx, client.ObjectKeyFromObject(config), u)).To(Succeed())
			set("status.lastError", `{operation: Update, message: no answer, time: "2026-01-01T00:00:00Z"}`)(u)
			Expect(k8s.Status().Update(ctx, u.DeepCopy(), client.DryRunAll)).To(Succeed())
			remove("status.lastError." + name)(u)
			Expect(k8s.Status().Update(ctx, u)).To(beInvalid("status.lastError."+name, "Required value"))
		},
		Entry(nil, "operation"), Entry(nil, "message"), Entry(nil, "time"),
	)

	It("has one condition of each type, which different writers own", func(ctx SpecContext) {
		write := func(owner, kind string) {
			GinkgoHelper()
			u := &unstructured.Unstructured{Object: map[string]any{
				"apiVersion": v1alpha1.GroupVersion.String(),
				"kind":       "RecordCallbackConfig",
				"metadata":   map[string]any{"name": config.Name, "namespace": config.Namespace},
				"status": map[string]any{"conditions": []any{map[string]any{
					"type": kind, "status": "True", "reason": "Because", "message": "", "lastTransitionTime": "2026-01-01T00:00:00Z",
				}}},
			}}
			Expect(k8s.Status().Apply(ctx, client.ApplyConfigurationFromUnstructured(u), client.FieldOwner(owner))).To(Succeed())
		}
		write("live-operator", v1alpha1.ConditionReady)
		write("somebody-else", "Audited")
		write("live-operator", v1alpha1.ConditionReady)

		Expect(k8s.Get(ctx, client.ObjectKeyFromObject(config), config)).To(Succeed())
		Expect(config.Status.Conditions).To(ConsistOf(
			HaveField("Type", v1alpha1.ConditionReady), HaveField("Type", "Audited")))
	})

	DescribeTable("takes each reason of a condition",
		func(ctx SpecContext, reason string) {
			config.Status.Conditions = []metav1.Condition{condition(v1alpha1.ConditionReady, metav1.ConditionFalse, reason, "")}
			Expect(k8s.Status().Update(ctx, config, client.DryRunAll)).To(Succeed())
		},
		func() []TableEntry {
			var entries []TableEntry
			for _, reason := range []string{
				v1alpha1.ReasonSynced, v1alpha1.ReasonPending, v1alpha1.ReasonThrottled, v1alpha1.ReasonAPIUnavailable,
				v1alpha1.ReasonCredentialsNotFound, v1alpha1.ReasonCredentialsInvalid, v1alpha1.ReasonUnauthorized,
				v1alpha1.ReasonForbidden, v1alpha1.ReasonRejected, v1alpha1.ReasonNotFound, v1alpha1.ReasonAlreadyExists,
				v1alpha1.ReasonConflict, v1alpha1.ReasonKeyInvalid, v1alpha1.ReasonDriftPersists, v1alpha1.ReasonDrifted,
				v1alpha1.ReasonDeletionBlocked, v1alpha1.ReasonSuspended,
			} {
				entries = append(entries, Entry(reason, reason))
			}
			return entries
		}(),
	)
})
