// Package config_test applies what config/ holds to a real API server.
package config_test

import (
	"os"
	"path/filepath"
	"testing"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"

	"github.com/live-operator/live-operator/api/v1alpha1"
)

// The API server that all specs share, as its administrator.
var (
	environment *envtest.Environment
	k8s         client.Client
	kubectlPath string
	kubeconfig  string
	cacheDir    string
)

func TestConfig(t *testing.T) {
	RegisterFailHandler(Fail)
	RunSpecs(t, "Manifests of config")
}

var _ = BeforeSuite(func() {
	if os.Getenv("KUBEBUILDER_ASSETS") == "" {
		Fail("these tests need an API server: set KUBEBUILDER_ASSETS to a folder with etcd, kube-apiserver and kubectl, or run `make test`, which does")
	}
	environment = &envtest.Environment{}
	restConfig, err := environment.Start()
	Expect(err).NotTo(HaveOccurred())

	scheme := runtime.NewScheme()
	Expect(clientgoscheme.AddToScheme(scheme)).To(Succeed())
	Expect(v1alpha1.AddToScheme(scheme)).To(Succeed())
	k8s, err = client.New(restConfig, client.Options{Scheme: scheme})
	Expect(err).NotTo(HaveOccurred())

	admin, err := environment.AddUser(envtest.User{Name: "admin", Groups: []string{"system:masters"}}, nil)
	Expect(err).NotTo(HaveOccurred())
	content, err := admin.KubeConfig()
	Expect(err).NotTo(HaveOccurred())
	cacheDir = GinkgoT().TempDir()
	kubeconfig = filepath.Join(GinkgoT().TempDir(), "kubeconfig")
	Expect(os.WriteFile(kubeconfig, content, 0o600)).To(Succeed())
	kubectlPath = filepath.Join(os.Getenv("KUBEBUILDER_ASSETS"), "kubectl")

	// In the order that a person installs in: everything stands on these two.
	kubectl("apply", "--server-side", "-k", folder("default"))
	kubectl("wait", "--for=condition=Established", "--timeout=60s",
		"crd/recordcallbackconfigs.live.huaweicloud.com")
})

var _ = AfterSuite(func() {
	if environment != nil {
		Expect(environment.Stop()).To(Succeed())
	}
})

// folder is one of config's.
func folder(name string) string { return filepath.Join("..", "..", "config", name) }
