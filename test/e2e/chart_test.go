package e2e

import (
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/live-operator/live-operator/api/v1alpha1"
	"github.com/live-operator/live-operator/test/builder"
	"github.com/live-operator/live-operator/test/livesim"
)

var _ = Describe("The chart, installed as README says", Ordered, ContinueOnFailure, func() {
	const name = "publish-example"
	var operator release
	// README's namespace and project.
	streaming := &tenant{namespace: "streaming", project: "0123456789abcdef0123456789abcdef"}
	monitoring := "live-e2e-monitoring"

	install := func() {
		GinkgoHelper()
		run("bash", append([]string{"-euc", readme("sh", "helm install") + ` "$@"`, "bash"},
			values("metrics.readers[0].name=prometheus", "metrics.readers[0].namespace="+monitoring)...)...)
		operator.rolledOut()
	}

	BeforeAll(func(ctx SpecContext) {
		// README's manifest makes it.
		DeferCleanup(func(ctx SpecContext) {
			deleteAndWait(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: streaming.namespace}})
		}, NodeTimeout(forgiving))
		_, err := sim.AddAccessKey(ctx, "YOUR-ACCESS-KEY", "YOUR-SECRET-KEY", streaming.project)
		Expect(err).NotTo(HaveOccurred())
		operator = newRelease(ctx, "live-operator", "live-system")
		install()
	}, NodeTimeout(3*time.Minute))

	It("runs two pods under the restricted Pod Security Standard", func(ctx SpecContext) {
		pods := operator.pods(ctx)
		Expect(pods).To(HaveLen(2))
		for _, pod := range pods {
			Expect(pod.Status.Conditions).To(ContainElement(And(HaveField("Type", corev1.PodReady), HaveField("Status", corev1.ConditionTrue))))
		}
		// Labeling a namespace anew warns of pods in it that the label forbids,
		// and a warning fails.
		kubectl("label", "namespace", operator.namespace, "--dry-run=server", "--overwrite", "pod-security.kubernetes.io/enforce=restricted")
	})

	It("makes README's manifest Ready, as README's wait tells", func(ctx SpecContext) {
		runWith(readme("yaml", "kind: RecordCallbackConfig"), "kubectl", "apply", "-f", "-")
		run("bash", "-euc", readme("sh", "kubectl wait"))

		c := streaming.get(ctx, name)
		Expect(reasonOf(c)).To(Equal(v1alpha1.ReasonSynced))
		Expect(streaming.remote(ctx)).To(ConsistOf(And(
			HaveField("ID", c.Status.ID), HaveField("PublishDomain", c.Spec.PublishDomain), HaveField("App", c.Spec.App),
			HaveField("NotifyCallbackURL", c.Spec.NotifyCallbackURL))))
	})

	It("carries a change to the API, by one call", func(ctx SpecContext) {
		kubectl("patch", "rcc/"+name, "--namespace", streaming.namespace, "--type=merge",
			"--patch", `{"spec":{"notifyCallbackURL":"https://callback.example.com/moved"}}`)
		c := streaming.eventuallyReady(ctx, name)
		Expect(streaming.remote(ctx)).To(ConsistOf(HaveField("NotifyCallbackURL", "https://callback.example.com/moved")))
		Expect(streaming.calls(ctx, livesim.Update)).To(ConsistOf(HaveField("RequestID", c.Status.RequestID)))
	})

	It("is told by kubectl get, in columns", func(ctx SpecContext) {
		c := streaming.get(ctx, name)
		// table is the header and the one row, in words.
		table := func(args ...string) (header, row []string) {
			lines := strings.Split(strings.TrimSpace(kubectl(append([]string{"get", "--namespace", streaming.namespace}, args...)...)), "\n")
			Expect(lines).To(HaveLen(2))
			return strings.Fields(lines[0]), strings.Fields(lines[1])
		}
		header, row := table("rcc")
		Expect(header).To(Equal([]string{"NAME", "READY", "REASON", "DOMAIN", "APP", "ID", "AGE"}))
		Expect(row[:6]).To(Equal([]string{name, "True", "Synced", "publish.example.com", "live", c.Status.ID}))

		header, row = table("rcc", "--output=wide")
		Expect(header[7:]).To(Equal([]string{"REQUEST-ID", "REGION", "MESSAGE"}))
		Expect(row[7:9]).To(Equal([]string{c.Status.RequestID, "cn-north-4"}))
		Expect(strings.Join(row, " ")).To(ContainSubstring("agrees with the spec"))

		for _, category := range []string{"live", "huaweicloud"} {
			_, row = table(category)
			Expect(row[0]).To(HaveSuffix(name))
		}
	})

	It("is waited for by kubectl wait, also where it never becomes Ready", func() {
		kubectl("wait", "rcc/"+name, "--namespace", streaming.namespace, "--for=jsonpath={.status.origin}=Created", "--timeout=5s")
		_, stderr, err := try("", "kubectl", "wait", "rcc/"+name, "--namespace", streaming.namespace, "--for=condition=Stalled", "--timeout=1s")
		Expect(err).To(HaveOccurred())
		Expect(stderr).To(ContainSubstring("timed out waiting"))
	})

	It("is explained by kubectl explain", func() {
		Expect(kubectl("explain", "rcc")).To(ContainSubstring("RecordCallbackConfig states what one recording-callback configuration"))
		Expect(kubectl("explain", "rcc.spec.driftPolicy")).To(And(
			ContainSubstring("driftPolicy <string>"), MatchRegexp(`(?is)enum:\s+Correct,?\s+Report`), ContainSubstring("writes the spec again")))
		Expect(kubectl("explain", "rcc.status.requestID")).To(ContainSubstring("Give it to the vendor's support"))
	})

	Describe("kubectl apply --dry-run=server", func() {
		dryRun := func(manifest string) (stdout, stderr string, err error) {
			return try(manifest, "kubectl", "apply", "--dry-run=server", "-f", "-")
		}
		const resource = `
apiVersion: live.huaweicloud.com/v1alpha1
kind: RecordCallbackConfig
metadata: {name: dry-run, namespace: streaming}
spec:
  region: cn-north-4
  projectID: 0123456789abcdef0123456789abcdef
  credentialsSecretRef: {name: live-credentials}
  publishDomain: publish.example.com
`

		It("accepts what is right, and keeps none of it", func(ctx SpecContext) {
			stdout, stderr, err := dryRun(resource)
			Expect(err).NotTo(HaveOccurred(), stderr)
			Expect(stdout).To(ContainSubstring("created (server dry run)"))
			Expect(streaming.list(ctx)).To(ConsistOf(HaveField("Name", name)))
		})

		DescribeTable("says what is wrong",
			func(right, wrong, message string) {
				Expect(resource).To(ContainSubstring(right))
				_, stderr, err := dryRun(strings.Replace(resource, right, wrong, 1))
				Expect(err).To(HaveOccurred())
				Expect(stderr).To(ContainSubstring(message))
			},
			Entry("with a region", "cn-north-4", "CN_North", "region must be 1 to 32 lower-case letters, digits and hyphens, for example cn-north-4"),
			Entry("with a project's name", "0123456789abcdef0123456789abcdef", "my project", "copy the project's ID (32 hexadecimal digits), not its name"),
			Entry("with what is missing", "  publishDomain: publish.example.com\n", "", "spec.publishDomain: Required value"),
			Entry("with a URL", "publish.example.com\n", "publish.example.com\n  notifyCallbackURL: ftp://example.com\n", "notifyCallbackURL must be a whole http or https URL"),
			Entry("with a query", "publish.example.com\n", "publish.example.com\n  notifyCallbackURL: https://example.com/a?b=c\n", "the Live API refuses them; put what you need into the path"),
			Entry("with an event", "publish.example.com\n", "publish.example.com\n  notifyEventSubscription: [RECORD_STARTED]\n", `Unsupported value: "RECORD_STARTED"`),
			Entry("with a name that no field has", "publish.example.com\n", "publish.example.com\n  notifyCallbackUrl: https://example.com\n", `unknown field "spec.notifyCallbackUrl"`),
			Entry("with a Secret of another namespace", "{name: live-credentials}", "{name: live-credentials, namespace: kube-system}", `unknown field "spec.credentialsSecretRef.namespace"`),
		)

		It("says what can't be changed", func() {
			_, stderr, err := dryRun(strings.NewReplacer("dry-run", name, "cn-north-4", "cn-east-3").Replace(resource))
			Expect(err).To(HaveOccurred())
			Expect(stderr).To(ContainSubstring("region can't be changed; delete this resource and make a new one for the other region"))
		})
	})

	It("serves metrics to those who may read them, and to nobody else", func(ctx SpecContext) {
		namespace(ctx, monitoring)
		address := forward(operator.namespace, "service/live-operator-metrics", "8443")

		status, _ := scrape(ctx, address, "")
		Expect(status).To(Equal(401), "nobody in particular")
		status, _ = scrape(ctx, address, "not-a-token")
		Expect(status).To(BeNumerically(">=", 400), "a token of nobody")
		status, _ = scrape(ctx, address, newToken(ctx, monitoring, "stranger"))
		Expect(status).To(Equal(403), "a service account of the cluster")
		status, body := scrape(ctx, address, newToken(ctx, monitoring, "prometheus"))
		Expect(status).To(Equal(200), "a service account that metrics.readers names")
		Expect(body).To(ContainSubstring("leader_election_master_status"))
	})

	It("uses a rotated Secret at once, with no restart", func(ctx SpecContext) {
		t := newTenant(ctx, "live-e2e-rotation")
		t.create(ctx, "rotated")
		t.eventuallyReady(ctx, "rotated")
		before := lives(operator.pods(ctx))

		By("ending the token")
		Expect(sim.SetPermissions(ctx, livesim.Who{Token: t.token}, livesim.Permissions{Revoke: true})).To(Succeed())
		t.callBack(ctx, "rotated", "https://callback.example.com/later")
		t.eventuallyReason(ctx, "rotated", v1alpha1.ReasonUnauthorized)

		By("writing another one into the Secret")
		fresh := newID()
		credential, err := sim.AddToken(ctx, fresh, t.project)
		Expect(err).NotTo(HaveOccurred())
		Expect(k8s.Update(ctx, builder.Secret(secretName).InNamespace(t.namespace).WithToken(fresh).Build())).To(Succeed())
		t.eventuallyReady(ctx, "rotated")

		Expect(t.remote(ctx)).To(ConsistOf(HaveField("NotifyCallbackURL", "https://callback.example.com/later")))
		puts := t.calls(ctx, livesim.Update)
		Expect(puts[len(puts)-1].Credential).To(Equal(credential))
		Expect(lives(operator.pods(ctx))).To(Equal(before))
	})

	It("leaves the CRD and the resources where they are when it is uninstalled", func(ctx SpecContext) {
		before := streaming.get(ctx, name)
		helm("uninstall", operator.name, "--namespace", operator.namespace, "--wait", "--timeout=1m")
		Eventually(func() map[string]corev1.Pod { return operator.pods(ctx) }).WithContext(ctx).Should(BeEmpty(), "waiting for the pods to end")

		Expect(k8s.Get(ctx, client.ObjectKey{Name: crdName}, &apiextensionsv1.CustomResourceDefinition{})).To(Succeed())
		Expect(streaming.get(ctx, name)).To(Equal(before), "its finalizer included")
		Expect(streaming.remote(ctx)).To(HaveLen(1))
		Expect(clusterWide(ctx, operator.name)).To(BeEmpty())
	})

	It("sees to them again when it is installed again", func(ctx SpecContext) {
		kubectl("delete", "rcc/"+name, "--namespace", streaming.namespace, "--wait=false")
		Expect(streaming.get(ctx, name).DeletionTimestamp).NotTo(BeNil(), "the remote configuration is still to be deleted")
		install()
		Eventually(func() bool {
			return apierrors.IsNotFound(k8s.Get(ctx, client.ObjectKey{Namespace: streaming.namespace, Name: name}, &v1alpha1.RecordCallbackConfig{}))
		}).WithContext(ctx).Should(BeTrue(), "waiting for the resource to be deleted")
		Expect(streaming.remote(ctx)).To(BeEmpty())
	})
})
