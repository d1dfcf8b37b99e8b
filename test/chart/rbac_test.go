package chart_test

import (
	"os"
	"slices"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"sigs.k8s.io/yaml"
)

var _ = Describe("Permissions", func() {
	It("are all that the reconciler asks for and no more, in all namespaces", func() {
		content, err := os.ReadFile(root + "/config/rbac/role.yaml")
		Expect(err).NotTo(HaveOccurred())
		var generated rbacv1.ClusterRole
		Expect(yaml.Unmarshal(content, &generated)).To(Succeed())

		rendered := render(``)
		Expect(grants(clusterRole(rendered, "manager").Rules)).To(ConsistOf(grants(generated.Rules)))
		expectBound(rendered, "live-operator:live-system:manager")
	})

	It("leave Secrets unlisted where they are not watched", func() {
		rules := clusterRole(render(`watchSecrets: false`), "manager").Rules
		Expect(grants(rules)).To(ContainElement("secrets get"))
		Expect(grants(rules)).NotTo(ContainElement(BeElementOf("secrets list", "secrets watch")))
	})

	It("are only Roles, in the namespaces that are watched", func() {
		rendered := render(`watchNamespaces: [team-a, team-b]`)
		Expect(rendered.kinds()).NotTo(ContainElement(ContainSubstring("ClusterRole")))
		Expect(rendered.kinds()).To(ContainElements(
			"team-a: Role live-operator:live-system:manager", "team-a: RoleBinding live-operator:live-system:manager",
			"team-b: Role live-operator:live-system:manager", "team-b: RoleBinding live-operator:live-system:manager"))
		everywhere := clusterRole(render(``), "manager")
		for _, role := range all[rbacv1.Role](rendered, "Role") {
			if role.Namespace != namespace {
				Expect(role.Rules).To(Equal(everywhere.Rules))
			}
		}
		for _, binding := range all[rbacv1.RoleBinding](rendered, "RoleBinding") {
			Expect(binding.Subjects).To(Equal([]rbacv1.Subject{{Kind: "ServiceAccount", Name: "live-operator", Namespace: namespace}}))
		}
	})

	It("need no cluster administrator in watched namespaces, but for the CRD", func() {
		Expect(render(`{watchNamespaces: [team-a], crds: {enabled: false}}`).kinds()).To(ConsistOf(
			"Deployment live-operator", "ServiceAccount live-operator", "PodDisruptionBudget live-operator", "Service live-operator-metrics",
			"Role live-operator:live-system:leader-election", "RoleBinding live-operator:live-system:leader-election",
			"team-a: Role live-operator:live-system:manager", "team-a: RoleBinding live-operator:live-system:manager"))
	})

	It("let the operator hold its own lease, and say so, in the lease's namespace", func() {
		rendered := render(`leaderElection: {namespace: leases, id: mine}`)
		role := only[rbacv1.Role](rendered, "Role")
		Expect(role.Namespace).To(Equal("leases"))
		Expect(grants(role.Rules)).To(ConsistOf("leases.coordination.k8s.io create",
			"leases.coordination.k8s.io/mine get", "leases.coordination.k8s.io/mine update", "events create", "events patch"))
		binding := only[rbacv1.RoleBinding](rendered, "RoleBinding")
		Expect(binding.Namespace).To(Equal("leases"))
		Expect(binding.RoleRef.Name).To(Equal(role.Name))
		Expect(rendered.container().Args).To(ContainElements("--leader-election-namespace=leases", "--leader-election-id=mine"))
	})

	It("do not include leases without leader election", func() {
		rendered := render(`{replicas: 1, leaderElection: {enabled: false}}`)
		Expect(all[rbacv1.Role](rendered, "Role")).To(BeEmpty())
	})

	DescribeTable("to ask who reads the metrics exist only for secure metrics",
		func(values string, expected bool) {
			roles := all[rbacv1.ClusterRole](render(values), "ClusterRole")
			has := slices.ContainsFunc(roles, func(r rbacv1.ClusterRole) bool {
				return slices.Contains(grants(r.Rules), "tokenreviews.authentication.k8s.io create")
			})
			Expect(has).To(Equal(expected))
		},
		Entry("which are the default", ``, true),
		Entry("and not for insecure ones", `metrics: {secure: false}`, false),
		Entry("nor for none", `metrics: {enabled: false}`, false),
		Entry("nor where they are not wanted", `rbac: {metricsReviews: never}`, false),
		Entry("nor in watched namespaces", `watchNamespaces: [team-a]`, false),
		Entry("unless they are asked for", `{watchNamespaces: [team-a], rbac: {metricsReviews: always}}`, true),
	)

	It("to ask who reads the metrics are no more than that", func() {
		rendered := render(``)
		Expect(grants(clusterRole(rendered, "metrics-auth").Rules)).To(ConsistOf(
			"tokenreviews.authentication.k8s.io create", "subjectaccessreviews.authorization.k8s.io create"))
		expectBound(rendered, "live-operator:live-system:metrics-auth")
	})

	It("to read the metrics go to those who are named", func() {
		rendered := render(`metrics: {readers: [{name: prometheus, namespace: monitoring}]}`)
		Expect(clusterRole(rendered, "metrics-reader").Rules).To(Equal([]rbacv1.PolicyRule{{NonResourceURLs: []string{"/metrics"}, Verbs: []string{"get"}}}))
		binding := clusterBinding(rendered, "live-operator:live-system:metrics-reader")
		Expect(binding.Subjects).To(Equal([]rbacv1.Subject{{Kind: "ServiceAccount", Name: "prometheus", Namespace: "monitoring"}}))
	})

	It("of a namespace's editors and viewers include its resources", func() {
		rendered := render(``)
		edit, view := clusterRole(rendered, "edit"), clusterRole(rendered, "view")
		Expect(edit.Labels).To(HaveKeyWithValue("rbac.authorization.k8s.io/aggregate-to-edit", "true"))
		Expect(edit.Labels).NotTo(HaveKey("rbac.authorization.k8s.io/aggregate-to-view"))
		Expect(view.Labels).To(HaveKeyWithValue("rbac.authorization.k8s.io/aggregate-to-view", "true"))
		for _, rule := range view.Rules {
			Expect(rule.Verbs).To(ConsistOf("get", "list", "watch"))
		}
		Expect(render(`rbac: {aggregate: false}`).kinds()).NotTo(ContainElement(HaveSuffix(":edit")))
	})

	It("can be granted by somebody else", func() {
		rendered := render(`{rbac: {create: false}, serviceAccount: {create: false, name: given}}`)
		Expect(rendered.kinds()).NotTo(ContainElement(Or(ContainSubstring("Role"), ContainSubstring("ServiceAccount"))))
		Expect(rendered.pod().ServiceAccountName).To(Equal("given"))
	})

	It("do not collide between releases of one name, nor do their leases in one namespace", func() {
		first := render(`{watchNamespaces: [shared], rbac: {metricsReviews: always}}`)
		stdout, stderr, err := helm("template", release, chartDir, "--namespace", "other", "--kube-version", "1.30.0",
			"--set", "watchNamespaces={shared},rbac.metricsReviews=always,crds.enabled=false")
		Expect(err).NotTo(HaveOccurred(), stderr)
		for _, o := range first {
			if o.GetNamespace() == "shared" || strings.HasPrefix(o.GetKind(), "Cluster") {
				Expect(stdout).NotTo(ContainSubstring("name: " + o.GetName() + "\n"))
			}
		}
		stdout, stderr, err = helm("template", "second", chartDir, "--namespace", namespace, "--kube-version", "1.30.0")
		Expect(err).NotTo(HaveOccurred(), stderr)
		Expect(stdout).To(ContainSubstring("--leader-election-id=second-live-operator"))
		Expect(first.container().Args).To(ContainElement("--leader-election-id=live-operator"))
	})

	It("of the service account are used by the operator's pods alone", func() {
		rendered := render(`serviceAccount: {annotations: {note: mine}}`)
		account := only[corev1.ServiceAccount](rendered, "ServiceAccount")
		Expect(account.AutomountServiceAccountToken).To(HaveValue(BeFalse()))
		Expect(account.Annotations).To(HaveKeyWithValue("note", "mine"))
		Expect(rendered.pod().AutomountServiceAccountToken).To(HaveValue(BeTrue()))
		Expect(rendered.pod().ServiceAccountName).To(Equal(account.Name))
	})
})

// grants are the rules one by one, such as "leases.coordination.k8s.io/mine get".
func grants(rules []rbacv1.PolicyRule) []string {
	var one []string
	for _, rule := range rules {
		names := rule.ResourceNames
		if len(names) == 0 {
			names = []string{""}
		}
		for _, group := range rule.APIGroups {
			for _, resource := range rule.Resources {
				for _, name := range names {
					for _, verb := range rule.Verbs {
						what := resource
						if group != "" {
							what += "." + group
						}
						if name != "" {
							what += "/" + name
						}
						one = append(one, what+" "+verb)
					}
				}
			}
		}
	}
	return one
}

func clusterRole(m manifests, suffix string) rbacv1.ClusterRole {
	GinkgoHelper()
	for _, role := range all[rbacv1.ClusterRole](m, "ClusterRole") {
		if role.Name == "live-operator:live-system:"+suffix {
			return role
		}
	}
	Fail("there is no ClusterRole " + suffix)
	return rbacv1.ClusterRole{}
}

func clusterBinding(m manifests, name string) rbacv1.ClusterRoleBinding {
	GinkgoHelper()
	for _, binding := range all[rbacv1.ClusterRoleBinding](m, "ClusterRoleBinding") {
		if binding.Name == name {
			Expect(binding.RoleRef).To(Equal(rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: name}))
			return binding
		}
	}
	Fail("there is no ClusterRoleBinding " + name)
	return rbacv1.ClusterRoleBinding{}
}

// expectBound is for a ClusterRole that the operator has.
func expectBound(m manifests, name string) {
	GinkgoHelper()
	Expect(clusterBinding(m, name).Subjects).To(Equal([]rbacv1.Subject{{Kind: "ServiceAccount", Name: "live-operator", Namespace: namespace}}))
}
