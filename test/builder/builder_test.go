package builder_test

import (
	"testing"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/live-operator/live-operator/api/v1alpha1"
	"github.com/live-operator/live-operator/test/builder"
)

func TestBuilder(t *testing.T) {
	RegisterFailHandler(Fail)
	RunSpecs(t, "Builder")
}

var _ = Describe("Config", func() {
	It("sets what it is told to, each field by its own method", func() {
		config := builder.Config("sport").InNamespace("streaming").
			WithLabel("team", "sport").WithAnnotation("note", "final").
			InRegion("cn-east-3").InProject("project-b").WithID("e89b76").WithCredentials("other").
			WithDomain("push.example.com").WithApp("live").WithURL("https://a.example.com/").
			WithEvents(v1alpha1.EventOver, v1alpha1.EventFailed).WithOnDemandURL("https://b.example.com/").
			WithSignType(v1alpha1.SignTypeMD5).WithKey("callback-key", "key").
			WithManagement(v1alpha1.ManagementObserve).WithAdoption(v1alpha1.AdoptionIfExists).
			WithDeletion(v1alpha1.DeletionRetain).WithDrift(v1alpha1.DriftReport).
			WithResync(time.Hour).Suspended().Build()

		Expect(config.Name).To(Equal("sport"))
		Expect(config.Namespace).To(Equal("streaming"))
		Expect(config.Labels).To(HaveKeyWithValue("team", "sport"))
		Expect(config.Annotations).To(HaveKeyWithValue("note", "final"))
		Expect(config.Spec).To(Equal(v1alpha1.RecordCallbackConfigSpec{
			Region:                  "cn-east-3",
			ProjectID:               "project-b",
			ID:                      "e89b76",
			CredentialsSecretRef:    v1alpha1.LocalSecretReference{Name: "other"},
			PublishDomain:           "push.example.com",
			App:                     "live",
			NotifyCallbackURL:       "https://a.example.com/",
			NotifyEventSubscription: []v1alpha1.NotifyEvent{v1alpha1.EventOver, v1alpha1.EventFailed},
			OnDemandCallbackURL:     "https://b.example.com/",
			SignType:                v1alpha1.SignTypeMD5,
			KeySecretRef:            &v1alpha1.SecretKeyReference{Name: "callback-key", Key: "key"},
			ManagementPolicy:        v1alpha1.ManagementObserve,
			AdoptionPolicy:          v1alpha1.AdoptionIfExists,
			DeletionPolicy:          v1alpha1.DeletionRetain,
			DriftPolicy:             v1alpha1.DriftReport,
			ResyncInterval:          &metav1.Duration{Duration: time.Hour},
			Suspend:                 true,
		}))
	})

	It("makes objects that do not share memory", func() {
		b := builder.Config("sport").WithKey("callback-key", "key")
		first, second := b.Build(), b.WithKey("other", "key").Build()
		first.Spec.KeySecretRef.Key = "changed"
		Expect(second.Spec.KeySecretRef).To(Equal(&v1alpha1.SecretKeyReference{Name: "other", Key: "key"}))
	})

	It("makes a manifest that holds only what was set", func() {
		manifest := builder.Config("sport").BuildUnstructured()
		Expect(manifest.GroupVersionKind()).To(Equal(v1alpha1.GroupVersion.WithKind("RecordCallbackConfig")))
		Expect(manifest.Object).NotTo(HaveKey("status"))
		Expect(manifest.Object["spec"]).To(Equal(map[string]any{
			"region":               builder.DefaultRegion,
			"projectID":            builder.DefaultProjectID,
			"credentialsSecretRef": map[string]any{"name": builder.DefaultSecret},
			"publishDomain":        builder.DefaultDomain,
		}))
	})
})

var _ = DescribeTable("Secret holds the keys of each kind of credentials",
	func(b *builder.SecretBuilder, keys ...string) {
		secret := b.InNamespace("streaming").Build()
		Expect(secret.Namespace).To(Equal("streaming"))
		Expect(secret.Data).To(HaveLen(len(keys)))
		for _, key := range keys {
			Expect(secret.Data).To(HaveKey(key))
		}
	},
	Entry("a token", builder.Secret("s").WithToken("t"), "token"),
	Entry("an access key", builder.Secret("s").WithAccessKey("a", "s"), "accessKey", "secretKey"),
	Entry("a password", builder.Secret("s").WithPassword("d", "u", "p"), "domainName", "username", "password"),
	Entry("anything", builder.Secret("s").With("podIdentity", "true"), "podIdentity"),
)
