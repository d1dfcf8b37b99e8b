// Package harness starts what tests of the whole operator need: a real API
// server, the simulator of the Live API, and the operator as a process of its
// own, that can be killed and started again.
package harness

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"

	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	k8sruntime "k8s.io/apimachinery/pkg/runtime"
	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"

	"github.com/live-operator/live-operator/api/v1alpha1"
)

// Cluster is a real etcd and API server with the operator's CRD.
type Cluster struct {
	// Config and Client are an administrator's.
	Config *rest.Config
	Client client.WithWatch
	// Kubeconfig is the path of a file with the same rights.
	Kubeconfig string

	env *envtest.Environment
	dir string
}

// Root is the top folder of the repository.
func Root() string {
	_, file, _, _ := runtime.Caller(0)
	return filepath.Join(filepath.Dir(file), "..", "..")
}

// StartCluster starts a cluster; its programs come from KUBEBUILDER_ASSETS.
func StartCluster() (*Cluster, error) {
	if os.Getenv("KUBEBUILDER_ASSETS") == "" {
		return nil, fmt.Errorf("KUBEBUILDER_ASSETS is not set; run the tests by make test, or export KUBEBUILDER_ASSETS=$(hack/control-plane)")
	}
	scheme := k8sruntime.NewScheme()
	for _, add := range []func(*k8sruntime.Scheme) error{corev1.AddToScheme, coordinationv1.AddToScheme, eventsv1.AddToScheme, v1alpha1.AddToScheme} {
		utilruntime.Must(add(scheme))
	}
	c := &Cluster{env: &envtest.Environment{
		Scheme:                scheme,
		CRDDirectoryPaths:     []string{filepath.Join(Root(), "config", "crd", "bases")},
		ErrorIfCRDPathMissing: true,
	}}
	var err error
	if c.Config, err = c.env.Start(); err != nil {
		return nil, fmt.Errorf("starting the control plane: %w", err)
	}
	if c.dir, err = os.MkdirTemp("", "live-operator-test-"); err != nil {
		return nil, err
	}
	c.Kubeconfig = filepath.Join(c.dir, "kubeconfig")
	if err := os.WriteFile(c.Kubeconfig, c.env.KubeConfig, 0o600); err != nil {
		return nil, err
	}
	c.Client, err = client.NewWithWatch(c.Config, client.Options{Scheme: scheme})
	return c, err
}

// Stop ends the cluster and removes its files.
func (c *Cluster) Stop() error {
	if err := c.env.Stop(); err != nil {
		return err
	}
	return os.RemoveAll(c.dir)
}
