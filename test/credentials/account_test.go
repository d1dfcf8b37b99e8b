package credentials

import (
	"context"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
	"sigs.k8s.io/yaml"
)

// account is a service account with no rights but those that it is granted,
// and a record of what it did with them.
type account struct {
	namespace, name string
	config          *rest.Config
	kubeconfig      string

	mu sync.Mutex
	// done are its requests as "namespace: resource verb", each once, and
	// refusals those that were forbidden.
	done, refusals []string
}

func newAccount(ctx context.Context) *account {
	GinkgoHelper()
	a := &account{namespace: newTenant(ctx).namespace, name: "live-operator"}
	var err error
	a.config, err = cluster.ConfigFor("system:serviceaccount:"+a.namespace+":"+a.name, "system:serviceaccounts", "system:authenticated")
	Expect(err).NotTo(HaveOccurred())
	target, err := url.Parse(a.config.Host)
	Expect(err).NotTo(HaveOccurred())
	transport, err := rest.TransportFor(a.config)
	Expect(err).NotTo(HaveOccurred())
	proxy := &httputil.ReverseProxy{
		Rewrite:        func(r *httputil.ProxyRequest) { r.SetURL(target) },
		Transport:      transport,
		FlushInterval:  -1,
		ModifyResponse: a.record,
	}
	server := httptest.NewServer(proxy)
	DeferCleanup(func() {
		server.CloseClientConnections()
		server.Close()
	})
	config := clientcmdapi.NewConfig()
	config.Clusters["proxy"] = &clientcmdapi.Cluster{Server: server.URL}
	config.Contexts["proxy"] = &clientcmdapi.Context{Cluster: "proxy"}
	config.CurrentContext = "proxy"
	a.kubeconfig = filepath.Join(GinkgoT().TempDir(), "kubeconfig")
	Expect(clientcmd.WriteToFile(*config, a.kubeconfig)).To(Succeed())
	return a
}

// record notes a request that the API server has answered.
func (a *account) record(r *http.Response) error {
	what := permission(r.Request)
	a.mu.Lock()
	defer a.mu.Unlock()
	if what != "" && !slices.Contains(a.done, what) {
		a.done = append(a.done, what)
	}
	if r.StatusCode == http.StatusForbidden || r.StatusCode == http.StatusUnauthorized {
		a.refusals = append(a.refusals, what)
	}
	return nil
}

// permission is what a request needs, "namespace: resource verb"; empty for
// discovery, which everybody may do.
func permission(r *http.Request) string {
	parts := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
	switch {
	case len(parts) > 2 && parts[0] == "api":
		parts = parts[2:]
	case len(parts) > 3 && parts[0] == "apis":
		parts = parts[3:]
	default:
		return ""
	}
	namespace := ""
	if parts[0] == "namespaces" && len(parts) > 2 {
		namespace, parts = parts[1], parts[2:]
	}
	resource, named := parts[0], len(parts) > 1
	if len(parts) > 2 {
		resource += "/" + parts[2]
	}
	verb := map[string]string{http.MethodPost: "create", http.MethodPut: "update", http.MethodPatch: "patch", http.MethodDelete: "delete", http.MethodGet: "get"}[r.Method]
	if verb == "get" && !named {
		verb = "list"
		if r.URL.Query().Get("watch") != "" {
			verb = "watch"
		}
	}
	return namespace + ": " + resource + " " + verb
}

// used are the permissions that were used, in any namespace.
func (a *account) used() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	var what []string
	for _, d := range a.done {
		_, d, _ = strings.Cut(d, ": ")
		what = append(what, d)
	}
	slices.Sort(what)
	return slices.Compact(what)
}

// namespaces are those that it did something in; "" is all at once.
func (a *account) namespaces() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	var names []string
	for _, d := range a.done {
		name, _, _ := strings.Cut(d, ": ")
		names = append(names, name)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func (a *account) forbidden() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.refusals)
}

func administrator() *kubernetes.Clientset {
	GinkgoHelper()
	set, err := kubernetes.NewForConfig(cluster.Config)
	Expect(err).NotTo(HaveOccurred())
	return set
}

func (a *account) subjects() []rbacv1.Subject {
	return []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Name: a.name, Namespace: a.namespace}}
}

// grant gives it these rights in a namespace, by a Role.
func (a *account) grant(ctx context.Context, namespace string, rules []rbacv1.PolicyRule) {
	GinkgoHelper()
	head := metav1.ObjectMeta{Name: "live-operator"}
	_, err := administrator().RbacV1().Roles(namespace).Create(ctx, &rbacv1.Role{ObjectMeta: head, Rules: rules}, metav1.CreateOptions{})
	Expect(err).NotTo(HaveOccurred())
	_, err = administrator().RbacV1().RoleBindings(namespace).Create(ctx, &rbacv1.RoleBinding{
		ObjectMeta: head, Subjects: a.subjects(),
		RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: head.Name},
	}, metav1.CreateOptions{})
	Expect(err).NotTo(HaveOccurred())
}

// grantEverywhere gives it these rights in all namespaces, by a ClusterRole.
func (a *account) grantEverywhere(ctx context.Context, rules []rbacv1.PolicyRule) {
	GinkgoHelper()
	head := metav1.ObjectMeta{Name: "live-operator-" + a.namespace}
	_, err := administrator().RbacV1().ClusterRoles().Create(ctx, &rbacv1.ClusterRole{ObjectMeta: head, Rules: rules}, metav1.CreateOptions{})
	Expect(err).NotTo(HaveOccurred())
	_, err = administrator().RbacV1().ClusterRoleBindings().Create(ctx, &rbacv1.ClusterRoleBinding{
		ObjectMeta: head, Subjects: a.subjects(),
		RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: head.Name},
	}, metav1.CreateOptions{})
	Expect(err).NotTo(HaveOccurred())
}

// role is a Role that a test may take rights from.
type role struct{ rbacv1.Role }

// documentedRole is the Role that docs/credentials.md tells people to copy.
func documentedRole() *role {
	GinkgoHelper()
	for _, block := range slices.Concat(slices.Collect(maps.Values(blocks("yaml")))...) {
		for _, document := range strings.Split(block, "---\n") {
			r := &role{}
			if yaml.Unmarshal([]byte(document), &r.Role) == nil && r.Kind == "Role" {
				return r
			}
		}
	}
	Fail("docs/credentials.md holds no Role")
	return nil
}

func (r *role) withoutVerbs(resource string, verbs ...string) {
	for i := range r.Rules {
		if slices.Contains(r.Rules[i].Resources, resource) {
			r.Rules[i].Verbs = slices.DeleteFunc(r.Rules[i].Verbs, func(v string) bool { return slices.Contains(verbs, v) })
		}
	}
}

// grants are the rights one by one, such as "secrets get".
func grants(rules []rbacv1.PolicyRule) []string {
	var one []string
	for _, rule := range rules {
		for _, resource := range rule.Resources {
			for _, verb := range rule.Verbs {
				one = append(one, resource+" "+verb)
			}
		}
	}
	return one
}
