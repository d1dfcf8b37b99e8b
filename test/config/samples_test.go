package config_test

import (
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/live-operator/live-operator/api/v1alpha1"
)

var _ = Describe("config/samples", Ordered, func() {
	const namespace = "streaming"

	BeforeAll(func(ctx SpecContext) {
		Expect(k8s.Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}})).To(Succeed())
		kubectl("apply", "--server-side", "--namespace", namespace, "-k", folder("samples"))
	})

	// placed is the samples' objects where a namespace holds them.
	placed := func(namespace string) []*unstructured.Unstructured {
		objects := build("samples")
		for _, u := range objects {
			u.SetNamespace(namespace)
		}
		return objects
	}

	It("applied again changes nothing", func(ctx SpecContext) {
		before := versions(ctx, placed(namespace))
		kubectl("apply", "--server-side", "--namespace", namespace, "-k", folder("samples"))
		Expect(versions(ctx, placed(namespace))).To(Equal(before))
	})

	It("applied from the client's side, which is kubectl's default, changes nothing the second time either", func(ctx SpecContext) {
		kubectl("apply", "--namespace", "default", "-k", folder("samples"))
		before := versions(ctx, placed("default"))
		kubectl("apply", "--namespace", "default", "-k", folder("samples"))
		Expect(versions(ctx, placed("default"))).To(Equal(before))
	})

	It("shows a resource that takes over a configuration, with the Secret that it names", func(ctx SpecContext) {
		config := &v1alpha1.RecordCallbackConfig{}
		Expect(k8s.Get(ctx, client.ObjectKey{Namespace: namespace, Name: "publish-example"}, config)).To(Succeed())
		Expect(config.Spec).To(And(
			HaveField("ID", "e89b76aa0bc4421f9d3425ab80af501c"),
			HaveField("ProjectID", "0123456789abcdef0123456789abcdef"),
			HaveField("Region", "cn-north-4"),
			HaveField("PublishDomain", "publish.example.com"),
			HaveField("App", "live")))

		secret := &corev1.Secret{}
		Expect(k8s.Get(ctx, client.ObjectKey{Namespace: namespace, Name: config.Spec.CredentialsSecretRef.Name}, secret)).To(Succeed())
		Expect(secret.Data).To(HaveLen(1))
		Expect(secret.Data).To(HaveKey("token"))
	})

	It("shows one that only the Live API can reject, with a configuration of its own", func(ctx SpecContext) {
		list := &v1alpha1.RecordCallbackConfigList{}
		Expect(k8s.List(ctx, list, client.InNamespace(namespace))).To(Succeed())
		Expect(list.Items).To(ConsistOf(
			HaveField("Name", "publish-example"),
			And(HaveField("Name", "rejected-example"), HaveField("Spec.PublishDomain", "unknown.example.net"))))
		Expect(list.Items[0].Spec.ID).NotTo(Equal(list.Items[1].Spec.ID))
	})
})
