package credentials

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/live-operator/live-operator/api/v1alpha1"
	"github.com/live-operator/live-operator/test/builder"
	"github.com/live-operator/live-operator/test/livesim"
)

var _ = Describe("No secret is let out", func() {
	It("into the log at its highest verbosity, events, resources or metrics, whatever the API answers", func(ctx SpecContext) {
		c := canaries{}
		metrics := freeAddress(ctx)
		pod := newPod(GinkgoT().TempDir())
		c["pod secret key"], c["pod security token"] = pod.secret+newID(), pod.security
		pod.secret = c["pod secret key"]
		DeferCleanup(sim.ClearFaults)
		replaceOperator(ctx, binary, pod.env(), cluster.Kubeconfig,
			"--zap-log-level=10", "--metrics-bind-address="+metrics, "--metrics-secure=false")

		// All four kinds, each of a tenant with a callback key. The Live API can
		// repeat only what it is sent: no password, and no key to sign with.
		byToken, byKey, byUser, byPod := newTenant(ctx), newTenant(ctx), newTenant(ctx), newTenant(ctx)
		sent := map[*tenant][]string{}
		secretOf := func(t *tenant, b *builder.SecretBuilder, repeatable ...string) {
			applied := b.InNamespace(t.namespace).Build()
			annotate(applied)
			t.create(ctx, applied)
			key := c.add("callback key of " + t.namespace)
			keys := builder.Secret("callback-key").With("key", key).Build()
			annotate(keys)
			t.create(ctx, keys)
			sent[t] = append(repeatable, key)
		}
		token := c.add("token")
		sim.AddToken(token, byToken.project)
		secretOf(byToken, builder.Secret(secretName).WithToken(token), token)

		access, secretKey, security := newID(), c.add("secret key"), c.add("security token")
		sim.AddTemporaryAccessKey(access, secretKey, security, byKey.project)
		secretOf(byKey, builder.Secret(secretName).WithAccessKey(access, secretKey).With("securityToken", security), security)

		password, issued := c.add("password"), c.add("issued token")
		domain := newID()
		sim.AddUser(domain, "live", password, byUser.project)
		sim.AddToken(issued, byUser.project)
		sim.Fail(livesim.Fault{Operation: livesim.Authenticate, Status: http.StatusCreated,
			Body: `{"token":{"expires_at":"2099-01-01T00:00:00.000000Z"}}`, Header: map[string]string{"X-Subject-Token": issued}})
		secretOf(byUser, builder.Secret(secretName).WithPassword(domain, "live", password), issued)

		sim.AddTemporaryAccessKey(pod.access, pod.secret, pod.security, byPod.project)
		secretOf(byPod, builder.Secret(secretName).With("podIdentity", "true"), pod.security)
		tenants := []*tenant{byToken, byKey, byUser, byPod}

		By("succeeding")
		sim.SetBehavior(func(b *livesim.Behavior) { b.ShowKey = true })
		DeferCleanup(func() { sim.SetBehavior(func(b *livesim.Behavior) { b.ShowKey = false }) })
		for _, t := range tenants {
			t.create(ctx, t.config("sport").WithKey("callback-key", "key").Build())
		}
		for _, t := range tenants {
			t.eventuallyReady(ctx, "sport")
		}
		nothingLetOut(ctx, c, metrics, "success")

		// Each scenario is an answer that holds all that the API was told.
		for _, s := range []struct {
			name  string
			fault func(echo string) livesim.Fault
		}{
			{"a rejection that echoes them", func(echo string) livesim.Fault {
				return livesim.Fault{Status: 400, Code: "LIVE.100011001", Message: "Request Illegal: " + echo}
			}},
			{"a rejection that echoes them where messages are cut", func(echo string) livesim.Fault {
				return livesim.Fault{Status: 400, Code: "LIVE.100011001", Message: strings.Repeat("x", 170) + echo + strings.Repeat("y", 780) + echo}
			}},
			{"a code, a type and a request ID that echo them", func(echo string) livesim.Fault {
				return livesim.Fault{Status: 400, Code: "LIVE." + echo, Message: "no", Header: map[string]string{"X-request-id": echo}}
			}},
			{"an answer of HTML", func(echo string) livesim.Fault {
				return livesim.Fault{Status: 502, ContentType: "text/html", Body: "<html><title>" + echo + "</title>" + echo + "</html>"}
			}},
			{"a failure of the service", func(echo string) livesim.Fault {
				return livesim.Fault{Status: 500, Code: "LIVE.100011000", Message: echo}
			}},
			{"a truncated answer", func(string) livesim.Fault { return livesim.Fault{Truncate: true} }},
			{"a success that can't be read", func(echo string) livesim.Fault {
				return livesim.Fault{Status: 200, Body: `{"id": {"unexpected": "` + echo + `"}, "notify_callback_url": "` + echo}
			}},
			{"a redirect", func(echo string) livesim.Fault {
				return livesim.Fault{Redirect: "http://other.example.com/?q=" + strings.ReplaceAll(echo, " ", "+")}
			}},
			{"a broken connection", func(string) livesim.Fault { return livesim.Fault{Reset: livesim.After} }},
			{"missing permissions", func(echo string) livesim.Fault {
				return livesim.Fault{Status: 403, Code: "APIGW.0302", Message: "Policy doesn't allow " + echo}
			}},
			{"refused credentials", func(echo string) livesim.Fault {
				return livesim.Fault{Status: 401, Code: "APIGW.0301", Message: "Incorrect IAM authentication information: " + echo}
			}},
		} {
			By(s.name)
			var faults []string
			for _, t := range tenants {
				fault := s.fault(strings.Join(sent[t], " "))
				fault.Project = t.project
				faults = append(faults, sim.Fail(fault))
				t.change(ctx, "sport", func(o *v1alpha1.RecordCallbackConfig) {
					o.Spec.NotifyCallbackURL = "https://callback.example.com/" + newID()
				})
			}
			for i, t := range tenants {
				Eventually(func() int { return sim.Hits(faults[i]) }).WithContext(ctx).
					Should(BeNumerically(">", 0), "the call of %s runs into it", t.namespace)
				eventuallyFailed(ctx, t)
			}
			nothingLetOut(ctx, c, metrics, s.name)
			sim.ClearFaults(faults...)
			for _, t := range tenants {
				// The Secret is touched so that nobody waits for the end of a rest.
				touch(ctx, t)
				t.changeURL(ctx, "sport")
			}
			for _, t := range tenants {
				t.eventuallyReady(ctx, "sport")
			}
		}

		By("an answer of IAM that echoes the password")
		sim.ClearFaults()
		sim.Fail(livesim.Fault{Operation: livesim.Authenticate, Status: 401, Code: "IAM.0001", Message: "wrong: " + password})
		byUser.secret(ctx, builder.Secret(secretName).WithPassword(domain, "other", password))
		byUser.changeURL(ctx, "sport")
		byUser.eventually(ctx, "sport", v1alpha1.ReasonUnauthorized, 30*time.Second)
		nothingLetOut(ctx, c, metrics, "an answer of IAM")

		By("Secrets that can't be used")
		byToken.secret(ctx, builder.Secret(secretName).WithToken(c.add("torn token")+"\n"+token))
		byToken.eventually(ctx, "sport", v1alpha1.ReasonCredentialsInvalid, 30*time.Second)
		byKey.secret(ctx, builder.Secret(secretName).WithAccessKey(access, secretKey).WithToken(token))
		byKey.eventually(ctx, "sport", v1alpha1.ReasonCredentialsInvalid, 30*time.Second)
		byPod.secret(ctx, builder.Secret("callback-key").With("key", "-"+c["callback key of "+byPod.namespace]))
		byPod.eventually(ctx, "sport", v1alpha1.ReasonKeyInvalid, 30*time.Second)
		nothingLetOut(ctx, c, metrics, "Secrets that can't be used")

		Expect(op.Log()).To(ContainSubstring(`"level":"Level(-5)"`), "the log is verbose")
	}, SpecTimeout(6*time.Minute))
})

// nothingLetOut looks for the canaries wherever somebody could read.
func nothingLetOut(ctx context.Context, c canaries, metrics, when string) {
	GinkgoHelper()
	look := func(where, text string) {
		GinkgoHelper()
		Expect(text).NotTo(BeEmpty(), "%s can be read", where)
		if found := c.in(text); len(found) > 0 {
			AddReportEntry("let out", fmt.Sprintf("%s, %s: %v", when, where, found))
			Expect(found).To(BeEmpty(), "%s, %s", where, when)
		}
	}
	look("the log", op.Log())
	var old corev1.EventList
	var events eventsv1.EventList
	Expect(cluster.Client.List(ctx, &old)).To(Succeed())
	Expect(cluster.Client.List(ctx, &events)).To(Succeed())
	look("events", marshal(old)+marshal(events))
	resources := &unstructured.UnstructuredList{}
	resources.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind("RecordCallbackConfigList"))
	Expect(cluster.Client.List(ctx, resources)).To(Succeed())
	Expect(resources.Items).NotTo(BeEmpty())
	Expect(resources.Items[0].GetManagedFields()).NotTo(BeEmpty())
	look("resources", marshal(resources))

	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+metrics+"/metrics", nil)
	Expect(err).NotTo(HaveOccurred())
	response, err := http.DefaultClient.Do(request)
	Expect(err).NotTo(HaveOccurred())
	defer func() { _ = response.Body.Close() }()
	page, err := io.ReadAll(response.Body)
	Expect(err).NotTo(HaveOccurred())
	look("metrics", string(page))
}

func marshal(v any) string {
	GinkgoHelper()
	text, err := yaml.Marshal(v)
	Expect(err).NotTo(HaveOccurred())
	return string(text)
}

// annotate puts the whole Secret into an annotation, as kubectl apply does.
func annotate(s *corev1.Secret) {
	GinkgoHelper()
	applied, err := json.Marshal(s)
	Expect(err).NotTo(HaveOccurred())
	s.Annotations = map[string]string{corev1.LastAppliedConfigAnnotation: string(applied)}
}

// touch changes the version of the tenant's Secret, and not what it holds.
func touch(ctx context.Context, t *tenant) {
	GinkgoHelper()
	secret := &corev1.Secret{}
	Expect(cluster.Client.Get(ctx, client.ObjectKey{Namespace: t.namespace, Name: secretName}, secret)).To(Succeed())
	secret.Labels = map[string]string{"touched": newID()}
	Expect(cluster.Client.Update(ctx, secret)).To(Succeed())
}

// eventuallyFailed waits until the status tells of the failure.
func eventuallyFailed(ctx context.Context, t *tenant) {
	GinkgoHelper()
	Eventually(func(g Gomega) {
		obj := t.get(ctx, "sport")
		g.Expect(obj.Status.ObservedGeneration).To(Equal(obj.Generation))
		g.Expect(obj.Status.LastError).NotTo(BeNil())
	}).WithContext(ctx).Should(Succeed(), "waiting for the failure in %s to show", t.namespace)
}

func freeAddress(ctx context.Context) string {
	GinkgoHelper()
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	Expect(err).NotTo(HaveOccurred())
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}
