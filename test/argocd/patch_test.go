package argocd_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/live-operator/live-operator/test/harness"
)

// actions is what an entry resource.customizations.actions of argocd-cm holds.
type actions struct {
	Discovery   string `json:"discovery.lua"`
	Definitions []struct {
		Name   string `json:"name"`
		Script string `json:"action.lua"`
	} `json:"definitions"`
}

const kind = "live.huaweicloud.com_RecordCallbackConfig"

// patch is the entries that config/argocd adds to argocd-cm.
func patch() map[string]string {
	GinkgoHelper()
	var configMap corev1.ConfigMap
	Expect(yaml.UnmarshalStrict([]byte(repositoryFile("config", "argocd", "argocd-cm.yaml")), &configMap)).To(Succeed())
	return configMap.Data
}

// customization is what argocd-cm says of our kind in one regard.
func customization(what string) string {
	GinkgoHelper()
	key := "resource.customizations." + what + "." + kind
	Expect(patch()).To(HaveKey(key))
	return patch()[key]
}

func customizedActions() actions {
	GinkgoHelper()
	var a actions
	Expect(yaml.UnmarshalStrict([]byte(customization("actions")), &a)).To(Succeed())
	return a
}

var _ = Describe("The customization of Argo CD", func() {
	It("is the Lua of this folder and nothing else", func() {
		Expect(patch()).To(HaveLen(2))
		Expect(customization("health")).To(Equal(repositoryFile("config", "argocd", "health.lua")))
		a := customizedActions()
		Expect(a.Discovery).To(Equal(repositoryFile("config", "argocd", "actions", "discovery.lua")))
		files, err := os.ReadDir(filepath.Join(harness.Root(), "config", "argocd", "actions"))
		Expect(err).NotTo(HaveOccurred())
		Expect(a.Definitions).To(HaveLen(len(files)-1), "one action for each folder beside discovery.lua")
		for _, definition := range a.Definitions {
			Expect(definition.Script).To(Equal(repositoryFile("config", "argocd", "actions", definition.Name, "action.lua")))
		}
	})

	It("is the same as values of Argo CD's Helm chart", func() {
		var values struct {
			Configs struct {
				CM map[string]string `json:"cm"`
			} `json:"configs"`
		}
		Expect(yaml.UnmarshalStrict([]byte(repositoryFile("config", "argocd", "helm-values.yaml")), &values)).To(Succeed())
		Expect(values.Configs.CM).To(Equal(patch()))
	})

	It("is merged into the ConfigMap that is there by the one command of the page", func(ctx SpecContext) {
		namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "argocd"}}
		Expect(cluster.Client.Create(ctx, namespace)).To(Succeed())
		theirs := map[string]string{"url": "https://argocd.example.com", "resource.customizations.health.apps_Deployment": "return {}"}
		configMap := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "argocd-cm", Namespace: "argocd"}, Data: theirs}
		Expect(cluster.Client.Create(ctx, configMap)).To(Succeed())

		const command = "kubectl patch configmap argocd-cm --namespace argocd --patch-file config/argocd/argocd-cm.yaml"
		Expect(repositoryFile("docs", "argo-cd.md")).To(ContainSubstring(command))
		kubectl("patch", "configmap", "argocd-cm", "--namespace", "argocd",
			"--patch-file", filepath.Join(harness.Root(), "config", "argocd", "argocd-cm.yaml"))

		Expect(cluster.Client.Get(ctx, client.ObjectKeyFromObject(configMap), configMap)).To(Succeed())
		for key, value := range patch() {
			theirs[key] = value
		}
		Expect(configMap.Data).To(Equal(theirs))
	})

	DescribeTable("is a component of the kustomization that installs Argo CD,",
		func(namespace string) {
			dir := GinkgoT().TempDir()
			component, err := filepath.Rel(mustEval(dir), filepath.Join(mustEval(harness.Root()), "config", "argocd"))
			Expect(err).NotTo(HaveOccurred())
			write := func(name, content string) {
				Expect(os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600)).To(Succeed())
			}
			write("install.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: argocd-cm\n"+namespace+"data:\n  url: https://argocd.example.com\n")
			write("kustomization.yaml", "namespace: argocd\nresources: [install.yaml]\ncomponents: ["+component+"]\n")
			var configMap corev1.ConfigMap
			Expect(yaml.UnmarshalStrict([]byte(kubectl("kustomize", dir)), &configMap)).To(Succeed())
			want := patch()
			want["url"] = "https://argocd.example.com"
			Expect(configMap.Data).To(Equal(want))
		},
		Entry("whose manifest has no namespace, as Argo CD's own", ""),
		Entry("whose manifest has one", "  namespace: argocd\n"),
	)
})

// mustEval is the path without symbolic links.
func mustEval(path string) string {
	GinkgoHelper()
	absolute, err := filepath.Abs(path)
	Expect(err).NotTo(HaveOccurred())
	evaluated, err := filepath.EvalSymlinks(absolute)
	Expect(err).NotTo(HaveOccurred())
	return evaluated
}

// kubectl runs it as the administrator, and returns what it printed.
func kubectl(args ...string) string {
	GinkgoHelper()
	stdout, stderr, err := tryKubectl(args...)
	Expect(err).NotTo(HaveOccurred(), stderr)
	return stdout
}

func tryKubectl(args ...string) (stdout, stderr string, err error) {
	// A cache of its own: the one at home may know another server at this address.
	args = append([]string{"--kubeconfig", cluster.Kubeconfig, "--cache-dir", filepath.Join(filepath.Dir(cluster.Kubeconfig), "cache")}, args...)
	command := exec.Command(kubectlPath, args...)
	var out, errs bytes.Buffer
	command.Stdout, command.Stderr = &out, &errs
	err = command.Run()
	return out.String(), errs.String(), err
}
