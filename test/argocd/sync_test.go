package argocd_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/live-operator/live-operator/api/v1alpha1"
	"github.com/live-operator/live-operator/test/builder"
)

const (
	trackingID = "argocd.argoproj.io/tracking-id"
	// gitsManager is the name under which Argo CD applies what Git has, and
	// actionsManager that under which it does a person's action.
	gitsManager    = "argocd-controller"
	actionsManager = "argocd-server"
)

var _ = Describe("A resource that Argo CD synced", func() {
	// ownedByGit are the fields that Git's manager holds.
	ownedByGit := func(obj *unstructured.Unstructured) []metav1.ManagedFieldsEntry {
		var found []metav1.ManagedFieldsEntry
		for _, entry := range obj.GetManagedFields() {
			if entry.Manager == gitsManager {
				found = append(found, entry)
			}
		}
		return found
	}

	// Argo CD compares in one of two ways, and kubectl diff has both: what a
	// server-side apply would make of the object, and a patch of three sides.
	DescribeTable("does not show as OutOfSync, whatever the operator and the actions write, and does where a person edits",
		func(ctx SpecContext, how ...string) {
			t := newTenant(ctx)
			git := manifest("RecordCallbackConfig", "publish-example")
			git.SetNamespace(t.namespace)
			git.SetName(name)
			git.SetAnnotations(map[string]string{trackingID: "streaming-callbacks:live.huaweicloud.com/RecordCallbackConfig:" + t.namespace + "/" + name})
			Expect(unstructured.SetNestedField(git.Object, t.project, "spec", "projectID")).To(Succeed())
			content, err := yaml.Marshal(git.Object)
			Expect(err).NotTo(HaveOccurred())
			file := filepath.Join(GinkgoT().TempDir(), "manifest.yaml")
			Expect(os.WriteFile(file, content, 0o600)).To(Succeed())

			apply := append([]string{"apply", "-f", file, "--field-manager=" + gitsManager}, how...)
			diff := append([]string{"diff", "-f", file, "--field-manager=" + gitsManager}, how...)
			inSync := func(after string) {
				GinkgoHelper()
				shown, stderr, err := tryKubectl(diff...)
				Expect(err).NotTo(HaveOccurred(), "after %s:\n%s%s", after, shown, stderr)
			}

			kubectl(apply...)
			owned := ownedByGit(t.get(ctx))
			Expect(owned).To(HaveLen(1))

			obj := t.eventuallyReady(ctx)
			Expect(obj.GetFinalizers()).To(ConsistOf(v1alpha1.Finalizer))
			Expect(obj.GetAnnotations()).To(And(HaveKey(v1alpha1.AnnotationCreatePending), HaveKey(trackingID)))
			inSync("the operator created the configuration")
			Expect(ownedByGit(obj)).To(Equal(owned))

			kubectl(apply...)
			Expect(t.get(ctx).GetResourceVersion()).To(Equal(obj.GetResourceVersion()), "a second sync changes nothing")

			for _, action := range []string{"suspend", "resume", "reconcile"} {
				before := t.get(ctx)
				Expect(cluster.Client.Patch(ctx, act(action, before), client.MergeFrom(before), client.FieldOwner(actionsManager))).To(Succeed())
				inSync("the action " + action)
			}
			Eventually(func() string { return typed(t.get(ctx)).Status.LastHandledReconcileAt }).
				ShouldNot(BeEmpty(), "waiting for the reconcile that was asked for")
			inSync("the operator handled the actions")

			By("suspending it once more, and syncing, which does not undo that")
			before := t.get(ctx)
			Expect(cluster.Client.Patch(ctx, act("suspend", before), client.MergeFrom(before), client.FieldOwner(actionsManager))).To(Succeed())
			kubectl(apply...)
			Expect(typed(t.get(ctx)).Spec.Suspend).To(BeTrue())

			By("editing what Git sets")
			t.change(ctx, name, func(c *v1alpha1.RecordCallbackConfig) { c.Spec.NotifyCallbackURL = "https://edited.example.com/" })
			shown, _, err := tryKubectl(diff...)
			var exit *exec.ExitError
			Expect(errors.As(err, &exit)).To(BeTrue())
			Expect(exit.ExitCode()).To(Equal(1), "kubectl diff's word for a difference")
			Expect(shown).To(ContainSubstring("notifyCallbackURL"))
		},
		Entry("with ServerSideApply=true", "--server-side", "--force-conflicts"),
		Entry("without"),
	)

	It("comes right without waves: its Secret may come after it", func(ctx SpecContext) {
		t := newTenant(ctx)
		t.create(ctx, t.config().WithCredentials("late").Build())
		Expect(healthOf(t.eventually(ctx, v1alpha1.ConditionReady, v1alpha1.ReasonCredentialsNotFound).Object).Status).To(Equal("Degraded"))
		t.create(ctx, builder.Secret("late").InNamespace(t.namespace).WithToken(t.token).Build())
		Expect(healthOf(t.eventuallyReady(ctx).Object).Status).To(Equal("Healthy"))
	})
})
