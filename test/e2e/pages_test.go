package e2e

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/live-operator/live-operator/api/v1alpha1"
	"github.com/live-operator/live-operator/test/livesim"
)

// The commands of the documentation that need nodes; test/docs runs the others,
// and sees that each that it leaves out is here.
var _ = Describe("The pages' commands", Ordered, func() {
	var (
		operator release
		t        *tenant
		tools    string // a folder
	)

	// follow runs the block of a page that begins with a line. To what is
	// installed it adds the images and the simulator.
	follow := func(page, first string) string {
		GinkgoHelper()
		return run("bash", "-euo", "pipefail", "-c", "export PATH="+tools+":$PATH\n"+blockOf(page, first))
	}

	BeforeAll(func(ctx SpecContext) {
		tools = GinkgoT().TempDir()
		helm := "#!/usr/bin/env bash\nif [ \"$1\" = install ]; then set -- \"$@\" " + strings.Join(values(), " ") + "; fi\nexec " + filepath.Join(path, "helm") + " \"$@\"\n"
		Expect(os.WriteFile(filepath.Join(tools, "helm"), []byte(helm), 0o700)).To(Succeed())
		operator = newRelease(ctx, "live-operator", "live-system")
		t = newTenant(ctx, "live-e2e-pages")
	}, NodeTimeout(time.Minute))

	AfterEach(func(ctx SpecContext) { Expect(sim.ClearFaults(ctx)).To(Succeed()) })

	It("install", func(ctx SpecContext) {
		follow("docs/operations.md", "helm install live-operator ./charts/live-operator --namespace live-system --create-namespace")
		operator.eventuallyLed(ctx)
		follow("docs/troubleshooting.md", "kubectl get pods --namespace live-system")
	}, SpecTimeout(3*time.Minute))

	It("upgrade", func(ctx SpecContext) {
		before := operator.pods(ctx)
		follow("docs/operations.md", "helm upgrade live-operator ./charts/live-operator --namespace live-system --reset-then-reuse-values")
		Expect(operator.pods(ctx)).To(HaveLen(len(before)))
		t.create(ctx, "upgraded")
		t.eventuallyReady(ctx, "upgraded")
	}, SpecTimeout(3*time.Minute))

	It("set a bundle of authorities, without that of the simulator, and show what comes of that", func(ctx SpecContext) {
		if _, err := os.Stat("/etc/ssl/certs/ca-certificates.crt"); err != nil {
			Skip("the page's bundle is not on this machine")
		}
		follow("charts/live-operator/README.md", "kubectl create configmap cloud-ca --namespace live-system --from-file=ca.crt=/etc/ssl/certs/ca-certificates.crt")
		operator.rolledOut()
		t.create(ctx, "untrusting")
		t.eventuallyReason(ctx, "untrusting", v1alpha1.ReasonAPIUnavailable)
		Expect(follow("docs/runbooks/LiveOperatorAPIErrors.md",
			"kubectl logs -n live-system -l app.kubernetes.io/name=live-operator --tail=200 | grep 'call failed'")).To(ContainSubstring("untrusting"))

		By("rolling back")
		follow("docs/operations.md", "helm history live-operator --namespace live-system")
		operator.rolledOut()
		t.eventuallyReady(ctx, "untrusting")
	}, SpecTimeout(5*time.Minute))

	It("show what is throttled", func(ctx SpecContext) {
		fault := livesim.Throttled()
		fault.Project = t.project
		_, err := sim.Fail(ctx, fault)
		Expect(err).NotTo(HaveOccurred())
		t.create(ctx, "throttled")
		t.eventuallyReason(ctx, "throttled", v1alpha1.ReasonThrottled)
		Expect(follow("docs/runbooks/LiveOperatorThrottled.md", "kubectl get rcc -A -o wide | grep Throttled")).To(ContainSubstring("throttled"))
		Expect(sim.ClearFaults(ctx)).To(Succeed())
		t.eventuallyReady(ctx, "throttled")
	}, SpecTimeout(3*time.Minute))

	It("uninstall, and leave the resources", func(ctx SpecContext) {
		follow("docs/operations.md", "helm uninstall live-operator --namespace live-system")
		Expect(t.list(ctx)).NotTo(BeEmpty())
	}, SpecTimeout(2*time.Minute))

	It("remove all", func(ctx SpecContext) {
		letGo(ctx, client.InNamespace(t.namespace))
		follow("docs/operations.md", "helm install live-operator ./charts/live-operator --namespace live-system --create-namespace")
		follow("docs/operations.md", "helm uninstall live-operator --namespace live-system --wait")
		Expect(apierrors.IsNotFound(crd(ctx))).To(BeTrue())
	}, SpecTimeout(4*time.Minute))
})

// crd looks for the CRD.
func crd(ctx context.Context) error {
	return k8s.Get(ctx, client.ObjectKey{Name: crdName}, &apiextensionsv1.CustomResourceDefinition{})
}

// blockOf is the shell block of a page that begins with that line.
func blockOf(page, first string) string {
	GinkgoHelper()
	content, err := os.ReadFile(filepath.Join(root, page))
	Expect(err).NotTo(HaveOccurred())
	var found []string
	for _, block := range fence.FindAllStringSubmatch(string(content), -1) {
		if line, _, _ := strings.Cut(block[2], "\n"); block[1] == "sh" && line == first {
			found = append(found, block[2])
		}
	}
	Expect(found).To(HaveLen(1), "shell blocks of %s that begin with %q", page, first)
	return found[0]
}
