package credentials

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/live-operator/live-operator/api/v1alpha1"
	"github.com/live-operator/live-operator/test/builder"
	"github.com/live-operator/live-operator/test/livesim"
)

var _ = Describe("Each kind of credentials", func() {
	DescribeTable("makes a resource Ready, changes it and deletes it",
		func(ctx SpecContext, prepare func(*tenant) (*livesim.Credential, *builder.SecretBuilder)) {
			t := newTenant(ctx)
			credential, secret := prepare(t)
			t.secret(ctx, secret)
			t.apply(ctx, "sport")
			t.eventuallyReady(ctx, "sport")
			t.changeURL(ctx, "sport")
			t.eventuallyReady(ctx, "sport")
			Expect(cluster.Client.Delete(ctx, t.get(ctx, "sport"))).To(Succeed())
			Eventually(func() any { return t.all(ctx) }).WithContext(ctx).Should(BeEmpty(), "the resource is deleted")

			Expect(sim.Configs(t.project)).To(BeEmpty())
			Expect(users(t.calls())).To(Equal([]string{credential.Name()}), "every call was made with these credentials")
			Expect(refused(t.calls())).To(BeEmpty())
		},
		Entry("a token", func(t *tenant) (*livesim.Credential, *builder.SecretBuilder) {
			token := newID() + newID()
			return sim.AddToken(token, t.project), builder.Secret(secretName).WithToken(token)
		}),
		Entry("a token with line breaks around it", func(t *tenant) (*livesim.Credential, *builder.SecretBuilder) {
			token := newID() + newID()
			return sim.AddToken(token, t.project), builder.Secret(secretName).WithToken("\n " + token + "\r\n")
		}),
		Entry("an access key", func(t *tenant) (*livesim.Credential, *builder.SecretBuilder) {
			access, secret := newID(), newID()
			return sim.AddAccessKey(access, secret, t.project), builder.Secret(secretName).WithAccessKey(access, secret)
		}),
		Entry("a temporary access key", func(t *tenant) (*livesim.Credential, *builder.SecretBuilder) {
			access, secret, security := newID(), newID(), newID()
			return sim.AddTemporaryAccessKey(access, secret, security, t.project),
				builder.Secret(secretName).WithAccessKey(access, secret).With("securityToken", security)
		}),
		Entry("a user of IAM", func(t *tenant) (*livesim.Credential, *builder.SecretBuilder) {
			domain, password := newID(), "a long pass phrase "+newID()
			return sim.AddUser(domain, "live", password, t.project), builder.Secret(secretName).WithPassword(domain, "live", password)
		}),
	)

	It("of a user costs one token for all resources of a project, and one more when the API ends it", func(ctx SpecContext) {
		t := newTenant(ctx)
		domain, password := newID(), newID()
		user := sim.AddUser(domain, "live", password, t.project)
		t.secret(ctx, builder.Secret(secretName).WithPassword(domain, "live", password))
		names := numbered(20)
		t.apply(ctx, names...)
		t.eventuallyReady(ctx, names...)
		Expect(tokensFor(user)).To(Equal(1))

		user.EndTokens()
		t.changeURL(ctx, names...)
		t.eventuallyReady(ctx, names...)
		Expect(tokensFor(user)).To(Equal(2))
		Expect(user.Failures()).To(BeZero())
	}, SpecTimeout(2*time.Minute))

	It("of the operator's pod signs with the keys that CCE gives it, and writes no file", func(ctx SpecContext) {
		t := newTenant(ctx)
		pod := newPod(GinkgoT().TempDir())
		key := sim.AddTemporaryAccessKey(pod.access, pod.secret, pod.security, t.project)
		home := GinkgoT().TempDir()
		replaceOperator(ctx, binary, append(pod.env(), "HOME="+home), cluster.Kubeconfig)

		t.secret(ctx, builder.Secret(secretName).With("podIdentity", "true"))
		names := numbered(5)
		t.apply(ctx, names...)
		t.eventuallyReady(ctx, names...)
		t.changeURL(ctx, names...)
		t.eventuallyReady(ctx, names...)

		Expect(users(t.calls())).To(Equal([]string{key.Name()}))
		Expect(refused(t.calls())).To(BeEmpty())
		Expect(pod.asked.Load()).To(BeEquivalentTo(1), "the keys are asked for once")
		Expect(os.ReadDir(home)).To(BeEmpty(), "nothing is written to the home directory")
	}, SpecTimeout(2*time.Minute))

	It("of the operator's pod says what is missing where CCE gives it none", func(ctx SpecContext) {
		t := newTenant(ctx)
		t.secret(ctx, builder.Secret(secretName).With("podIdentity", "true"))
		t.apply(ctx, "sport")
		obj := t.eventually(ctx, "sport", v1alpha1.ReasonUnauthorized, 30*time.Second)
		Expect(obj.Status.LastError.Operation).To(Equal("Authenticate"))
		Expect(obj.Status.LastError.Message).To(ContainSubstring("HC_CONTAINER_CREDENTIALS_FULL_URI"))
		Expect(t.calls()).To(BeEmpty())
	})
})

// tokensFor is how many tokens a user asked IAM for.
func tokensFor(user *livesim.Credential) (n int) {
	for _, call := range sim.Calls(livesim.Authenticate) {
		if call.Credential == user.Name() {
			n++
		}
	}
	return n
}

var _ = Describe("A Secret", func() {
	It("of another namespace is never used", func(ctx SpecContext) {
		owner, stranger := newTenant(ctx), newTenant(ctx)
		token := newID()
		sim.AddToken(token, livesim.AnyProject)
		owner.secret(ctx, builder.Secret(secretName).WithToken(token))
		owner.apply(ctx, "mine")
		owner.eventuallyReady(ctx, "mine")

		stranger.apply(ctx, "by-name")
		stranger.create(ctx, stranger.config("by-path").WithCredentials("x").Build())
		stranger.eventually(ctx, "by-name", v1alpha1.ReasonCredentialsNotFound, 30*time.Second)
		stranger.eventually(ctx, "by-path", v1alpha1.ReasonCredentialsNotFound, 30*time.Second)
		Expect(stranger.calls()).To(BeEmpty())

		By("nor can a reference name a namespace")
		for _, name := range []string{owner.namespace + "/" + secretName, "../" + owner.namespace + "/secrets/" + secretName} {
			refusedConfig := stranger.config("crossing").WithCredentials(name).Build()
			Expect(cluster.Client.Create(ctx, refusedConfig)).NotTo(Succeed(), "the API server refuses the name %q", name)
		}
		extra := stranger.config("extra").BuildUnstructured()
		ref := extra.Object["spec"].(map[string]any)["credentialsSecretRef"].(map[string]any)
		ref["namespace"] = owner.namespace
		Expect(cluster.Client.Create(ctx, extra)).To(Succeed(), "a field that does not exist is dropped")
		stranger.eventually(ctx, "extra", v1alpha1.ReasonCredentialsNotFound, 30*time.Second)
		Expect(stranger.calls()).To(BeEmpty())
	})

	It("is used at once when it is created after the resources that name it", func(ctx SpecContext) {
		t := newTenant(ctx)
		t.apply(ctx, "early")
		t.eventually(ctx, "early", v1alpha1.ReasonCredentialsNotFound, 30*time.Second)
		token := newID()
		sim.AddToken(token, t.project)
		t.secret(ctx, builder.Secret(secretName).WithToken(token))
		t.eventually(ctx, "early", v1alpha1.ReasonSynced, promptly)
	})
})

// pod is a stand-in for what CCE gives a pod with an identity.
type pod struct {
	*httptest.Server
	access, secret, security string
	// token is what the pod has to show.
	token, file string
	asked       atomic.Int32
}

func newPod(dir string) *pod {
	GinkgoHelper()
	p := &pod{access: newID(), secret: newID(), security: newID() + newID(), token: newID(), file: filepath.Join(dir, "token")}
	Expect(os.WriteFile(p.file, []byte(p.token), 0o600)).To(Succeed())
	p.Server = httptest.NewServer(http.HandlerFunc(p.serve))
	DeferCleanup(p.Close)
	return p
}

func (p *pod) serve(w http.ResponseWriter, r *http.Request) {
	p.asked.Add(1)
	if r.Method != http.MethodPost || r.Header.Get("Authorization") != p.token {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]any{"credentials": map[string]string{
		"accessKeyId": p.access, "secretAccessKey": p.secret, "securityToken": p.security,
		"expiration": time.Now().Add(2 * time.Hour).UTC().Format("2006-01-02T15:04:05.000000Z"),
	}})
}

// env is how the operator's pod is told.
func (p *pod) env() []string {
	return []string{"HC_CONTAINER_CREDENTIALS_FULL_URI=" + p.URL, "HC_CONTAINER_AUTHORIZATION_TOKEN_FILE=" + p.file}
}
