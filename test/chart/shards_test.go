package chart_test

import (
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
)

var _ = Describe("Shards", func() {
	const two = `shards: [{name: a, selector: "shard=a"}, {name: rest, selector: "shard notin (a)"}]`
	const label = "live.huaweicloud.com/shard"

	It("are Deployments, each with its selector, and pods, lease and disruption budget of its own", func() {
		rendered := render(two)
		deployments := all[appsv1.Deployment](rendered, "Deployment")
		budgets := all[policyv1.PodDisruptionBudget](rendered, "PodDisruptionBudget")
		Expect(deployments).To(HaveLen(2))
		Expect(budgets).To(HaveLen(2))
		for i, shard := range []struct{ name, selector string }{{"a", "shard=a"}, {"rest", "shard notin (a)"}} {
			d := deployments[i]
			Expect(d.Name).To(Equal("live-operator-" + shard.name))
			Expect(d.Spec.Selector.MatchLabels).To(HaveKeyWithValue(label, shard.name))
			Expect(d.Spec.Template.Labels).To(HaveKeyWithValue(label, shard.name))
			Expect(d.Spec.Template.Spec.TopologySpreadConstraints).To(HaveEach(HaveField("LabelSelector", d.Spec.Selector)))
			Expect(d.Spec.Template.Spec.Containers[0].Args).To(ContainElements("--selector="+shard.selector, "--leader-election-id=live-operator-"+shard.name))
			Expect(budgets[i].Name).To(Equal(d.Name))
			Expect(budgets[i].Spec.Selector).To(Equal(d.Spec.Selector))
		}
		Expect(selects(deployments[0].Spec.Selector, deployments[1].Spec.Template.Labels)).To(BeFalse(), "no Deployment may take another's pods")
	})

	It("may take their leases, and no other", func() {
		for _, role := range all[rbacv1.Role](render(two), "Role") {
			for _, rule := range role.Rules {
				if len(rule.ResourceNames) > 0 {
					Expect(rule.ResourceNames).To(ConsistOf("live-operator-a", "live-operator-rest"))
					return
				}
			}
		}
		Fail("no role names the leases")
	})

	It("share a Service for their metrics", func() {
		rendered := render(two)
		service := only[corev1.Service](rendered, "Service")
		for _, d := range all[appsv1.Deployment](rendered, "Deployment") {
			Expect(labels.SelectorFromSet(service.Spec.Selector).Matches(labels.Set(d.Spec.Template.Labels))).To(BeTrue(), d.Name)
		}
	})

	It("are told in the notes", func() {
		Expect(notes(two)).To(And(ContainSubstring("in 2 shards"),
			ContainSubstring("deployment/live-operator-a "), ContainSubstring("deployment/live-operator-rest ")))
	})

	It("are none by default, and nothing has the label", func() {
		d := only[appsv1.Deployment](render(`selector: a=b`), "Deployment")
		Expect(d.Name).To(Equal("live-operator"))
		Expect(d.Spec.Selector.MatchLabels).NotTo(HaveKey(label))
		Expect(d.Spec.Template.Spec.Containers[0].Args).To(ContainElements("--selector=a=b", "--leader-election-id=live-operator"))
	})

	DescribeTable("are refused",
		func(values, told string) { Expect(refusal(values)).To(ContainSubstring(told)) },
		Entry("with a selector besides", `{selector: a=b, shards: [{name: a, selector: a=b}]}`, "each of the shards has its own"),
		Entry("with one name for two", `shards: [{name: a, selector: a=b}, {name: a, selector: a=c}]`, "two have the same name"),
		Entry("without a selector, which would serve all", `shards: [{name: a, selector: ""}]`, "minLength"),
		Entry("without a name", `shards: [{selector: a=b}]`, "'name'"),
		Entry("with a name that can't be", `shards: [{name: A_B, selector: a=b}]`, "does not match pattern"),
		Entry("with a name that does not exist", `shards: [{name: a, selector: a=b, replicas: 3}]`, "'replicas' not allowed"),
	)
})

func selects(s *metav1.LabelSelector, of map[string]string) bool {
	GinkgoHelper()
	selector, err := metav1.LabelSelectorAsSelector(s)
	Expect(err).NotTo(HaveOccurred())
	return selector.Matches(labels.Set(of))
}
