package metrics_test

import (
	"fmt"
	"math"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/live-operator/live-operator/api/v1alpha1"
	"github.com/live-operator/live-operator/internal/inventory"
	"github.com/live-operator/live-operator/internal/live"
	"github.com/live-operator/live-operator/internal/ratelimit"
)

var _ = Describe("The state", func() {
	var b *bench
	BeforeEach(func() { b = newBench() })

	It("is told by the replica that acts, and by no other", func() {
		b.resources = append(b.resources, resource("team-a", "new"))
		Expect(b.told("leader")).To(Equal([]string{"0"}))
		Expect(b.told("resources")).To(BeEmpty())
		Expect(b.told("budget_left_calls")).To(BeEmpty())
		b.acts()
		Expect(b.told("leader")).To(Equal([]string{"1"}))
		Expect(b.told("resources")).NotTo(BeEmpty())
		Expect(b.told("budget_left_calls")).NotTo(BeEmpty())
	})

	It("is that of budgets and credentials", func() {
		b.acts()
		b.left, b.resting = ratelimit.Stats{Left: 2.5, Paused: 3, Waiting: 4}, 5
		Expect(b.told("budget_left_calls")).To(Equal([]string{"2.5"}))
		Expect(b.told("projects_paused")).To(Equal([]string{"3"}))
		Expect(b.told("calls_waiting")).To(Equal([]string{"4"}))
		Expect(b.told("credentials_resting")).To(Equal([]string{"5"}))
		b.left.Left = math.Inf(1)
		Expect(b.told("budget_left_calls")).To(Equal([]string{"+Inf"}))
	})

	It("is that of inventories: how much they hold, and how old the oldest is of a project that has resources", func() {
		b.acts()
		b.resources = append(b.resources, resource("team-a", "one"))
		b.held = []inventory.Stats{
			{Target: a, Configs: 7, ListedAt: start.Add(-time.Minute)},
			{Target: live.Target{Region: "cn-north-4", ProjectID: "left"}, Configs: 2, ListedAt: start.Add(-time.Hour)},
			{Target: live.Target{Region: "cn-north-4", ProjectID: "never listed"}},
		}
		Expect(b.told("inventory_projects")).To(Equal([]string{"2"}))
		Expect(b.told("inventory_configurations")).To(Equal([]string{"9"}))
		Expect(b.told("inventory_age_seconds")).To(Equal([]string{"60"}))
	})

	It("is not told of resources that can't be read, rather than told wrong", func() {
		b.acts()
		b.readErr = errCache
		Expect(b.told("resources")).To(BeEmpty())
		Expect(b.told("leader")).To(Equal([]string{"1"}))
	})

	It("is Synced of no resources where there are none", func() {
		Expect(b.acts().told("resources")).To(Equal([]string{"ready=True reason=Synced 0"}))
	})

	DescribeTable("counts a resource by what its Ready condition says, and names the namespace of one in trouble",
		func(change func(*v1alpha1.RecordCallbackConfig), ready, reason string, trouble bool) {
			b.acts()
			obj := resource("team-a", "one")
			change(obj)
			b.resources = append(b.resources, obj)
			Expect(b.told("resources")).To(ContainElement("ready=" + ready + " reason=" + reason + " 1"))
			if trouble {
				Expect(b.told("not_ready_resources")).To(Equal([]string{"reason=" + reason + " resource_namespace=team-a 1"}))
			} else {
				Expect(b.told("not_ready_resources")).To(BeEmpty())
			}
		},
		Entry("never handled", func(*v1alpha1.RecordCallbackConfig) {}, "Unknown", "Pending", true),
		Entry("Ready", func(o *v1alpha1.RecordCallbackConfig) { is(o, metav1.ConditionTrue, "Synced", 0) }, "True", "Synced", false),
		Entry("Ready before the spec changed", func(o *v1alpha1.RecordCallbackConfig) {
			is(o, metav1.ConditionTrue, "Synced", 0).Generation++
		}, "Unknown", "Pending", true),
		Entry("not Ready", func(o *v1alpha1.RecordCallbackConfig) { is(o, metav1.ConditionFalse, "Rejected", 0) }, "False", "Rejected", true),
		Entry("not Ready before the spec changed", func(o *v1alpha1.RecordCallbackConfig) {
			is(o, metav1.ConditionFalse, "Rejected", 0).Generation++
		}, "False", "Rejected", true),
		Entry("suspended", func(o *v1alpha1.RecordCallbackConfig) {
			is(o, metav1.ConditionFalse, "Rejected", 0).Spec.Suspend = true
		}, "False", "Suspended", false),
		Entry("suspended and never handled", func(o *v1alpha1.RecordCallbackConfig) { o.Spec.Suspend = true }, "Unknown", "Suspended", false),
		Entry("suspended while somebody waits for its deletion", func(o *v1alpha1.RecordCallbackConfig) {
			is(o, metav1.ConditionFalse, "DeletionBlocked", 0).Spec.Suspend = true
		}, "False", "DeletionBlocked", true),
	)

	It("tells since when the longest of a namespace is in trouble for that reason", func() {
		b.acts()
		changed := is(resource("team-b", "changed"), metav1.ConditionTrue, "Synced", time.Hour)
		b.changes.OnAdd(changed, true)
		b.pass(time.Minute)
		changed.Generation++
		b.changes.OnAdd(changed, false)
		b.pass(time.Minute)
		b.resources = append(b.resources,
			is(resource("team-a", "one"), metav1.ConditionFalse, "Rejected", time.Minute),
			is(resource("team-a", "two"), metav1.ConditionFalse, "Rejected", 2*time.Minute),
			is(resource("team-a", "three"), metav1.ConditionFalse, "Forbidden", 3*time.Minute),
			resource("team-a", "new"), changed)
		Expect(b.told("not_ready_resources")).To(Equal([]string{
			"reason=Forbidden resource_namespace=team-a 1", "reason=Pending resource_namespace=team-a 1", "reason=Pending resource_namespace=team-b 1",
			"reason=Rejected resource_namespace=team-a 2",
		}))
		at := func(d time.Duration) string { return fmt.Sprint(float64(start.Add(d).Unix())) }
		Expect(b.told("not_ready_since_timestamp_seconds")).To(Equal([]string{
			"reason=Forbidden resource_namespace=team-a " + at(-3*time.Minute),
			"reason=Pending resource_namespace=team-a " + at(-time.Hour),
			"reason=Pending resource_namespace=team-b " + at(time.Minute),
			"reason=Rejected resource_namespace=team-a " + at(-2*time.Minute),
		}))
	})

	It("names a hundred namespaces at most, those that wait for longest, and sums up the others", func() {
		b.acts()
		for n := range 1000 {
			b.resources = append(b.resources, is(resource(fmt.Sprintf("team-%03d", n), "one"), metav1.ConditionFalse, "Rejected", time.Duration(n)*time.Second))
		}
		told := b.told("not_ready_resources")
		Expect(told).To(HaveLen(101))
		Expect(told).To(ContainElements("reason=Rejected resource_namespace=(others) 900", "reason=Rejected resource_namespace=team-900 1"))
		Expect(told).NotTo(ContainElement(ContainSubstring("team-899 ")))
		Expect(b.told("not_ready_since_timestamp_seconds")).To(ContainElement(
			fmt.Sprint("reason=Rejected resource_namespace=(others) ", float64(start.Add(-899*time.Second).Unix()))))
	})
})
