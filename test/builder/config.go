package builder

import (
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/live-operator/live-operator/api/v1alpha1"
)

// What a Config has that was not told otherwise.
const (
	DefaultNamespace = "default"
	DefaultRegion    = "cn-north-4"
	DefaultProjectID = "0123456789abcdef0123456789abcdef"
	DefaultDomain    = "publish.example.com"
	DefaultSecret    = "live-credentials"
)

// ConfigBuilder makes a RecordCallbackConfig.
type ConfigBuilder struct {
	config v1alpha1.RecordCallbackConfig
}

// Config begins a RecordCallbackConfig that has no more than the required
// fields, with the values of the constants of this package.
func Config(name string) *ConfigBuilder {
	return &ConfigBuilder{config: v1alpha1.RecordCallbackConfig{
		TypeMeta: metav1.TypeMeta{
			APIVersion: v1alpha1.GroupVersion.String(),
			Kind:       "RecordCallbackConfig",
		},
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: DefaultNamespace},
		Spec: v1alpha1.RecordCallbackConfigSpec{
			Region:               DefaultRegion,
			ProjectID:            DefaultProjectID,
			CredentialsSecretRef: v1alpha1.LocalSecretReference{Name: DefaultSecret},
			PublishDomain:        DefaultDomain,
		},
	}}
}

// InNamespace puts the resource into a namespace.
func (b *ConfigBuilder) InNamespace(namespace string) *ConfigBuilder {
	b.config.Namespace = namespace
	return b
}

// WithLabel sets a label.
func (b *ConfigBuilder) WithLabel(key, value string) *ConfigBuilder {
	metav1.SetMetaDataLabel(&b.config.ObjectMeta, key, value)
	return b
}

// WithAnnotation sets an annotation.
func (b *ConfigBuilder) WithAnnotation(key, value string) *ConfigBuilder {
	metav1.SetMetaDataAnnotation(&b.config.ObjectMeta, key, value)
	return b
}

// InRegion sets spec.region.
func (b *ConfigBuilder) InRegion(region string) *ConfigBuilder {
	b.config.Spec.Region = region
	return b
}

// InProject sets spec.projectID.
func (b *ConfigBuilder) InProject(id string) *ConfigBuilder {
	b.config.Spec.ProjectID = id
	return b
}

// WithID sets spec.id: the existing configuration to take over.
func (b *ConfigBuilder) WithID(id string) *ConfigBuilder {
	b.config.Spec.ID = id
	return b
}

// WithCredentials sets the name of the Secret of spec.credentialsSecretRef.
func (b *ConfigBuilder) WithCredentials(secret string) *ConfigBuilder {
	b.config.Spec.CredentialsSecretRef.Name = secret
	return b
}

// WithDomain sets spec.publishDomain.
func (b *ConfigBuilder) WithDomain(domain string) *ConfigBuilder {
	b.config.Spec.PublishDomain = domain
	return b
}

// WithApp sets spec.app; without it the API server fills in *.
func (b *ConfigBuilder) WithApp(app string) *ConfigBuilder {
	b.config.Spec.App = app
	return b
}

// WithURL sets spec.notifyCallbackURL.
func (b *ConfigBuilder) WithURL(url string) *ConfigBuilder {
	b.config.Spec.NotifyCallbackURL = url
	return b
}

// WithEvents sets spec.notifyEventSubscription; without any it is unset.
func (b *ConfigBuilder) WithEvents(events ...v1alpha1.NotifyEvent) *ConfigBuilder {
	b.config.Spec.NotifyEventSubscription = events
	return b
}

// WithOnDemandURL sets spec.onDemandCallbackURL.
func (b *ConfigBuilder) WithOnDemandURL(url string) *ConfigBuilder {
	b.config.Spec.OnDemandCallbackURL = url
	return b
}

// WithSignType sets spec.signType.
func (b *ConfigBuilder) WithSignType(signType v1alpha1.SignType) *ConfigBuilder {
	b.config.Spec.SignType = signType
	return b
}

// WithKey sets spec.keySecretRef.
func (b *ConfigBuilder) WithKey(secret, key string) *ConfigBuilder {
	b.config.Spec.KeySecretRef = &v1alpha1.SecretKeyReference{Name: secret, Key: key}
	return b
}

// WithManagement sets spec.managementPolicy.
func (b *ConfigBuilder) WithManagement(policy v1alpha1.ManagementPolicy) *ConfigBuilder {
	b.config.Spec.ManagementPolicy = policy
	return b
}

// WithAdoption sets spec.adoptionPolicy.
func (b *ConfigBuilder) WithAdoption(policy v1alpha1.AdoptionPolicy) *ConfigBuilder {
	b.config.Spec.AdoptionPolicy = policy
	return b
}

// WithDeletion sets spec.deletionPolicy.
func (b *ConfigBuilder) WithDeletion(policy v1alpha1.DeletionPolicy) *ConfigBuilder {
	b.config.Spec.DeletionPolicy = policy
	return b
}

// WithDrift sets spec.driftPolicy.
func (b *ConfigBuilder) WithDrift(policy v1alpha1.DriftPolicy) *ConfigBuilder {
	b.config.Spec.DriftPolicy = policy
	return b
}

// WithResync sets spec.resyncInterval; 0 is never.
func (b *ConfigBuilder) WithResync(interval time.Duration) *ConfigBuilder {
	b.config.Spec.ResyncInterval = &metav1.Duration{Duration: interval}
	return b
}

// Suspended sets spec.suspend.
func (b *ConfigBuilder) Suspended() *ConfigBuilder {
	b.config.Spec.Suspend = true
	return b
}

// Build returns the resource, as a client would send it: what was not set is
// left to the API server's defaults.
func (b *ConfigBuilder) Build() *v1alpha1.RecordCallbackConfig {
	return b.config.DeepCopy()
}

// BuildUnstructured returns the resource as a manifest would have it, without
// a status, for what the Go type can't express.
func (b *ConfigBuilder) BuildUnstructured() *unstructured.Unstructured {
	content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(b.Build())
	if err != nil {
		panic(err) // the type itself is broken: no input gets here
	}
	delete(content, "status")
	return &unstructured.Unstructured{Object: content}
}
