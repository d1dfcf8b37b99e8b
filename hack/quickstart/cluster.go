package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
	"sigs.k8s.io/yaml"

	"github.com/live-operator/live-operator/api/v1alpha1"
)

// namespace is where the samples go.
const namespace = "streaming"

// cluster is etcd and kube-apiserver with the CRD, and no nodes.
type cluster struct {
	client.Client
	env *envtest.Environment
	// admin and operator are the paths of kubeconfigs: for the person, and for
	// the operator, who may do no more than config/rbac allows.
	admin, operator string
	// kubectl is its path, empty where the assets have none.
	kubectl string
	dir     string
}

// startCluster starts one with its files in dir. The caller stops it, also
// after an error.
func startCluster(ctx context.Context, o options, root, dir string) (*cluster, error) {
	existing := false
	c := &cluster{dir: dir, env: &envtest.Environment{
		CRDDirectoryPaths:        []string{filepath.Join(root, "config", "crd", "bases")},
		ErrorIfCRDPathMissing:    true,
		ControlPlaneStartTimeout: o.timeout,
		// Whatever USE_EXISTING_CLUSTER says, this is no business of another cluster.
		UseExistingCluster: &existing,
	}}
	// Named one by one, because KUBEBUILDER_ASSETS goes before a folder.
	c.env.ControlPlane.GetAPIServer().Path = filepath.Join(o.assets, "kube-apiserver")
	c.env.ControlPlane.Etcd = &envtest.Etcd{Path: filepath.Join(o.assets, "etcd")}
	if _, err := os.Stat(filepath.Join(o.assets, "kubectl")); err == nil {
		c.kubectl = filepath.Join(o.assets, "kubectl")
	}
	config, err := c.env.Start()
	if err != nil {
		return c, fmt.Errorf("the control plane did not start: %w", err)
	}
	scheme := runtime.NewScheme()
	utilruntime.Must(clientgoscheme.AddToScheme(scheme))
	utilruntime.Must(v1alpha1.AddToScheme(scheme))
	if c.Client, err = client.New(config, client.Options{Scheme: scheme}); err != nil {
		return c, err
	}
	if err := c.Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}}); err != nil {
		return c, fmt.Errorf("making the namespace %s: %w", namespace, err)
	}
	if c.admin, err = c.kubeconfig("admin", envtest.User{Name: "admin", Groups: []string{"system:masters"}}); err != nil {
		return c, err
	}
	if c.operator, err = c.kubeconfig("operator", envtest.User{Name: "live-operator"}); err != nil {
		return c, err
	}
	return c, c.grant(ctx, filepath.Join(root, "config", "rbac", "role.yaml"))
}

// kubeconfig writes the kubeconfig of a new user, with the samples' namespace
// for its default.
func (c *cluster) kubeconfig(name string, user envtest.User) (string, error) {
	authenticated, err := c.env.AddUser(user, nil)
	if err != nil {
		return "", fmt.Errorf("making the user %s: %w", user.Name, err)
	}
	content, err := authenticated.KubeConfig()
	if err != nil {
		return "", fmt.Errorf("making the kubeconfig of %s: %w", user.Name, err)
	}
	config, err := clientcmd.Load(content)
	if err != nil {
		return "", err
	}
	for _, context := range config.Contexts {
		context.Namespace = namespace
	}
	path := filepath.Join(c.dir, name+".kubeconfig")
	return path, clientcmd.WriteToFile(*config, path)
}

// grant gives the operator the role that it has in a real cluster, so that one
// that allows too little shows here.
func (c *cluster) grant(ctx context.Context, file string) error {
	content, err := os.ReadFile(file)
	if err != nil {
		return fmt.Errorf("reading the operator's role: %w; make manifests makes it", err)
	}
	role := &rbacv1.ClusterRole{}
	if err := yaml.UnmarshalStrict(content, role); err != nil {
		return fmt.Errorf("reading the operator's role from %s: %w", file, err)
	}
	binding := &rbacv1.ClusterRoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: role.Name},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: role.Name},
		Subjects:   []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: rbacv1.UserKind, Name: "live-operator"}},
	}
	return errors.Join(c.Create(ctx, role), c.Create(ctx, binding))
}

// apply applies a manifest as kubectl apply --server-side does.
func (c *cluster) apply(ctx context.Context, manifest []byte) error {
	object := &unstructured.Unstructured{}
	if err := yaml.Unmarshal(manifest, object); err != nil {
		return err
	}
	object.SetNamespace(namespace)
	return c.Apply(ctx, client.ApplyConfigurationFromUnstructured(object), client.FieldOwner("quickstart"), client.ForceOwnership)
}

// run runs kubectl as the person would, and gives what it printed.
func (c *cluster) run(ctx context.Context, args ...string) (string, error) {
	command := exec.CommandContext(ctx, c.kubectl, append([]string{"--cache-dir", filepath.Join(c.dir, "kubectl-cache")}, args...)...)
	command.Env = append(os.Environ(), "KUBECONFIG="+c.admin)
	output, err := command.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("kubectl %v: %w\n%s", args, err, output)
	}
	return string(output), nil
}

// stop ends both processes and removes their files.
func (c *cluster) stop() error {
	if err := c.env.Stop(); err != nil {
		return fmt.Errorf("stopping the control plane: %w", err)
	}
	return nil
}
