package credentials

import (
	"os"
	"path/filepath"
	"slices"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"sigs.k8s.io/yaml"

	"github.com/live-operator/live-operator/api/v1alpha1"
	"github.com/live-operator/live-operator/test/builder"
	"github.com/live-operator/live-operator/test/harness"
)

var _ = Describe("Watched namespaces", func() {
	It("are served with Roles alone, of exactly the permissions that are documented, and no other namespace is touched", func(ctx SpecContext) {
		a, b, c := newTenant(ctx), newTenant(ctx), newTenant(ctx)
		account := newAccount(ctx)
		rules := documentedRole().Rules
		account.grant(ctx, a.namespace, rules)
		account.grant(ctx, b.namespace, rules)

		By("seeing that the API server forbids what no Role grants")
		set, err := kubernetes.NewForConfig(account.config)
		Expect(err).NotTo(HaveOccurred())
		Eventually(func() error {
			_, err := set.CoreV1().Secrets(a.namespace).List(ctx, metav1.ListOptions{})
			return err
		}).WithContext(ctx).Should(Succeed(), "the Role is in force")
		_, err = set.CoreV1().Secrets(c.namespace).Get(ctx, secretName, metav1.GetOptions{})
		Expect(apierrors.IsForbidden(err)).To(BeTrue(), "reading a Secret of c: %v", err)
		_, err = set.CoreV1().Secrets("").List(ctx, metav1.ListOptions{})
		Expect(apierrors.IsForbidden(err)).To(BeTrue(), "listing all Secrets: %v", err)
		_, err = set.CoreV1().Secrets(a.namespace).Create(ctx, &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "x"}}, metav1.CreateOptions{})
		Expect(apierrors.IsForbidden(err)).To(BeTrue(), "creating a Secret in a: %v", err)

		replaceOperator(ctx, binary, nil, account.kubeconfig, "--watch-namespaces="+a.namespace+","+b.namespace)
		token := newID()
		sim.AddToken(token, a.project, b.project, c.project)
		for _, t := range []*tenant{a, b, c} {
			t.secret(ctx, builder.Secret(secretName).WithToken(token))
			t.secret(ctx, builder.Secret("callback-key").With("key", newID()))
			t.create(ctx, t.config("sport").WithKey("callback-key", "key").Build())
		}
		for _, t := range []*tenant{a, b} {
			t.eventuallyReady(ctx, "sport")
			t.changeURL(ctx, "sport")
			t.eventuallyReady(ctx, "sport")
			t.secret(ctx, builder.Secret(secretName).WithToken(newID()))
			t.eventually(ctx, "sport", v1alpha1.ReasonUnauthorized, promptly)
			t.secret(ctx, builder.Secret(secretName).WithToken(token))
			t.eventually(ctx, "sport", v1alpha1.ReasonSynced, promptly)
			Expect(cluster.Client.Delete(ctx, t.get(ctx, "sport"))).To(Succeed())
			Eventually(func() any { return t.all(ctx) }).WithContext(ctx).Should(BeEmpty(), "the resource is deleted")
			Expect(sim.Configs(t.project)).To(BeEmpty())
		}

		untouched := c.get(ctx, "sport")
		Expect(untouched.Status.Conditions).To(BeEmpty())
		Expect(untouched.Finalizers).To(BeEmpty())
		Expect(c.calls()).To(BeEmpty())

		Expect(account.forbidden()).To(BeEmpty())
		Expect(account.namespaces()).To(ConsistOf(a.namespace, b.namespace))
		Eventually(account.used).WithContext(ctx).Should(ContainElement("events create"), "events are told")
		used := account.used()
		Expect(grants(rules)).To(ContainElements(used), "nothing is used that is not granted")
		unused := slices.DeleteFunc(grants(rules), func(g string) bool { return slices.Contains(used, g) })
		Expect(unused).To(HaveEach(BeElementOf(spare)), "nothing is granted without need")
	}, SpecTimeout(2*time.Minute))

	It("need the same permissions as all namespaces together", func() {
		content, err := os.ReadFile(filepath.Join(harness.Root(), "config", "rbac", "role.yaml"))
		Expect(err).NotTo(HaveOccurred())
		var everywhere rbacv1.ClusterRole
		Expect(yaml.Unmarshal(content, &everywhere)).To(Succeed())
		Expect(grants(documentedRole().Rules)).To(ConsistOf(grants(everywhere.Rules)))
	})
})

// spare are the permissions that one run may do without.
var spare = []string{
	// For an event that repeats itself.
	"events patch",
	// For API servers that do not stream a list as a watch.
	"recordcallbackconfigs list",
	"secrets list",
	// For people who look at what they granted: a list shows as much.
	"recordcallbackconfigs get",
}
