package e2e

import (
	"context"
	"slices"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/live-operator/live-operator/api/v1alpha1"
)

// forgiving is how long what is deleted may take to be gone.
const forgiving = 2 * time.Minute

// namespace makes one that admits nothing but what the restricted Pod Security
// Standard allows. It is deleted, with all that is in it, after the specs that
// it was made for.
func namespace(ctx context.Context, name string) {
	GinkgoHelper()
	Expect(k8s.Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{
		"pod-security.kubernetes.io/enforce": "restricted",
		"pod-security.kubernetes.io/warn":    "restricted",
	}}})).To(Succeed())
	DeferCleanup(func(ctx SpecContext) {
		deleteAndWait(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}})
	}, NodeTimeout(forgiving))
}

func deleteAndWait(ctx context.Context, o client.Object) {
	GinkgoHelper()
	Expect(client.IgnoreNotFound(k8s.Delete(ctx, o))).To(Succeed())
	Eventually(func() bool { return apierrors.IsNotFound(k8s.Get(ctx, client.ObjectKeyFromObject(o), o)) }).
		WithContext(ctx).WithTimeout(forgiving).Should(BeTrue(), "waiting for %s to be gone", o.GetName())
}

// release is an installation of the chart; its Deployment and lease have the
// same name, which has live-operator in it.
type release struct{ name, namespace string }

// newRelease prepares a namespace for a release that has the CRD, and undoes
// all that the release leaves.
func newRelease(ctx context.Context, name, inNamespace string) release {
	GinkgoHelper()
	DeferCleanup(removeCRD, NodeTimeout(forgiving))
	return newReleaseWithoutCRD(ctx, name, inNamespace)
}

func newReleaseWithoutCRD(ctx context.Context, name, inNamespace string) release {
	GinkgoHelper()
	namespace(ctx, inNamespace)
	Expect(k8s.Create(ctx, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "simulator-ca", Namespace: inNamespace},
		Data: map[string]string{"ca.crt": simulatorCA}})).To(Succeed())
	r := release{name, inNamespace}
	DeferCleanup(func() { helm("uninstall", name, "--namespace", inNamespace, "--ignore-not-found", "--wait") })
	return r
}

// removeCRD removes what helm uninstall leaves in place.
func removeCRD(ctx SpecContext) {
	letGo(ctx)
	deleteAndWait(ctx, &apiextensionsv1.CustomResourceDefinition{ObjectMeta: metav1.ObjectMeta{Name: crdName}})
}

// letGo deletes resources without waiting for the operator.
func letGo(ctx context.Context, where ...client.ListOption) {
	GinkgoHelper()
	var list v1alpha1.RecordCallbackConfigList
	err := k8s.List(ctx, &list, where...)
	if meta.IsNoMatchError(err) || apierrors.IsNotFound(err) {
		return
	}
	Expect(err).NotTo(HaveOccurred())
	for i := range list.Items {
		o := &list.Items[i]
		Expect(client.IgnoreNotFound(k8s.Delete(ctx, o))).To(Succeed())
		Expect(client.IgnoreNotFound(k8s.Patch(ctx, o, client.RawPatch(types.MergePatchType, []byte(`{"metadata":{"finalizers":null}}`))))).To(Succeed())
	}
}

// values are those that a release needs here: the images that were loaded, and
// the simulator in the place of the cloud.
func values(further ...string) []string {
	repository, tag, _ := strings.Cut(operatorImage, ":")
	set := append([]string{
		"image.repository=" + repository, "image.tag=" + tag,
		"liveEndpoint=" + simulatorURL, "iamEndpoint=" + simulatorURL, "caBundle.configMap=simulator-ca",
		// Where the cluster enforces it, it must not be in the way.
		"networkPolicy.enabled=true",
	}, further...)
	var args []string
	for _, value := range set {
		args = append(args, "--set", value)
	}
	return args
}

func (r release) install(from string, further ...string) {
	GinkgoHelper()
	helm(slices.Concat([]string{"install", r.name, from, "--namespace", r.namespace}, values(further...))...)
	r.rolledOut()
}

// rolledOut waits until the pods of the release run.
func (r release) rolledOut() {
	GinkgoHelper()
	kubectl("rollout", "status", "deployment/"+r.name, "--namespace", r.namespace, "--timeout=2m")
}

// pods are those of the release, by name.
func (r release) pods(ctx context.Context) map[string]corev1.Pod {
	GinkgoHelper()
	var list corev1.PodList
	Expect(k8s.List(ctx, &list, client.InNamespace(r.namespace), client.MatchingLabels{"app.kubernetes.io/instance": r.name})).To(Succeed())
	pods := map[string]corev1.Pod{}
	for _, pod := range list.Items {
		if pod.DeletionTimestamp == nil {
			pods[pod.Name] = pod
		}
	}
	return pods
}

// leader is the name of the pod that holds the release's lease, empty while
// none does.
func (r release) leader(ctx context.Context) string {
	GinkgoHelper()
	var lease coordinationv1.Lease
	err := k8s.Get(ctx, client.ObjectKey{Namespace: r.namespace, Name: r.name}, &lease)
	if apierrors.IsNotFound(err) {
		return ""
	}
	Expect(err).NotTo(HaveOccurred())
	pod, _, _ := strings.Cut(ptr.Deref(lease.Spec.HolderIdentity, ""), "_")
	return pod
}

// eventuallyLed waits until one of the release's pods is the leader, and gives
// its name.
func (r release) eventuallyLed(ctx context.Context) string {
	GinkgoHelper()
	var leader string
	Eventually(func(g Gomega) {
		leader = r.leader(ctx)
		g.Expect(r.pods(ctx)).To(HaveKey(leader))
	}).WithContext(ctx).Should(Succeed(), "waiting for one of the pods to be the leader")
	return leader
}
