package observability

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"io"
	"net/http"
	"regexp"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/live-operator/live-operator/api/v1alpha1"
	"github.com/live-operator/live-operator/test/builder"
	"github.com/live-operator/live-operator/test/harness"
	"github.com/live-operator/live-operator/test/livesim"
)

// running is an operator in trouble of every kind.
type running struct {
	cluster *harness.Cluster
	sim     *livesim.Simulator
	// address is where the metrics are.
	address string
}

// start starts an operator with nothing to do yet.
func start(ctx context.Context) *running {
	GinkgoHelper()
	r := &running{address: freeAddress(ctx)}
	var err error
	r.cluster, err = harness.StartCluster()
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(func() { Expect(r.cluster.Stop()).To(Succeed()) })
	binary, err := harness.Build(ctx)
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(binary.Remove)
	r.sim = livesim.New(livesim.Options{})
	r.sim.Start()
	DeferCleanup(r.sim.Close)
	op, err := binary.Start(ctx, r.cluster.Kubeconfig, "--live-endpoint="+r.sim.URL(), "--iam-endpoint="+r.sim.URL(),
		"--metrics-bind-address="+r.address, "--metrics-secure=false")
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(func() { Expect(op.Stop()).To(Succeed()) })
	return r
}

// tenant is a namespace with a project of its own.
type tenant struct {
	*running
	namespace, project string
}

// tenant makes one whose credentials are a user's, unless they are to be bad.
func (r *running) tenant(ctx context.Context, name string, bad bool) *tenant {
	GinkgoHelper()
	var id [16]byte
	_, _ = rand.Read(id[:])
	t := &tenant{running: r, namespace: name, project: hex.EncodeToString(id[:])}
	Expect(r.cluster.Client.Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}})).To(Succeed())
	secret := builder.Secret(builder.DefaultSecret).InNamespace(name)
	if bad {
		secret = secret.WithToken("nobody-knows-this-token")
	} else {
		r.sim.AddUser("example", name, "a-password-of-"+name, t.project)
		secret = secret.WithPassword("example", name, "a-password-of-"+name)
	}
	Expect(r.cluster.Client.Create(ctx, secret.Build())).To(Succeed())
	return t
}

func (t *tenant) apply(ctx context.Context, name string, change ...func(*v1alpha1.RecordCallbackConfig)) {
	GinkgoHelper()
	obj := builder.Config(name).InNamespace(t.namespace).InProject(t.project).WithApp(name).WithURL("https://callback.example.com/record").Build()
	for _, c := range change {
		c(obj)
	}
	Expect(t.cluster.Client.Create(ctx, obj)).To(Succeed())
}

func (t *tenant) get(ctx context.Context, name string) *v1alpha1.RecordCallbackConfig {
	GinkgoHelper()
	obj := &v1alpha1.RecordCallbackConfig{}
	Expect(t.cluster.Client.Get(ctx, client.ObjectKey{Namespace: t.namespace, Name: name}, obj)).To(Succeed())
	return obj
}

// eventually waits for the reason of the Ready condition, of what the spec is now.
func (t *tenant) eventually(ctx context.Context, name, reason string) *v1alpha1.RecordCallbackConfig {
	GinkgoHelper()
	var obj *v1alpha1.RecordCallbackConfig
	Eventually(func(g Gomega) {
		obj = t.get(ctx, name)
		ready := meta.FindStatusCondition(obj.Status.Conditions, v1alpha1.ConditionReady)
		g.Expect(ready).NotTo(BeNil())
		g.Expect(ready.ObservedGeneration).To(Equal(obj.Generation))
		g.Expect(ready.Reason).To(Equal(reason), ready.Message)
	}).WithContext(ctx).Should(Succeed(), "waiting for %s of %s/%s", reason, t.namespace, name)
	return obj
}

func (t *tenant) change(ctx context.Context, name string, edit func(*v1alpha1.RecordCallbackConfig)) {
	GinkgoHelper()
	obj := t.get(ctx, name)
	base := obj.DeepCopy()
	edit(obj)
	Expect(t.cluster.Client.Patch(ctx, obj, client.MergeFrom(base))).To(Succeed())
}

// force asks for a reconcile now.
func (t *tenant) force(ctx context.Context, name string) {
	GinkgoHelper()
	t.change(ctx, name, func(c *v1alpha1.RecordCallbackConfig) {
		metav1.SetMetaDataAnnotation(&c.ObjectMeta, v1alpha1.AnnotationReconcileRequestedAt, time.Now().Format(time.RFC3339Nano))
	})
}

// scrape is all that the operator tells.
func (r *running) scrape(ctx context.Context) string {
	GinkgoHelper()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+r.address+"/metrics", nil)
	Expect(err).NotTo(HaveOccurred())
	response, err := http.DefaultClient.Do(request)
	Expect(err).NotTo(HaveOccurred())
	defer func() { _ = response.Body.Close() }()
	Expect(response.StatusCode).To(Equal(http.StatusOK))
	body, err := io.ReadAll(response.Body)
	Expect(err).NotTo(HaveOccurred())
	return string(body)
}

// samples are those lines of a scrape that match.
func samples(scrape, pattern string) []string {
	return regexp.MustCompile(`(?m)^`+pattern+`.*$`).FindAllString(scrape, -1)
}

// own is what is said of the operator's own metrics.
func own(scrape string) string {
	var lines strings.Builder
	for line := range strings.Lines(scrape) {
		if strings.Contains(line, "live_operator_") {
			lines.WriteString(line)
		}
	}
	return lines.String()
}
