// Package v1alpha1 holds the API live.huaweicloud.com/v1alpha1: the
// RecordCallbackConfig resource, which states what one recording-callback
// configuration of Huawei Cloud Live should be.
//
// +kubebuilder:object:generate=true
// +groupName=live.huaweicloud.com
package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

var (
	// GroupVersion is the group and version of every type in this package.
	GroupVersion = schema.GroupVersion{Group: "live.huaweicloud.com", Version: "v1alpha1"}

	schemeBuilder = runtime.NewSchemeBuilder(func(s *runtime.Scheme) error {
		s.AddKnownTypes(GroupVersion, &RecordCallbackConfig{}, &RecordCallbackConfigList{})
		metav1.AddToGroupVersion(s, GroupVersion)
		return nil
	})

	// AddToScheme registers the types of this package with a scheme.
	AddToScheme = schemeBuilder.AddToScheme
)
