package metrics_test

import (
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	toolscache "k8s.io/client-go/tools/cache"

	"github.com/live-operator/live-operator/api/v1alpha1"
)

var _ = Describe("The time from change to applied", func() {
	var b *bench
	var obj *v1alpha1.RecordCallbackConfig
	BeforeEach(func() {
		b = newBench().acts()
		obj = resource("team-a", "one")
	})
	seen := func(change func(*v1alpha1.RecordCallbackConfig)) {
		old := obj.DeepCopy()
		change(obj)
		b.changes.OnUpdate(old, obj.DeepCopy())
	}
	edited := func(o *v1alpha1.RecordCallbackConfig) { o.Generation++ }
	applied := func(o *v1alpha1.RecordCallbackConfig) { o.Status.AppliedGeneration = o.Generation }
	const name = "change_to_applied_seconds"

	It("is measured for a new resource and for each change of its spec", func() {
		b.changes.OnAdd(obj.DeepCopy(), false)
		b.pass(2 * time.Second)
		seen(applied)
		Expect(b.told(name)).To(Equal([]string{"2 in 1"}))
		b.pass(time.Hour)
		seen(edited)
		b.pass(3 * time.Second)
		seen(applied)
		Expect(b.told(name)).To(Equal([]string{"5 in 2"}))
	})

	It("counts from the last of several changes, and not anew for what else happens to the resource", func() {
		b.changes.OnAdd(obj.DeepCopy(), false)
		b.pass(time.Minute)
		seen(edited)
		b.pass(time.Second)
		seen(func(o *v1alpha1.RecordCallbackConfig) { is(o, metav1.ConditionFalse, "APIUnavailable", 0) })
		b.pass(time.Second)
		seen(applied)
		seen(func(o *v1alpha1.RecordCallbackConfig) { is(o, metav1.ConditionTrue, "Synced", 0) })
		Expect(b.told(name)).To(Equal([]string{"2 in 1"}))
	})

	It("is not measured for what is applied already when the operator starts, or is created again", func() {
		applied(obj)
		b.changes.OnAdd(obj.DeepCopy(), true)
		seen(func(o *v1alpha1.RecordCallbackConfig) { o.Status.AppliedGeneration = 0 })
		seen(applied)
		Expect(b.told(name)).To(Equal([]string{"0 in 0"}))
	})

	DescribeTable("is not measured for a resource that is",
		func(change func(*v1alpha1.RecordCallbackConfig)) {
			b.changes.OnAdd(obj.DeepCopy(), false)
			seen(change)
			b.changes.OnUpdate(obj, func() *v1alpha1.RecordCallbackConfig { applied(obj); return obj }())
			Expect(b.told(name)).To(Equal([]string{"0 in 0"}))
		},
		Entry("suspended", func(o *v1alpha1.RecordCallbackConfig) { o.Spec.Suspend = true }),
		Entry("observed", func(o *v1alpha1.RecordCallbackConfig) { o.Spec.ManagementPolicy = v1alpha1.ManagementObserve }),
		Entry("being deleted", func(o *v1alpha1.RecordCallbackConfig) { o.DeletionTimestamp = &metav1.Time{Time: start} }),
	)

	It("is forgotten with the resource, however its end is told", func() {
		for _, end := range []any{obj, toolscache.DeletedFinalStateUnknown{Obj: obj}} {
			b.changes.OnAdd(obj.DeepCopy(), false)
			b.changes.OnDelete(end)
			seen(applied)
		}
		Expect(b.told(name)).To(Equal([]string{"0 in 0"}))
	})

	It("is measured by the replica that acts, from when it saw the change before it did", func() {
		b = newBench()
		b.changes.OnAdd(obj.DeepCopy(), false)
		b.pass(time.Second)
		seen(applied)
		Expect(b.told(name)).To(Equal([]string{"0 in 0"}))
		seen(edited)
		b.pass(time.Second)
		b.acts()
		b.pass(time.Second)
		seen(applied)
		Expect(b.told(name)).To(Equal([]string{"2 in 1"}))
	})
})
