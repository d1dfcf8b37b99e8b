package controller

import (
	"unique"

	corev1 "k8s.io/api/core/v1"

	"github.com/live-operator/live-operator/api/v1alpha1"
)

// Compact makes a resource small before the cache keeps it: it drops what no
// pass reads, and keeps words once that many resources share. It is a
// cache.TransformFunc, and leaves objects of other types as they are.
//
// Patches are about what a pass changed, so that what is dropped here stays
// where it is in the API server.
func Compact(o any) (any, error) {
	obj, ok := o.(*v1alpha1.RecordCallbackConfig)
	if !ok {
		return o, nil
	}
	obj.ManagedFields = nil
	// kubectl apply's copy of the whole resource.
	delete(obj.Annotations, corev1.LastAppliedConfigAnnotation)
	obj.Labels, obj.Annotations = internKeys(obj.Labels), internKeys(obj.Annotations)
	for i := range obj.Finalizers {
		intern(&obj.Finalizers[i])
	}
	intern(&obj.Kind)
	intern(&obj.APIVersion)
	intern(&obj.Namespace)

	s := &obj.Spec
	for _, word := range []*string{&s.Region, &s.ProjectID, &s.CredentialsSecretRef.Name, &s.PublishDomain, &s.App, &s.NotifyCallbackURL, &s.OnDemandCallbackURL} {
		intern(word)
	}
	for i := range s.NotifyEventSubscription {
		intern(&s.NotifyEventSubscription[i])
	}
	intern(&s.SignType)
	intern(&s.ManagementPolicy)
	intern(&s.AdoptionPolicy)
	intern(&s.DeletionPolicy)
	intern(&s.DriftPolicy)

	intern(&obj.Status.Origin)
	for i := range obj.Status.Conditions {
		c := &obj.Status.Conditions[i]
		intern(&c.Type)
		intern(&c.Status)
		intern(&c.Reason)
	}
	return obj, nil
}

// intern replaces a word by the one that all who use it hold.
func intern[T ~string](word *T) { *word = unique.Make(*word).Value() }

// internKeys interns the keys of a map, and gives no map where it is empty.
func internKeys(m map[string]string) map[string]string {
	if len(m) == 0 {
		return nil
	}
	shared := make(map[string]string, len(m))
	for key, value := range m {
		intern(&key)
		shared[key] = value
	}
	return shared
}
