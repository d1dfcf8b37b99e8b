package v1alpha1_test

import (
	"encoding/json"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/discovery"

	"github.com/live-operator/live-operator/api/v1alpha1"
	"github.com/live-operator/live-operator/test/builder"
)

var _ = Describe("kubectl", func() {
	It("knows the resource by its short name and its categories", func() {
		resources, err := discovery.NewDiscoveryClientForConfigOrDie(restConfig).
			ServerResourcesForGroupVersion(v1alpha1.GroupVersion.String())
		Expect(err).NotTo(HaveOccurred())
		Expect(resources.APIResources).To(ContainElement(And(
			HaveField("Name", "recordcallbackconfigs"),
			HaveField("SingularName", "recordcallbackconfig"),
			HaveField("Kind", "RecordCallbackConfig"),
			HaveField("Namespaced", true),
			HaveField("ShortNames", ConsistOf("rcc")),
			HaveField("Categories", ConsistOf("live", "huaweicloud")))))
		Expect(resources.APIResources).To(ContainElement(HaveField("Name", "recordcallbackconfigs/status")))
	})

	It("shows whether it is ready and why, and with -o wide the request ID, the region and the message", func(ctx SpecContext) {
		config := builder.Config("columns").WithApp("live").Build()
		Expect(k8s.Create(ctx, config)).To(Succeed())
		DeferCleanup(func(ctx SpecContext) { Expect(k8s.Delete(ctx, config)).To(Succeed()) })
		config.Status.ID = "e89b76"
		config.Status.RequestID = "3b1c-1795446880696-host"
		config.Status.Conditions = []metav1.Condition{
			condition(v1alpha1.ConditionReconciling, metav1.ConditionTrue, v1alpha1.ReasonThrottled, "Waiting."),
			condition(v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonThrottled, "The API asked to wait."),
		}
		Expect(k8s.Status().Update(ctx, config)).To(Succeed())

		table := tableOf(ctx, "columns")
		type column struct {
			name     string
			priority int32
		}
		var columns []column
		for _, c := range table.ColumnDefinitions {
			columns = append(columns, column{c.Name, c.Priority})
			Expect(c.Description).NotTo(BeEmpty(), c.Name)
		}
		Expect(columns).To(Equal([]column{
			{"Name", 0}, {"Ready", 0}, {"Reason", 0}, {"Domain", 0}, {"App", 0}, {"ID", 0}, {"Age", 0},
			{"Request-ID", 1}, {"Region", 1}, {"Message", 1},
		}))
		Expect(table.Rows).To(HaveLen(1))
		Expect(table.Rows[0].Cells).To(HaveExactElements(
			Equal("columns"), Equal("False"), Equal("Throttled"), Equal("publish.example.com"), Equal("live"), Equal("e89b76"),
			MatchRegexp(`^[0-9]+[sm]`), Equal("3b1c-1795446880696-host"), Equal("cn-north-4"), Equal("The API asked to wait.")))
	})

	It("shows a resource that was not handled yet", func(ctx SpecContext) {
		u := create(ctx)
		table := tableOf(ctx, u.GetName())
		Expect(table.Rows).To(HaveLen(1))
		Expect(table.Rows[0].Cells[:6]).To(HaveExactElements(
			Equal(u.GetName()), BeNil(), BeNil(), Equal("publish.example.com"), Equal("*"), BeNil()))
	})
})

// tableOf asks for what kubectl get prints.
func tableOf(ctx SpecContext, name string) *metav1.Table {
	GinkgoHelper()
	answer, err := discovery.NewDiscoveryClientForConfigOrDie(restConfig).RESTClient().Get().
		AbsPath("/apis/live.huaweicloud.com/v1alpha1/namespaces/default/recordcallbackconfigs", name).
		SetHeader("Accept", "application/json;as=Table;v=v1;g=meta.k8s.io").
		DoRaw(ctx)
	Expect(err).NotTo(HaveOccurred())
	table := &metav1.Table{}
	Expect(json.Unmarshal(answer, table)).To(Succeed())
	Expect(table.Kind).To(Equal("Table"))
	return table
}

// condition is one of a status, as of now.
func condition(kind string, status metav1.ConditionStatus, reason, message string) metav1.Condition {
	return metav1.Condition{
		Type: kind, Status: status, Reason: reason, Message: message,
		ObservedGeneration: 1, LastTransitionTime: metav1.NewTime(time.Now()),
	}
}
