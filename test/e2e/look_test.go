package e2e

import (
	"context"
	"crypto/tls"
	"io"
	"net/http"
	"regexp"
	"strconv"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// newToken makes a service account, and gives a token of it.
func newToken(ctx context.Context, inNamespace, name string) string {
	GinkgoHelper()
	account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: inNamespace}}
	Expect(k8s.Create(ctx, account)).To(Succeed())
	request := &authenticationv1.TokenRequest{}
	Expect(k8s.SubResource("token").Create(ctx, account, request)).To(Succeed())
	return request.Status.Token
}

// scrape reads metrics, as the bearer of that token or of none.
func scrape(ctx context.Context, address, token string) (status int, body string) {
	GinkgoHelper()
	// The operator signs its certificate itself; see serviceMonitor.tlsConfig.
	transport := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}
	defer transport.CloseIdleConnections()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://"+address+"/metrics", nil)
	Expect(err).NotTo(HaveOccurred())
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	response, err := (&http.Client{Transport: transport}).Do(request)
	Expect(err).NotTo(HaveOccurred())
	defer func() { Expect(response.Body.Close()).To(Succeed()) }()
	content, err := io.ReadAll(response.Body)
	Expect(err).NotTo(HaveOccurred())
	return response.StatusCode, string(content)
}

// sum adds up all series of a metric.
func sum(metrics, name string) float64 {
	GinkgoHelper()
	total := 0.0
	for _, sample := range regexp.MustCompile(`(?m)^`+name+`(?:\{.*\})? (\S+)$`).FindAllStringSubmatch(metrics, -1) {
		value, err := strconv.ParseFloat(sample[1], 64)
		Expect(err).NotTo(HaveOccurred())
		total += value
	}
	return total
}

// lives are the pods with how often their container was restarted.
func lives(pods map[string]corev1.Pod) map[string]int32 {
	restarts := map[string]int32{}
	for name, pod := range pods {
		for _, status := range pod.Status.ContainerStatuses {
			restarts[name] = status.RestartCount
		}
	}
	return restarts
}

// clusterWide are the roles and bindings of a release that hold in the whole
// cluster.
func clusterWide(ctx context.Context, release string) []string {
	GinkgoHelper()
	var roles rbacv1.ClusterRoleList
	var bindings rbacv1.ClusterRoleBindingList
	of := client.MatchingLabels{"app.kubernetes.io/instance": release}
	Expect(k8s.List(ctx, &roles, of)).To(Succeed())
	Expect(k8s.List(ctx, &bindings, of)).To(Succeed())
	var names []string
	for _, role := range roles.Items {
		names = append(names, role.Name)
	}
	for _, binding := range bindings.Items {
		names = append(names, binding.Name)
	}
	return names
}
