package controller

import (
	"unsafe"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/live-operator/live-operator/api/v1alpha1"
)

var _ = Describe("A resource in the cache", func() {
	// stored is a resource as it comes from the API server, each word of its own.
	stored := func(name string) *v1alpha1.RecordCallbackConfig {
		obj := resource("streaming", name, 0, holding(ownID))
		obj.Spec.ProjectID = string([]byte("0123456789abcdef0123456789abcdef"))
		obj.Finalizers = []string{v1alpha1.Finalizer}
		obj.Labels = map[string]string{"team": "video"}
		obj.Status.Conditions = []metav1.Condition{{Type: v1alpha1.ConditionReady, Status: metav1.ConditionTrue, Reason: v1alpha1.ReasonSynced}}
		return obj
	}
	compact := func(obj *v1alpha1.RecordCallbackConfig) *v1alpha1.RecordCallbackConfig {
		GinkgoHelper()
		o, err := Compact(obj)
		Expect(err).NotTo(HaveOccurred())
		return o.(*v1alpha1.RecordCallbackConfig)
	}

	It("says what it said", func() {
		Expect(compact(stored("sport"))).To(Equal(stored("sport")))
	})

	It("is without what no pass reads", func() {
		obj := stored("sport")
		obj.ManagedFields = []metav1.ManagedFieldsEntry{{Manager: "kubectl"}}
		obj.Annotations = map[string]string{corev1.LastAppliedConfigAnnotation: "{}", v1alpha1.AnnotationCreatePending: "2026-03-01T12:00:00Z"}
		obj = compact(obj)
		Expect(obj.ManagedFields).To(BeNil())
		Expect(obj.Annotations).To(Equal(map[string]string{v1alpha1.AnnotationCreatePending: "2026-03-01T12:00:00Z"}))
	})

	It("shares its words with others", func() {
		sport, news := stored("sport"), stored("news")
		where := func(obj *v1alpha1.RecordCallbackConfig) *byte {
			return unsafe.StringData(obj.Spec.ProjectID) //nolint:gosec // It is compared, and never read through.
		}
		Expect(where(sport)).NotTo(BeIdenticalTo(where(news)))
		sport, news = compact(sport), compact(news)
		Expect(where(sport)).To(BeIdenticalTo(where(news)))
	})

	It("of another type stays as it is", func() {
		secret := &corev1.Secret{}
		secret.ManagedFields = []metav1.ManagedFieldsEntry{{Manager: "kubectl"}}
		Expect(Compact(secret)).To(BeIdenticalTo(secret))
		Expect(secret.ManagedFields).NotTo(BeEmpty())
	})
})
