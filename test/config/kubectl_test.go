package config_test

import (
	"bytes"
	"errors"
	"io"
	"os/exec"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// kubectl runs it as the administrator, and returns what it printed.
func kubectl(args ...string) string {
	GinkgoHelper()
	// A cache of its own: the one at home may know another server at this address.
	command := exec.Command(kubectlPath, append([]string{"--kubeconfig", kubeconfig, "--cache-dir", cacheDir}, args...)...)
	var stdout, stderr bytes.Buffer
	command.Stdout, command.Stderr = &stdout, &stderr
	Expect(command.Run()).To(Succeed(), stderr.String)
	Expect(stderr.String()).NotTo(ContainSubstring("Warning"), "kubectl %s", strings.Join(args, " "))
	return stdout.String()
}

// build is what a kustomization makes.
func build(name string) []*unstructured.Unstructured {
	GinkgoHelper()
	decoder := yaml.NewYAMLOrJSONDecoder(strings.NewReader(kubectl("kustomize", folder(name))), 4096)
	var objects []*unstructured.Unstructured
	for {
		u := &unstructured.Unstructured{}
		err := decoder.Decode(&u.Object)
		if errors.Is(err, io.EOF) {
			return objects
		}
		Expect(err).NotTo(HaveOccurred())
		objects = append(objects, u)
	}
}

// versions reads the resourceVersion of each object from the server.
func versions(ctx SpecContext, objects []*unstructured.Unstructured) map[string]string {
	GinkgoHelper()
	found := make(map[string]string, len(objects))
	for _, object := range objects {
		u := &unstructured.Unstructured{}
		u.SetGroupVersionKind(object.GroupVersionKind())
		Expect(k8s.Get(ctx, client.ObjectKeyFromObject(object), u)).To(Succeed())
		found[u.GetKind()+" "+u.GetNamespace()+"/"+u.GetName()] = u.GetResourceVersion()
	}
	return found
}

// one is the only object of a kind and of the end of a name.
func one(objects []*unstructured.Unstructured, kind, suffix string) *unstructured.Unstructured {
	GinkgoHelper()
	var found []*unstructured.Unstructured
	for _, u := range objects {
		if u.GetKind() == kind && strings.HasSuffix(u.GetName(), suffix) {
			found = append(found, u)
		}
	}
	Expect(found).To(HaveLen(1), "%s *%s", kind, suffix)
	return found[0]
}
