package metrics_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/prometheus/client_golang/prometheus"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	clocktesting "k8s.io/utils/clock/testing"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/live-operator/live-operator/api/v1alpha1"
	"github.com/live-operator/live-operator/internal/inventory"
	"github.com/live-operator/live-operator/internal/live"
	"github.com/live-operator/live-operator/internal/metrics"
	"github.com/live-operator/live-operator/internal/ratelimit"
)

func TestMetrics(t *testing.T) {
	RegisterFailHandler(Fail)
	RunSpecs(t, "Metrics")
}

var start = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// bench is the metrics of an operator whose parts are set by hand.
type bench struct {
	*metrics.Metrics
	clock    *clocktesting.FakePassiveClock
	registry *prometheus.Registry
	changes  *metrics.Changes
	elected  chan struct{}

	resources []*v1alpha1.RecordCallbackConfig
	readErr   error
	left      ratelimit.Stats
	held      []inventory.Stats
	resting   int
}

// newBench is of a replica that acts.
func newBench() *bench {
	b := &bench{clock: clocktesting.NewFakePassiveClock(start), registry: prometheus.NewRegistry(), elected: make(chan struct{})}
	b.Metrics = metrics.New(b.registry)
	metrics.Build(b.registry, "v1", "c0ffee")
	b.changes = b.Changes(b.elected, b.clock)
	b.registry.MustRegister(metrics.NewState(metrics.Sources{
		Reader: reader{bench: b}, Elected: b.elected, Clock: b.clock,
		Budget: budget{b}, Inventory: projects{b}, Credentials: credentials{b},
	}, b.changes))
	return b
}

func (b *bench) acts() *bench {
	close(b.elected)
	return b
}

func (b *bench) pass(d time.Duration) { b.clock.SetTime(b.clock.Now().Add(d)) }

// reader is the cache.
type reader struct {
	client.Reader
	bench *bench
}

func (r reader) List(_ context.Context, list client.ObjectList, _ ...client.ListOption) error {
	items := &list.(*v1alpha1.RecordCallbackConfigList).Items
	for _, obj := range r.bench.resources {
		*items = append(*items, *obj)
	}
	return r.bench.readErr
}

type (
	budget      struct{ *bench }
	projects    struct{ *bench }
	credentials struct{ *bench }
)

func (b budget) Stats() ratelimit.Stats     { return b.left }
func (p projects) Stats() []inventory.Stats { return p.held }
func (c credentials) Resting() int          { return c.resting }

// told is the samples of a metric, as name{label="value"} value; of a histogram
// the sum and the count.
func (b *bench) told(name string) []string {
	GinkgoHelper()
	families, err := b.registry.Gather()
	Expect(err).NotTo(HaveOccurred())
	samples := []string{}
	for _, f := range families {
		if f.GetName() != "live_operator_"+name {
			continue
		}
		for _, m := range f.GetMetric() {
			var labels []string
			for _, l := range m.GetLabel() {
				labels = append(labels, l.GetName()+"="+l.GetValue())
			}
			value := fmt.Sprint(m.GetCounter().GetValue() + m.GetGauge().GetValue())
			if h := m.GetHistogram(); h != nil {
				value = fmt.Sprintf("%v in %d", h.GetSampleSum(), h.GetSampleCount())
			}
			samples = append(samples, strings.TrimSpace(strings.Join(labels, " ")+" "+value))
		}
	}
	slices.Sort(samples)
	return samples
}

// resource is one that was never handled.
func resource(namespace, name string) *v1alpha1.RecordCallbackConfig {
	return &v1alpha1.RecordCallbackConfig{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: namespace, Name: name, UID: types.UID(namespace + "/" + name), Generation: 1,
			CreationTimestamp: metav1.NewTime(start.Add(-time.Hour)),
		},
		Spec: v1alpha1.RecordCallbackConfigSpec{Region: "cn-north-4", ProjectID: "project-a"},
	}
}

// is gives a resource a Ready condition of its current generation, since so long
// ago.
func is(obj *v1alpha1.RecordCallbackConfig, status metav1.ConditionStatus, reason string, ago time.Duration) *v1alpha1.RecordCallbackConfig {
	obj.Status.Conditions = []metav1.Condition{{Type: v1alpha1.ConditionReady, Status: status, Reason: reason,
		ObservedGeneration: obj.Generation, LastTransitionTime: metav1.NewTime(start.Add(-ago))}}
	return obj
}

// a is the project of every resource.
var a = live.Target{Region: "cn-north-4", ProjectID: "project-a"}

var errCache = errors.New("the cache is not there")
