package metrics

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/live-operator/live-operator/api/v1alpha1"
	"github.com/live-operator/live-operator/internal/inventory"
	"github.com/live-operator/live-operator/internal/live"
	"github.com/live-operator/live-operator/internal/ratelimit"
)

// Sources are what the gauges are read from. All are required.
type Sources struct {
	// Reader reads resources from the cache.
	Reader client.Reader
	// Elected is closed when this replica acts.
	Elected <-chan struct{}
	// Budget is what may be called when; *ratelimit.Budget is one.
	Budget interface{ Stats() ratelimit.Stats }
	// Inventory is what projects hold; *inventory.Inventory is one.
	Inventory interface{ Stats() []inventory.Stats }
	// Credentials are those in use; *credentials.Cache is one.
	Credentials interface{ Resting() int }
	// Clock tells the time.
	Clock clock.PassiveClock
}

// state is the gauges.
type state struct {
	Sources
	changes *Changes
}

// NewState makes the gauges, to be registered. Changes tells since when a spec
// is new that has not been handled.
func NewState(s Sources, c *Changes) prometheus.Collector { return &state{s, c} }

// Describe implements prometheus.Collector.
func (s *state) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []Definition{
		resources, notReady, notReadySince, callsWaiting, budgetLeft, projectsPaused,
		credentialsResting, inventoryProjects, inventoryConfigs, inventoryAge, leader,
	} {
		ch <- d.desc()
	}
}

// readTimeout bounds a look into the cache, which answers at once when it is
// there.
const readTimeout = 5 * time.Second

// Collect implements prometheus.Collector.
func (s *state) Collect(ch chan<- prometheus.Metric) {
	tell := func(d Definition, value float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d.desc(), prometheus.GaugeValue, value, labels...)
	}
	if !isClosed(s.Elected) {
		tell(leader, 0)
		return
	}
	tell(leader, 1)

	budget := s.Budget.Stats()
	tell(budgetLeft, budget.Left)
	tell(projectsPaused, float64(budget.Paused))
	tell(callsWaiting, float64(budget.Waiting))
	tell(credentialsResting, float64(s.Credentials.Resting()))

	ctx, cancel := context.WithTimeout(context.Background(), readTimeout)
	defer cancel()
	var list v1alpha1.RecordCallbackConfigList
	if err := s.Reader.List(ctx, &list, client.UnsafeDisableDeepCopy); err != nil {
		// What is missing is noticed, see the alert LiveOperatorDown; a wrong 0
		// would not be.
		return
	}
	now := s.Clock.Now()
	counts := map[standing]int{}
	projects := map[live.Target]struct{}{}
	var troubles troubles
	for n := range list.Items {
		obj := &list.Items[n]
		at := standingOf(obj)
		counts[at]++
		projects[live.Target{Region: obj.Spec.Region, ProjectID: obj.Spec.ProjectID}] = struct{}{}
		if at.isTrouble() {
			troubles.add(obj.Namespace, at.reason, s.since(obj, now))
		}
	}
	// Always there, so that its absence says that nobody acts.
	counts[standing{"True", v1alpha1.ReasonSynced}] += 0
	for at, count := range counts {
		tell(resources, float64(count), at.ready, at.reason)
	}
	for _, t := range troubles.told() {
		tell(notReady, float64(t.count), t.namespace, t.reason)
		tell(notReadySince, float64(t.since.Unix()), t.namespace, t.reason)
	}
	s.collectInventory(tell, projects, now)
}

func (s *state) collectInventory(tell func(Definition, float64, ...string), projects map[live.Target]struct{}, now time.Time) {
	known, configs, age := 0, 0, time.Duration(0)
	for _, p := range s.Inventory.Stats() {
		if p.ListedAt.IsZero() {
			continue
		}
		known++
		configs += p.Configs
		if _, used := projects[p.Target]; used {
			age = max(age, now.Sub(p.ListedAt))
		}
	}
	tell(inventoryProjects, float64(known))
	tell(inventoryConfigs, float64(configs))
	tell(inventoryAge, age.Seconds())
}

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}
