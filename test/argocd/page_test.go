package argocd_test

import (
	"errors"
	"io"
	"regexp"
	"slices"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"
)

// application is what docs/argo-cd.md uses of Argo CD's Application.
type application struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`
	Spec              struct {
		Project string `json:"project"`
		Source  struct {
			RepoURL        string `json:"repoURL"`
			TargetRevision string `json:"targetRevision"`
			Path           string `json:"path"`
			Helm           *struct {
				ReleaseName  string         `json:"releaseName"`
				ValuesObject map[string]any `json:"valuesObject"`
			} `json:"helm"`
		} `json:"source"`
		Destination destination `json:"destination"`
		SyncPolicy  struct {
			Automated struct {
				Prune    bool `json:"prune"`
				SelfHeal bool `json:"selfHeal"`
			} `json:"automated"`
			SyncOptions []string `json:"syncOptions"`
			Retry       *struct {
				Limit   int64 `json:"limit"`
				Backoff struct {
					Duration    string `json:"duration"`
					Factor      int64  `json:"factor"`
					MaxDuration string `json:"maxDuration"`
				} `json:"backoff"`
			} `json:"retry"`
		} `json:"syncPolicy"`
	} `json:"spec"`
}

type destination struct {
	Server    string `json:"server"`
	Namespace string `json:"namespace"`
}

// appProject is what it uses of AppProject.
type appProject struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`
	Spec              struct {
		Description                string             `json:"description"`
		SourceRepos                []string           `json:"sourceRepos"`
		Destinations               []destination      `json:"destinations"`
		ClusterResourceWhitelist   []metav1.GroupKind `json:"clusterResourceWhitelist"`
		NamespaceResourceWhitelist []metav1.GroupKind `json:"namespaceResourceWhitelist"`
		Roles                      []struct {
			Name        string   `json:"name"`
			Description string   `json:"description"`
			Groups      []string `json:"groups"`
			Policies    []string `json:"policies"`
		} `json:"roles"`
	} `json:"spec"`
}

var fence = regexp.MustCompile("(?ms)( *)```yaml\n(.*?)\n *```$")

// manifests are the objects of docs/argo-cd.md, in its order.
func manifests() []*unstructured.Unstructured {
	GinkgoHelper()
	var found []*unstructured.Unstructured
	for _, block := range fence.FindAllStringSubmatch(repositoryFile("docs", "argo-cd.md"), -1) {
		text := regexp.MustCompile("(?m)^"+block[1]).ReplaceAllString(block[2], "")
		decoder := utilyaml.NewYAMLOrJSONDecoder(strings.NewReader(text), 4096)
		for {
			u := &unstructured.Unstructured{}
			err := decoder.Decode(&u.Object)
			if errors.Is(err, io.EOF) {
				break
			}
			Expect(err).NotTo(HaveOccurred(), text)
			found = append(found, u)
		}
	}
	return found
}

// manifest is the one of that kind and name.
func manifest(kind, name string) *unstructured.Unstructured {
	GinkgoHelper()
	all := manifests()
	i := slices.IndexFunc(all, func(u *unstructured.Unstructured) bool { return u.GetKind() == kind && u.GetName() == name })
	Expect(i).NotTo(Equal(-1), "the page has a %s %s", kind, name)
	return all[i]
}

// strictly reads a manifest into a type that must know all of its fields.
func strictly[T any](kind, name string) *T {
	GinkgoHelper()
	content, err := yaml.Marshal(manifest(kind, name).Object)
	Expect(err).NotTo(HaveOccurred())
	into := new(T)
	Expect(yaml.UnmarshalStrict(content, into)).To(Succeed())
	return into
}

var _ = Describe("docs/argo-cd.md", func() {
	It("has manifests that are as the API server wants them", func(ctx SpecContext) {
		namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "streaming"}}
		Expect(cluster.Client.Create(ctx, namespace)).To(Succeed())
		strict := client.WithFieldValidation(cluster.Client, metav1.FieldValidationStrict)
		checked := map[string]int{}
		for _, u := range manifests() {
			checked[u.GetKind()]++
			switch u.GetKind() {
			case "RecordCallbackConfig", "Secret":
				Expect(strict.Create(ctx, u.DeepCopy(), client.DryRunAll)).To(Succeed(), "%s %s", u.GetKind(), u.GetName())
			case "Application", "AppProject", "Kustomization":
			default:
				Fail("nothing checks a " + u.GetKind())
			}
		}
		Expect(checked).To(Equal(map[string]int{"RecordCallbackConfig": 2, "Secret": 1, "Application": 2, "AppProject": 1, "Kustomization": 1}))
	})

	It("has Applications of fields and options that Argo CD knows, for what this repository has", func() {
		known := []string{"CreateNamespace=true", "ServerSideApply=true", "SkipDryRunOnMissingResource=true"}
		for _, name := range []string{"live-operator", "streaming-callbacks"} {
			app := strictly[application]("Application", name)
			Expect(app.APIVersion).To(Equal("argoproj.io/v1alpha1"))
			Expect(app.Namespace).To(Equal("argocd"))
			Expect(app.Spec.SyncPolicy.SyncOptions).To(ContainElement("ServerSideApply=true"))
			Expect(known).To(ContainElements(app.Spec.SyncPolicy.SyncOptions))
		}

		chart := strictly[application]("Application", "live-operator").Spec.Source
		Expect(repositoryFile(chart.Path, "Chart.yaml")).To(ContainSubstring("name: live-operator"))
		var values map[string]any
		Expect(yaml.Unmarshal([]byte(repositoryFile(chart.Path, "values.yaml")), &values)).To(Succeed())
		Expect(values["crds"]).To(HaveKey("annotations"))
		Expect(chart.Helm.ValuesObject).To(HaveLen(1))
		Expect(chart.Helm.ValuesObject["crds"]).To(And(HaveLen(1), HaveKey("annotations")))
	})

	It("has a project that allows what the Application syncs, the actions, and no more", func() {
		app := strictly[application]("Application", "streaming-callbacks").Spec
		project := strictly[appProject]("AppProject", app.Project)
		Expect(project.Spec.SourceRepos).To(ConsistOf(app.Source.RepoURL))
		Expect(project.Spec.Destinations).To(ConsistOf(app.Destination))
		Expect(project.Spec.ClusterResourceWhitelist).To(BeEmpty())

		var synced []metav1.GroupKind
		for _, u := range []*unstructured.Unstructured{manifest("RecordCallbackConfig", "publish-example"), manifest("Secret", secretName)} {
			Expect(u.GetNamespace()).To(Equal(app.Destination.Namespace))
			gvk := u.GroupVersionKind()
			synced = append(synced, metav1.GroupKind{Group: gvk.Group, Kind: gvk.Kind})
		}
		Expect(project.Spec.NamespaceResourceWhitelist).To(ConsistOf(synced))
		Expect(project.Spec.Roles).To(HaveLen(1))
		for _, policy := range project.Spec.Roles[0].Policies {
			Expect(policy).To(MatchRegexp(`^p, proj:%s:%s, applications, (get|sync|action/live\.huaweicloud\.com/RecordCallbackConfig/\*), %[1]s/\*, allow$`,
				project.Name, project.Spec.Roles[0].Name))
		}
	})

	It("has the Secret in a wave before the resource that uses it", func() {
		const wave = "argocd.argoproj.io/sync-wave"
		resource := manifest("RecordCallbackConfig", "publish-example")
		Expect(typed(resource).Spec.CredentialsSecretRef.Name).To(Equal(secretName))
		Expect(manifest("Secret", secretName).GetAnnotations()).To(HaveKeyWithValue(wave, "-1"))
		Expect(resource.GetAnnotations()).NotTo(HaveKey(wave), "it is in wave 0")
	})

	It("names every action and the folder of the component", func() {
		page := repositoryFile("docs", "argo-cd.md")
		for _, definition := range customizedActions().Definitions {
			Expect(page).To(ContainSubstring("| `" + definition.Name + "` |"))
		}
		Expect(manifest("Kustomization", "").Object["components"]).To(ConsistOf(HaveSuffix("//config/argocd")))
		Expect(page).To(ContainSubstring("--values config/argocd/helm-values.yaml"))
	})
})
