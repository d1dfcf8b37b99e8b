package metrics

import (
	"runtime"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/live-operator/live-operator/internal/live"
)

// Definition is what a metric is called and means.
type Definition struct {
	// Name is the whole name.
	Name string
	// Type is counter, gauge or histogram.
	Type string
	// Labels are the names of its labels, in the order of their values.
	Labels []string
	// Help is one sentence.
	Help string
}

// Definitions are all metrics of the operator, in the order of the docs.
func Definitions() []Definition {
	return []Definition{
		resources, notReady, notReadySince, changeToApplied,
		apiRequests, apiDuration,
		throttleWait, callsWaiting, budgetLeft, projectsPaused,
		credentialsResting, credentialRests,
		inventoryProjects, inventoryConfigs, inventoryAge,
		driftFound, driftCorrected,
		leader, buildInfo,
	}
}

// The metrics.
var (
	resources = gauge("resources",
		"Resources by the status and the reason of their Ready condition; Unknown where their current generation was not handled yet, and the reason Suspended while they are suspended.",
		"ready", "reason")
	notReady = gauge("not_ready_resources",
		"Resources that are not Ready and not suspended, by namespace and reason; past a hundred such pairs the latest are summed up under the namespace (others).",
		"resource_namespace", "reason")
	notReadySince = gauge("not_ready_since_timestamp_seconds",
		"Since when the longest of these resources has not been Ready, in Unix time.",
		"resource_namespace", "reason")
	changeToApplied = histogram("change_to_applied_seconds",
		"Time from when the operator saw a new or changed spec to when the status said that the API has it.")

	apiRequests = counter("api_requests_total",
		"Calls by operation, HTTP status (none without an answer) and what the operator made of the answer (OK, or the class of the error); Authenticate are calls to IAM.",
		"operation", "code", "class")
	apiDuration = histogram("api_request_duration_seconds",
		"Time from a request to the last byte of its answer.",
		"operation")

	throttleWait = histogram("throttle_wait_seconds",
		"Time that calls to the Live API waited for their project's budget.")
	callsWaiting = gauge("calls_waiting",
		"Calls to the Live API that wait for their project's budget now.")
	budgetLeft = gauge("budget_left_calls",
		"Calls that the project with the least budget left could make at once; 0 while one pauses.")
	projectsPaused = gauge("projects_paused",
		"Projects that make no calls now, because the Live API throttled one.")

	credentialsResting = gauge("credentials_resting",
		"Secrets whose credentials were not accepted and are not tried for a while.")
	credentialRests = counter("credential_rests_total",
		"How often credentials were put to rest because they were not accepted.")

	inventoryProjects = gauge("inventory_projects",
		"Projects of which it is known what they hold.")
	inventoryConfigs = gauge("inventory_configurations",
		"Configurations that these projects hold, whoever made them.")
	inventoryAge = gauge("inventory_age_seconds",
		"Age of the oldest list of a project that has resources.")

	driftFound = counter("drift_found_total",
		"Configurations that somebody else was found to have changed, or deleted.",
		"kind")
	driftCorrected = counter("drift_corrected_total",
		"Such configurations that the operator put right, or created again.",
		"kind")

	leader = gauge("leader",
		"1 where this replica acts, 0 where it waits to take over.")
	buildInfo = gauge("build_info",
		"Always 1; the labels say which build of the operator runs.",
		"version", "commit", "goversion")
)

// The buckets of the histograms, in seconds.
var (
	// An API call takes tens of milliseconds, and 30 s at most by default.
	callBuckets = []float64{.025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60}
	// Most calls wait for nothing; with a pause, or a thousand resources in line,
	// it is minutes.
	waitBuckets = []float64{.01, .1, .5, 1, 5, 15, 60, 300, 900, 3600}
	// A change alone is applied within a second, ten thousand in 35 minutes.
	changeBuckets = []float64{.25, .5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600, 14400}
)

// Kinds of drift.
const (
	// Changed is drift of a configuration that is there.
	Changed = "changed"
	// Deleted is drift of one that is gone.
	Deleted = "deleted"
)

// Metrics counts what happens. Make it with New; DriftFound and DriftCorrected of
// a nil *Metrics count nothing. Safe for concurrent use.
type Metrics struct {
	requests               *prometheus.CounterVec
	durations              *prometheus.HistogramVec
	waits, changes         *prometheus.HistogramVec
	rests                  *prometheus.CounterVec
	driftFound, driftFixed *prometheus.CounterVec
}

// New makes the counters and histograms and registers them. It panics where
// they are registered already.
func New(r prometheus.Registerer) *Metrics {
	m := &Metrics{
		requests:   counterOf(apiRequests),
		durations:  histogramOf(apiDuration, callBuckets),
		waits:      histogramOf(throttleWait, waitBuckets),
		changes:    histogramOf(changeToApplied, changeBuckets),
		rests:      counterOf(credentialRests),
		driftFound: counterOf(driftFound),
		driftFixed: counterOf(driftCorrected),
	}
	// From the start: the first increase of a series that did not exist is not
	// seen by rate.
	m.waits.WithLabelValues()
	m.changes.WithLabelValues()
	m.rests.WithLabelValues()
	for _, kind := range []string{Changed, Deleted} {
		m.driftFound.WithLabelValues(kind)
		m.driftFixed.WithLabelValues(kind)
	}
	r.MustRegister(m.requests, m.durations, m.waits, m.changes, m.rests, m.driftFound, m.driftFixed)
	return m
}

// Build registers which build runs.
func Build(r prometheus.Registerer, version, commit string) {
	r.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: buildInfo.Name, Help: buildInfo.Help,
		ConstLabels: prometheus.Labels{"version": version, "commit": commit, "goversion": runtime.Version()}},
		func() float64 { return 1 }))
}

// Call counts a call.
func (m *Metrics) Call(c live.Call) {
	class := string(c.Class)
	if class == "" {
		class = "OK"
	}
	m.requests.WithLabelValues(string(c.Operation), code(c.HTTPStatus), class).Inc()
	m.durations.WithLabelValues(string(c.Operation)).Observe(c.Duration.Seconds())
}

// code is the label of an HTTP status. A server may say any three digits.
func code(status int) string {
	switch {
	case status == 0:
		return "none"
	case status < 100 || status > 599:
		return "other"
	}
	return strconv.Itoa(status)
}

// Waited counts a call that had to wait so long for its budget.
func (m *Metrics) Waited(d time.Duration) { m.waits.WithLabelValues().Observe(d.Seconds()) }

// Rested counts credentials that were put to rest.
func (m *Metrics) Rested() { m.rests.WithLabelValues().Inc() }

// DriftFound counts drift of a kind.
func (m *Metrics) DriftFound(kind string) {
	if m != nil {
		m.driftFound.WithLabelValues(kind).Inc()
	}
}

// DriftCorrected counts drift of a kind that was put right.
func (m *Metrics) DriftCorrected(kind string) {
	if m != nil {
		m.driftFixed.WithLabelValues(kind).Inc()
	}
}

const prefix = "live_operator_"

func counter(name, help string, labels ...string) Definition {
	return Definition{prefix + name, "counter", labels, help}
}

func gauge(name, help string, labels ...string) Definition {
	return Definition{prefix + name, "gauge", labels, help}
}

func histogram(name, help string, labels ...string) Definition {
	return Definition{prefix + name, "histogram", labels, help}
}

func counterOf(d Definition) *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts{Name: d.Name, Help: d.Help}, d.Labels)
}

func histogramOf(d Definition, buckets []float64) *prometheus.HistogramVec {
	return prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: d.Name, Help: d.Help, Buckets: buckets}, d.Labels)
}

// desc is what a collector describes.
func (d Definition) desc() *prometheus.Desc {
	return prometheus.NewDesc(d.Name, d.Help, d.Labels, nil)
}
