package v1alpha1_test

import (
	"context"
	"errors"
	"fmt"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gcustom"
	"github.com/onsi/gomega/types"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/live-operator/live-operator/test/builder"
)

// edit is one change to a manifest.
type edit func(*unstructured.Unstructured)

// set sets the field of a path such as "spec.region" to a YAML value.
func set(path, value string) edit {
	return func(u *unstructured.Unstructured) {
		GinkgoHelper()
		var v any
		Expect(yaml.Unmarshal([]byte(value), &v)).To(Succeed())
		Expect(unstructured.SetNestedField(u.Object, v, strings.Split(path, ".")...)).To(Succeed())
	}
}

// setText sets the field of a path to a text as it is.
func setText(path, text string) edit {
	return func(u *unstructured.Unstructured) {
		GinkgoHelper()
		Expect(unstructured.SetNestedField(u.Object, text, strings.Split(path, ".")...)).To(Succeed())
	}
}

// remove leaves the field of a path out.
func remove(path string) edit {
	return func(u *unstructured.Unstructured) {
		unstructured.RemoveNestedField(u.Object, strings.Split(path, ".")...)
	}
}

// all makes several changes.
func all(edits ...edit) edit {
	return func(u *unstructured.Unstructured) {
		for _, e := range edits {
			e(u)
		}
	}
}

// unchanged is the smallest valid manifest as it is.
func unchanged(*unstructured.Unstructured) {}

// manifest is the smallest valid one after the edits, with a name that the
// server completes.
func manifest(edits ...edit) *unstructured.Unstructured {
	u := builder.Config("").BuildUnstructured()
	u.SetGenerateName("spec-")
	all(edits...)(u)
	return u
}

// dryRunCreate asks the server whether it would accept the manifest, in the way
// of kubectl apply --dry-run=server, and returns what it would store.
func dryRunCreate(ctx context.Context, edits ...edit) (*unstructured.Unstructured, error) {
	u := manifest(edits...)
	return u, k8s.Create(ctx, u, client.DryRunAll, client.FieldValidation(metav1.FieldValidationStrict))
}

// create stores the manifest until the end of the spec.
func create(ctx SpecContext, edits ...edit) *unstructured.Unstructured {
	GinkgoHelper()
	u := manifest(edits...)
	Expect(k8s.Create(ctx, u)).To(Succeed())
	DeferCleanup(func(ctx SpecContext) {
		Expect(client.IgnoreNotFound(k8s.Delete(ctx, u))).To(Succeed())
	})
	return u
}

// field gives the value at a path, nil where there is none.
func field(u *unstructured.Unstructured, path string) any {
	GinkgoHelper()
	value, _, err := unstructured.NestedFieldNoCopy(u.Object, strings.Split(path, ".")...)
	Expect(err).NotTo(HaveOccurred())
	return value
}

// unchecked is what the server adds where an error kept it from going on.
const unchecked = "some validation rules were not checked because the object was invalid; " +
	"correct the existing errors to complete validation"

// beInvalid matches the server's refusal of one field, and of nothing else, in
// a message that ends with the whole of what a person is told to do.
func beInvalid(path, sentence string) types.GomegaMatcher {
	return gcustom.MakeMatcher(func(err error) (bool, error) {
		if err == nil {
			return false, errors.New("the server accepted it")
		}
		var refusal *apierrors.StatusError
		if !errors.As(err, &refusal) || !apierrors.IsInvalid(refusal) {
			return false, fmt.Errorf("not the refusal of an invalid object, but: %w", err)
		}
		var causes []metav1.StatusCause
		for _, c := range refusal.ErrStatus.Details.Causes {
			if !strings.HasSuffix(c.Message, unchecked) {
				causes = append(causes, c)
			}
		}
		if len(causes) != 1 || causes[0].Field != path {
			return false, nil
		}
		// The server may say before it what the value was.
		return causes[0].Message == sentence || strings.HasSuffix(causes[0].Message, ": "+sentence), nil
	}).WithTemplate("Expected the error\n{{.Actual}}\n{{.To}} refuse only {{.Data.Path}}, saying\n{{.Data.Sentence}}",
		struct{ Path, Sentence string }{path, sentence})
}
