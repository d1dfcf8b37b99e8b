package config_test

import (
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// Where config/default puts the operator, and who it is there.
const (
	namespace = "live-operator-system"
	operator  = "system:serviceaccount:" + namespace + ":live-operator-controller-manager"
)

var _ = Describe("config/default", func() {
	It("applied again changes nothing", func(ctx SpecContext) {
		objects := build("default")
		before := versions(ctx, objects)
		kubectl("apply", "--server-side", "-k", folder("default"))
		Expect(versions(ctx, objects)).To(Equal(before))
	})

	It("names everything after the operator, and keeps it in one namespace", func() {
		objects := build("default")
		Expect(objects[0].GetKind()).To(Equal("Namespace"), "what is in it comes after it")
		for _, u := range objects {
			Expect(u.GetLabels()).To(HaveKeyWithValue("app.kubernetes.io/name", "live-operator"), u.GetName())
			if u.GetKind() != "CustomResourceDefinition" {
				Expect(u.GetName()).To(HavePrefix("live-operator-"))
			}
			if u.GetNamespace() != "" {
				Expect(u.GetNamespace()).To(Equal(namespace))
			}
		}
	})

	Describe("the Deployment", func() {
		var deployment appsv1.Deployment

		BeforeEach(func() {
			deployment = appsv1.Deployment{}
			u := one(build("default"), "Deployment", "controller-manager")
			Expect(runtime.DefaultUnstructuredConverter.FromUnstructuredWithValidation(u.Object, &deployment, true)).To(Succeed())
		})

		pod := func() *corev1.Pod {
			return &corev1.Pod{
				ObjectMeta: metav1.ObjectMeta{Name: "manager", Namespace: namespace},
				Spec:       deployment.Spec.Template.Spec,
			}
		}

		It("makes pods that the restricted Pod Security Standard admits", func(ctx SpecContext) {
			Expect(k8s.Create(ctx, pod(), client.DryRunAll)).To(Succeed())
		})

		It("is in a namespace that admits no others", func(ctx SpecContext) {
			root := pod()
			root.Spec.SecurityContext.RunAsNonRoot = nil
			err := k8s.Create(ctx, root, client.DryRunAll)
			Expect(apierrors.IsForbidden(err)).To(BeTrue(), "%v", err)
			Expect(err).To(MatchError(ContainSubstring("runAsNonRoot")))
		})

		It("runs one container that writes no file, elects a leader, serves metrics to those who may read them, and is probed", func() {
			Expect(deployment.Spec.Template.Spec.Containers).To(HaveLen(1))
			manager := deployment.Spec.Template.Spec.Containers[0]
			Expect(manager.Args).To(ConsistOf("--leader-elect", "--metrics-bind-address=:8443", "--metrics-secure",
				"--health-probe-bind-address=:8081"))
			Expect(*manager.SecurityContext.ReadOnlyRootFilesystem).To(BeTrue())
			Expect(manager.LivenessProbe.HTTPGet.Path).To(Equal("/healthz"))
			Expect(manager.ReadinessProbe.HTTPGet.Path).To(Equal("/readyz"))
			Expect(manager.Resources.Requests).To(And(HaveKey(corev1.ResourceCPU), HaveKey(corev1.ResourceMemory)))
			Expect(manager.Resources.Limits).To(HaveKey(corev1.ResourceMemory))

			ports := map[string]int32{}
			for _, port := range manager.Ports {
				ports[port.Name] = port.ContainerPort
			}
			Expect(ports).To(Equal(map[string]int32{"metrics": 8443, "probes": 8081}))
			Expect(manager.LivenessProbe.HTTPGet.Port.StrVal).To(Equal("probes"))
			Expect(manager.ReadinessProbe.HTTPGet.Port.StrVal).To(Equal("probes"))
		})

		It("is what the metrics' Service selects", func() {
			var service corev1.Service
			u := one(build("default"), "Service", "metrics-service")
			Expect(runtime.DefaultUnstructuredConverter.FromUnstructured(u.Object, &service)).To(Succeed())
			for key, value := range service.Spec.Selector {
				Expect(deployment.Spec.Template.Labels).To(HaveKeyWithValue(key, value))
			}
			Expect(service.Spec.Ports).To(ConsistOf(And(
				HaveField("Port", BeEquivalentTo(8443)), HaveField("TargetPort.StrVal", "metrics"))))
		})
	})

	// may asks the API server whether a user may do something.
	may := func(ctx SpecContext, user string, attributes authorizationv1.ResourceAttributes) bool {
		GinkgoHelper()
		review := &authorizationv1.SubjectAccessReview{Spec: authorizationv1.SubjectAccessReviewSpec{
			User: user, ResourceAttributes: &attributes,
		}}
		Expect(k8s.Create(ctx, review)).To(Succeed())
		return review.Status.Allowed
	}

	DescribeTable("lets the operator",
		func(ctx SpecContext, in, group, resource, subresource string, verbs ...string) {
			for _, verb := range verbs {
				Expect(may(ctx, operator, authorizationv1.ResourceAttributes{
					Namespace: in, Group: group, Resource: resource, Subresource: subresource, Verb: verb,
				})).To(BeTrue(), verb)
			}
		},
		Entry("see resources everywhere, and mark them", "", "live.huaweicloud.com", "recordcallbackconfigs", "",
			"get", "list", "watch", "patch"),
		Entry("write what happened to them", "streaming", "live.huaweicloud.com", "recordcallbackconfigs", "status", "patch"),
		Entry("read the Secrets that they name", "streaming", "", "secrets", "", "get", "list", "watch"),
		Entry("tell of them in events", "streaming", "events.k8s.io", "events", "", "create", "patch"),
		Entry("hold a lease in its own namespace", namespace, "coordination.k8s.io", "leases", "", "get", "create", "update"),
		Entry("tell of the lease in events", namespace, "", "events", "", "create", "patch"),
		Entry("ask who reads its metrics", "", "authentication.k8s.io", "tokenreviews", "", "create"),
		Entry("ask whether they may", "", "authorization.k8s.io", "subjectaccessreviews", "", "create"),
	)

	DescribeTable("does not let the operator",
		func(ctx SpecContext, in, group, resource, subresource string, verbs ...string) {
			for _, verb := range verbs {
				Expect(may(ctx, operator, authorizationv1.ResourceAttributes{
					Namespace: in, Group: group, Resource: resource, Subresource: subresource, Verb: verb,
				})).To(BeFalse(), verb)
			}
		},
		Entry("make or delete resources", "streaming", "live.huaweicloud.com", "recordcallbackconfigs", "",
			"create", "delete", "deletecollection"),
		Entry("write Secrets", namespace, "", "secrets", "", "create", "update", "patch", "delete"),
		Entry("hold leases of others", "kube-system", "coordination.k8s.io", "leases", "", "get", "create", "update"),
		Entry("run pods", namespace, "", "pods", "", "create", "delete"),
		Entry("give itself rights", "", "rbac.authorization.k8s.io", "clusterroles", "", "create", "update", "patch", "bind", "escalate"),
	)

	DescribeTable("adds to the cluster's own roles",
		func(suffix string, labels []string, verbs ...any) {
			role := one(build("default"), "ClusterRole", suffix)
			for _, label := range labels {
				Expect(role.GetLabels()).To(HaveKeyWithValue("rbac.authorization.k8s.io/aggregate-to-"+label, "true"))
			}
			rules, _, err := unstructured.NestedSlice(role.Object, "rules")
			Expect(err).NotTo(HaveOccurred())
			Expect(rules).To(HaveLen(2))
			Expect(rules[0]).To(And(
				HaveKeyWithValue("resources", ConsistOf("recordcallbackconfigs")), HaveKeyWithValue("verbs", ConsistOf(verbs...))))
			Expect(rules[1]).To(And(
				HaveKeyWithValue("resources", ConsistOf("recordcallbackconfigs/status")), HaveKeyWithValue("verbs", ConsistOf("get"))))
		},
		Entry("admin and edit, the editing of resources", "editor-role", []string{"admin", "edit"},
			"create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"),
		Entry("view, the reading of resources", "viewer-role", []string{"view"}, "get", "list", "watch"),
	)
})
