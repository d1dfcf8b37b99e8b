package credentials

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/live-operator/live-operator/api/v1alpha1"
	"github.com/live-operator/live-operator/test/builder"
	"github.com/live-operator/live-operator/test/harness"
)

// blocks are the code blocks of docs/credentials.md in that language, by the
// heading that they stand under.
func blocks(language string) map[string][]string {
	GinkgoHelper()
	page, err := os.ReadFile(filepath.Join(harness.Root(), "docs", "credentials.md"))
	Expect(err).NotTo(HaveOccurred())
	found := map[string][]string{}
	heading, block, inside := "", "", false
	for line := range strings.Lines(string(page)) {
		switch {
		case inside && strings.HasPrefix(line, "```"):
			found[heading] = append(found[heading], block)
			block, inside = "", false
		case inside:
			block += line
		case line == "```"+language+"\n":
			inside = true
		case strings.HasPrefix(line, "#"):
			heading = strings.TrimSpace(strings.TrimLeft(line, "#"))
		}
	}
	return found
}

var _ = Describe("The page about credentials", Ordered, func() {
	var (
		t       *tenant
		dir     string
		scripts map[string][]string
	)
	// What the commands take from files, which editors end with a line break.
	access, secret, password, token := newID(), newID(), newID(), newID()
	newAccess, newSecret := newID(), newID()

	BeforeAll(func(ctx SpecContext) {
		namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "streaming"}}
		Expect(cluster.Client.Create(ctx, namespace)).To(Succeed())
		t = &tenant{namespace: namespace.Name, project: newID()}
		DeferCleanup(t.cleanUp)
		dir, scripts = GinkgoT().TempDir(), blocks("sh")
		for name, content := range map[string]string{
			"access-key": access, "secret-key": secret, "password": password, "token": token,
			"new-access-key": newAccess, "new-secret-key": newSecret,
		} {
			Expect(os.WriteFile(filepath.Join(dir, name+".txt"), []byte(content+"\n"), 0o600)).To(Succeed())
		}
		sim.AddAccessKey(access, secret, t.project)
		sim.AddUser("my-account", "live-operator", password, t.project)
		sim.AddToken(token, t.project)
	})

	// run runs the only block of commands under a heading.
	run := func(ctx context.Context, heading string) {
		GinkgoHelper()
		Expect(scripts).To(HaveKeyWithValue(heading, HaveLen(1)))
		script := scripts[heading][0]
		delete(scripts, heading)
		runScript(ctx, dir, script)
	}

	DescribeTable("makes a Secret that works of", func(ctx SpecContext, heading, name string) {
		run(ctx, heading)
		t.apply(ctx, name)
		t.eventuallyReady(ctx, name)
		Expect(cluster.Client.Delete(ctx, t.get(ctx, name))).To(Succeed())
		Eventually(func() any { return t.all(ctx) }).WithContext(ctx).Should(BeEmpty(), "the resource is deleted")
		Expect(cluster.Client.Delete(ctx, builder.Secret(secretName).InNamespace(t.namespace).Build())).To(Succeed())
	},
		Entry("a user", "A user of IAM", "by-user"),
		Entry("a token", "A token", "by-token"),
		Entry("an access key", "An access key", "by-key"),
	)

	It("makes a Secret that lends the pod's identity", func(ctx SpecContext) {
		run(ctx, "The pod's identity")
		var made corev1.Secret
		key := client.ObjectKey{Namespace: t.namespace, Name: secretName}
		Expect(cluster.Client.Get(ctx, key, &made)).To(Succeed())
		Expect(made.Data).To(Equal(map[string][]byte{"podIdentity": []byte("true")}))
		Expect(cluster.Client.Delete(ctx, &made)).To(Succeed())
	})

	It("rotates a Secret, shows whether it works, and has it tried now", func(ctx SpecContext) {
		t.secret(ctx, builder.Secret(secretName).WithAccessKey(access, secret))
		t.apply(ctx, "sport")
		t.eventuallyReady(ctx, "sport")
		rotated := sim.AddAccessKey(newAccess, newSecret, t.project)
		Expect(scripts).To(HaveKeyWithValue("Rotation", HaveLen(2)))
		runScript(ctx, dir, scripts["Rotation"][0])
		t.changeURL(ctx, "sport")
		t.eventually(ctx, "sport", v1alpha1.ReasonSynced, promptly)
		calls := t.calls()
		Expect(calls[len(calls)-1].Credential).To(Equal(rotated.Name()))
		Expect(runScript(ctx, dir, scripts["Rotation"][1])).To(MatchRegexp(`sport +True +Synced`))
		delete(scripts, "Rotation")

		run(ctx, "Without a watch")
		Eventually(func() string { return t.get(ctx, "sport").Status.LastHandledReconcileAt }).WithContext(ctx).
			ShouldNot(BeEmpty(), "the reconcile that was asked for is handled")
	})

	It("has no command beyond those", func() { Expect(scripts).To(BeEmpty()) })

	It("has a policy of the five actions that the API asks for", func() {
		policies := blocks("json")["Permissions in IAM"]
		Expect(policies).To(HaveLen(1))
		var policy struct {
			Version   string
			Statement []struct {
				Effect string
				Action []string
			}
		}
		Expect(json.Unmarshal([]byte(policies[0]), &policy)).To(Succeed())
		Expect(policy.Version).To(Equal("1.1"))
		Expect(policy.Statement).To(HaveLen(1))
		Expect(policy.Statement[0].Effect).To(Equal("Allow"))
		Expect(policy.Statement[0].Action).To(ConsistOf(
			"live:record:createCallback", "live:record:updateCallback", "live:record:getCallback",
			"live:record:listCallbacks", "live:record:deleteCallback"))
	})
})

// runScript runs commands of the page as its reader would, and gives what they print.
func runScript(ctx context.Context, dir, script string) string {
	GinkgoHelper()
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	command := exec.CommandContext(ctx, "bash", "-euo", "pipefail", "-c", script)
	command.Dir = dir
	command.Env = append(os.Environ(), "KUBECONFIG="+cluster.Kubeconfig,
		"PATH="+os.Getenv("KUBEBUILDER_ASSETS")+string(os.PathListSeparator)+os.Getenv("PATH"))
	printed, err := command.CombinedOutput()
	Expect(err).NotTo(HaveOccurred(), "%s\n%s", script, printed)
	return string(printed)
}
