package credentials

import (
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/live-operator/live-operator/api/v1alpha1"
	"github.com/live-operator/live-operator/test/builder"
	"github.com/live-operator/live-operator/test/livesim"
)

var _ = Describe("A rotated Secret", func() {
	It("is used for the next change, without a restart", func(ctx SpecContext) {
		t := newTenant(ctx)
		first, second := newID(), newID()
		before, after := sim.AddToken(first, t.project), sim.AddToken(second, t.project)
		t.secret(ctx, builder.Secret(secretName).WithToken(first))
		t.apply(ctx, "sport")
		t.eventuallyReady(ctx, "sport")
		Expect(users(t.calls())).To(Equal([]string{before.Name()}))

		made := len(t.calls())
		t.secret(ctx, builder.Secret(secretName).WithToken(second))
		before.Revoke()
		t.changeURL(ctx, "sport")
		t.eventually(ctx, "sport", v1alpha1.ReasonSynced, promptly)
		calls := t.calls()
		Expect(calls[len(calls)-1].Credential).To(Equal(after.Name()))
		Expect(refused(calls)).To(BeEmpty())
		Expect(len(calls)).To(BeNumerically(">", made))
	})

	It("may change its kind", func(ctx SpecContext) {
		t := newTenant(ctx)
		token, access, secret := newID(), newID(), newID()
		sim.AddToken(token, t.project)
		key := sim.AddAccessKey(access, secret, t.project)
		t.secret(ctx, builder.Secret(secretName).WithToken(token))
		t.apply(ctx, "sport")
		t.eventuallyReady(ctx, "sport")

		t.secret(ctx, builder.Secret(secretName).WithAccessKey(access, secret))
		t.changeURL(ctx, "sport")
		t.eventually(ctx, "sport", v1alpha1.ReasonSynced, promptly)
		puts := t.calls(livesim.Update)
		Expect(puts).To(HaveLen(1))
		Expect(puts[0].Credential).To(Equal(key.Name()))
	})

	It("shows a mistake in it promptly, and a mended one as promptly", func(ctx SpecContext) {
		t := newTenant(ctx)
		token := newID()
		sim.AddToken(token, t.project)
		t.secret(ctx, builder.Secret(secretName).WithToken(token))
		t.apply(ctx, "sport")
		t.eventuallyReady(ctx, "sport")

		By("being refused by the API")
		t.secret(ctx, builder.Secret(secretName).WithToken(newID()))
		obj := t.eventually(ctx, "sport", v1alpha1.ReasonUnauthorized, promptly)
		Expect(obj.Status.LastError.HTTPStatus).To(BeEquivalentTo(401))
		Expect(obj.Status.LastError.RequestID).NotTo(BeEmpty())
		t.secret(ctx, builder.Secret(secretName).WithToken(token))
		obj = t.eventually(ctx, "sport", v1alpha1.ReasonSynced, promptly)
		Expect(obj.Status.LastError).To(BeNil())

		By("holding two kinds at once")
		t.secret(ctx, builder.Secret(secretName).WithToken(token).WithAccessKey("a", "b"))
		t.eventually(ctx, "sport", v1alpha1.ReasonCredentialsInvalid, promptly)
		t.secret(ctx, builder.Secret(secretName).WithToken(token))
		t.eventually(ctx, "sport", v1alpha1.ReasonSynced, promptly)

		By("writing nothing to the API for any of it")
		Expect(t.calls(livesim.Update)).To(BeEmpty())
		Expect(t.calls(livesim.Create)).To(HaveLen(1))
	})

	It("is used at the next call where Secrets are not watched, and then a get of Secrets is all that is needed", func(ctx SpecContext) {
		role := documentedRole()
		role.withoutVerbs("secrets", "list", "watch")
		t := newTenant(ctx)
		account := newAccount(ctx)
		account.grantEverywhere(ctx, role.Rules)
		replaceOperator(ctx, binary, nil, account.kubeconfig, "--watch-secrets=false")

		first, second := newID(), newID()
		before, after := sim.AddToken(first, t.project), sim.AddToken(second, t.project)
		t.secret(ctx, builder.Secret(secretName).WithToken(first))
		t.apply(ctx, "sport")
		t.eventuallyReady(ctx, "sport")

		t.secret(ctx, builder.Secret(secretName).WithToken(second))
		before.Revoke()
		t.changeURL(ctx, "sport")
		t.eventually(ctx, "sport", v1alpha1.ReasonSynced, promptly)
		calls := t.calls()
		Expect(calls[len(calls)-1].Credential).To(Equal(after.Name()))
		Expect(refused(calls)).To(BeEmpty())

		By("mending a mistake with a call that a person asks for")
		t.secret(ctx, builder.Secret(secretName).WithToken(newID()))
		t.changeURL(ctx, "sport")
		t.eventually(ctx, "sport", v1alpha1.ReasonUnauthorized, 30*time.Second)
		t.secret(ctx, builder.Secret(secretName).WithToken(second))
		t.change(ctx, "sport", func(c *v1alpha1.RecordCallbackConfig) {
			metav1.SetMetaDataAnnotation(&c.ObjectMeta, v1alpha1.AnnotationReconcileRequestedAt, newID())
		})
		t.eventually(ctx, "sport", v1alpha1.ReasonSynced, promptly)

		Expect(account.used()).NotTo(ContainElement(BeElementOf("secrets list", "secrets watch")))
		Expect(account.forbidden()).To(BeEmpty())
	}, SpecTimeout(2*time.Minute))
})

var _ = Describe("A bad Secret", func() {
	It("that a thousand resources share is refused five times at most in the first minute, and mended, all are Ready", func(ctx SpecContext) {
		t := newTenant(ctx)
		t.secret(ctx, builder.Secret(secretName).WithToken(newID()))
		began := time.Now()
		t.apply(ctx, numbered(many)...)
		t.eventuallyAll(ctx, v1alpha1.ReasonUnauthorized, 3*time.Minute)
		Expect(len(refused(t.calls()))).To(BeNumerically("<=", 5))
		Consistently(func() int { return len(t.calls()) }).WithTimeout(max(time.Second, time.Minute-time.Since(began))).WithPolling(time.Second).
			Should(BeNumerically("<=", 5), "no more is called in all of the first minute")

		token := newID()
		sim.AddToken(token, t.project)
		t.secret(ctx, builder.Secret(secretName).WithToken(token))
		t.eventuallyAll(ctx, v1alpha1.ReasonSynced, 3*time.Minute)
		Expect(sim.Configs(t.project)).To(HaveLen(many))
		Expect(len(refused(t.calls()))).To(BeNumerically("<=", 5), "nothing was refused after it was mended")
	}, SpecTimeout(8*time.Minute))

	It("of a user does not lock the account, however many resources share it", func(ctx SpecContext) {
		t := newTenant(ctx)
		domain, password := newID(), newID()
		user := sim.AddUser(domain, "live", password, t.project)
		t.secret(ctx, builder.Secret(secretName).WithPassword(domain, "live", "wrong"))
		t.apply(ctx, numbered(50)...)
		t.eventuallyAll(ctx, v1alpha1.ReasonUnauthorized, time.Minute)
		Expect(user.Failures()).To(BeNumerically("<=", 2))
		Expect(t.calls()).To(BeEmpty(), "the Live API is not called without a token")

		t.secret(ctx, builder.Secret(secretName).WithPassword(domain, "live", password))
		t.eventuallyAll(ctx, v1alpha1.ReasonSynced, time.Minute)
		Expect(user.Failures()).To(BeNumerically("<=", 2))
	}, SpecTimeout(3*time.Minute))
})

// many is how many resources share a bad Secret.
const many = 1000
