package docs

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/api/meta"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/live-operator/live-operator/api/v1alpha1"
	"github.com/live-operator/live-operator/test/builder"
	"github.com/live-operator/live-operator/test/harness"
)

// Why commands are not run here.
const (
	elsewhere = "other specs run them"
	onNodes   = "it needs the operator in a cluster with nodes: test/e2e runs it"
	longer    = "it is a suite, or a show, of its own"
	ended     = "it shows the log of a container that has ended, and none has"
)

// notRun are the pages ("path") and blocks ("path: first line") whose commands
// are not run here, and why not.
var notRun = map[string]string{
	"README.md: helm install live-operator ./charts/live-operator --namespace live-system --create-namespace": onNodes,
	"README.md: " + readmeQuickstart:                   longer,
	"CONTRIBUTING.md: make            # what there is": longer,
	"docs/credentials.md":                              elsewhere,
	"charts/live-operator/README.md: helm install live-operator ./charts/live-operator --namespace live-system --create-namespace":                    onNodes,
	"charts/live-operator/README.md: kubectl create configmap cloud-ca --namespace live-system --from-file=ca.crt=/etc/ssl/certs/ca-certificates.crt": onNodes,
	"docs/zh-CN/README.md": "they are the README's",
	"docs/reliability.md: make test PKG=./test/faults                                # all of it":                                                 longer,
	"docs/runbooks/LiveOperatorAPIErrors.md: kubectl logs -n live-system -l app.kubernetes.io/name=live-operator --tail=200 | grep 'call failed'": onNodes,
	"docs/runbooks/LiveOperatorThrottled.md: kubectl get rcc -A -o wide | grep Throttled":                                                         onNodes,
	"docs/operations.md: helm install live-operator ./charts/live-operator --namespace live-system --create-namespace":                            onNodes,
	"docs/operations.md: helm upgrade live-operator ./charts/live-operator --namespace live-system --reset-then-reuse-values":                     onNodes,
	"docs/operations.md: helm history live-operator --namespace live-system":                                                                      onNodes,
	"docs/operations.md: helm uninstall live-operator --namespace live-system":                                                                    onNodes,
	"docs/operations.md: helm uninstall live-operator --namespace live-system --wait":                                                             onNodes,
	"docs/operations.md: " + restore:                                                  elsewhere,
	"docs/troubleshooting.md: kubectl get pods --namespace live-system":               onNodes,
	"docs/troubleshooting.md: kubectl get pods --namespace live-system --output=wide": ended,
}

const readmeQuickstart = "make quickstart     # a control plane, a simulator of the Live API, and the operator, in one terminal; Ctrl-C ends all"

// placeholders are what a reader puts in their place.
var placeholders = strings.NewReplacer("NAMESPACE", examples, "NAME", "publish-example")

var _ = Describe("The commands of the pages", Ordered, ContinueOnFailure, func() {
	var dir string

	BeforeAll(func() {
		dir = GinkgoT().TempDir()
		// Readers are in a clone of the repository.
		for _, folder := range []string{"config", "charts"} {
			Expect(os.Symlink(filepath.Join(harness.Root(), folder), filepath.Join(dir, folder))).To(Succeed())
		}
		kubeconfig, err := os.ReadFile(cluster.Kubeconfig)
		Expect(err).NotTo(HaveOccurred())
		Expect(os.WriteFile(filepath.Join(dir, "kubeconfig"), kubeconfig, 0o600)).To(Succeed())
	})

	seen := map[string]bool{}
	for _, p := range shellPages() {
		for _, b := range p.blocks {
			name := p.path + ": " + b.name()
			if _, ok := notRun[p.path]; ok {
				seen[p.path] = true
				continue
			}
			if _, ok := notRun[name]; ok {
				seen[name] = true
				continue
			}
			It("run: "+name, func(ctx SpecContext) {
				setScene(ctx)
				runScript(ctx, dir, "kubectl config set-context --current --namespace="+examples+" >/dev/null\n"+placeholders.Replace(b.text))
			})
		}
	}

	It("are all run, but for those that are listed", func() {
		onNodesRun, err := os.ReadFile(filepath.Join(harness.Root(), "test", "e2e", "pages_test.go"))
		Expect(err).NotTo(HaveOccurred())
		for name, why := range notRun {
			Expect(seen).To(HaveKey(name), "it is listed as not run (%s), and no page has it", why)
			if _, first, _ := strings.Cut(name, ": "); why == onNodes {
				Expect(string(onNodesRun)).To(ContainSubstring(strconv.Quote(first)), "it is said to be run by test/e2e")
			}
		}
	})
})

// shellPages are the pages with only their shell blocks. It is called while the
// tree of specs is built.
func shellPages() []*page {
	var found []*page
	for _, p := range pages() {
		shell := &page{path: p.path}
		for _, b := range p.blocks {
			if b.language == "sh" {
				shell.blocks = append(shell.blocks, b)
			}
		}
		found = append(found, shell)
	}
	return found
}

// setScene makes what the pages' commands are about: the resource
// publish-example, Ready, with a Secret that works.
func setScene(ctx context.Context) {
	GinkgoHelper()
	clearScene(ctx)
	sim.AddToken("example-token", builder.DefaultProjectID)
	Expect(cluster.Client.Create(ctx, builder.Secret("live-credentials").InNamespace(examples).WithToken("example-token").Build())).To(Succeed())
	Expect(cluster.Client.Create(ctx, builder.Config("publish-example").InNamespace(examples).
		WithApp("live").WithURL("https://callback.example.com/record").Build())).To(Succeed())
	Eventually(func(g Gomega) {
		obj := &v1alpha1.RecordCallbackConfig{}
		g.Expect(cluster.Client.Get(ctx, client.ObjectKey{Namespace: examples, Name: "publish-example"}, obj)).To(Succeed())
		g.Expect(meta.IsStatusConditionTrue(obj.Status.Conditions, v1alpha1.ConditionReady)).To(BeTrue(), "%+v", obj.Status)
	}).WithContext(ctx).Should(Succeed(), "waiting for the example to be Ready")
}

// clearScene removes it, and what commands left.
func clearScene(ctx context.Context) {
	GinkgoHelper()
	Expect(cluster.Client.DeleteAllOf(ctx, &v1alpha1.RecordCallbackConfig{}, client.InNamespace(examples))).To(Succeed())
	Eventually(func(g Gomega) {
		var list v1alpha1.RecordCallbackConfigList
		g.Expect(cluster.Client.List(ctx, &list, client.InNamespace(examples))).To(Succeed())
		g.Expect(list.Items).To(BeEmpty())
	}).WithContext(ctx).Should(Succeed(), "waiting for the last example to be deleted")
	for _, c := range sim.Configs(builder.DefaultProjectID) {
		sim.Remove(builder.DefaultProjectID, c.ID)
	}
	Expect(client.IgnoreNotFound(cluster.Client.Delete(ctx, builder.Secret("live-credentials").InNamespace(examples).Build()))).To(Succeed())
}

// runScript runs commands as their reader would, and gives what they print.
func runScript(ctx context.Context, dir, script string) string {
	GinkgoHelper()
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	command := exec.CommandContext(ctx, "bash", "-euo", "pipefail", "-c", script)
	command.Dir = dir
	command.Env = append(os.Environ(), "KUBECONFIG="+filepath.Join(dir, "kubeconfig"),
		"PATH="+os.Getenv("KUBEBUILDER_ASSETS")+string(os.PathListSeparator)+os.Getenv("PATH"))
	printed, err := command.CombinedOutput()
	Expect(err).NotTo(HaveOccurred(), "%s\n%s", script, printed)
	GinkgoWriter.Println(strings.TrimSpace(string(printed)))
	return string(printed)
}
