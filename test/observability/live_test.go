package observability

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/live-operator/live-operator/api/v1alpha1"
	"github.com/live-operator/live-operator/test/livesim"
)

const strange = "https://strange.example.com/"

var _ = Describe("A running operator", Ordered, func() {
	var r *running
	var good *tenant

	BeforeAll(func(ctx SpecContext) {
		r = start(ctx)
	}, NodeTimeout(5*time.Minute))

	// has waits for a sample. The pattern is of a line's beginning.
	has := func(ctx context.Context, pattern string) {
		GinkgoHelper()
		Eventually(func() []string { return samples(r.scrape(ctx), pattern) }).WithContext(ctx).
			ShouldNot(BeEmpty(), "waiting for %s", pattern)
	}

	It("counts the calls for a change, measures them, and how long the change took", func(ctx SpecContext) {
		Expect(samples(r.scrape(ctx), `live_operator_api_requests_total`)).To(BeEmpty())
		good = r.tenant(ctx, "good", false)
		good.apply(ctx, "steady")
		good.eventually(ctx, "steady", v1alpha1.ReasonSynced)
		has(ctx, `live_operator_api_requests_total\{class="OK",code="201",operation="Authenticate"\} 1$`)
		has(ctx, `live_operator_api_requests_total\{class="OK",code="200",operation="List"\} 1$`)
		has(ctx, `live_operator_api_requests_total\{class="OK",code="201",operation="Create"\} 1$`)
		has(ctx, `live_operator_api_request_duration_seconds_count\{operation="Create"\} 1$`)
		has(ctx, `live_operator_throttle_wait_seconds_count 2$`)
		has(ctx, `live_operator_change_to_applied_seconds_count 1$`)
		has(ctx, `live_operator_resources\{ready="True",reason="Synced"\} 1$`)
		has(ctx, `live_operator_inventory_projects 1$`)
		has(ctx, `live_operator_inventory_configurations 1$`)
		has(ctx, `live_operator_inventory_age_seconds `)
		has(ctx, `live_operator_budget_left_calls \d`)
		has(ctx, `live_operator_calls_waiting 0$`)
		has(ctx, `live_operator_leader 1$`)
		has(ctx, `live_operator_build_info\{.*version="dev"\} 1$`)
		good.change(ctx, "steady", func(c *v1alpha1.RecordCallbackConfig) { c.Spec.NotifyCallbackURL = "https://callback.example.com/v2" })
		has(ctx, `live_operator_api_requests_total\{class="OK",code="200",operation="Update"\} 1$`)
		has(ctx, `live_operator_change_to_applied_seconds_count 2$`)
	})

	It("tells of a resource that is rejected, by namespace and since when", func(ctx SpecContext) {
		before := time.Now().Add(-2 * time.Second)
		t := r.tenant(ctx, "rejected", false)
		r.sim.Fail(livesim.Fault{Operation: livesim.Create, Project: t.project, Status: 400, Code: "LIVE.100011001", Message: "Request Illegal"})
		t.apply(ctx, "illegal")
		t.eventually(ctx, "illegal", v1alpha1.ReasonRejected)
		has(ctx, `live_operator_api_requests_total\{class="Rejected",code="400",operation="Create"\} 1$`)
		has(ctx, `live_operator_resources\{ready="False",reason="Rejected"\} 1$`)
		has(ctx, `live_operator_not_ready_resources\{reason="Rejected",resource_namespace="rejected"\} 1$`)
		line := samples(r.scrape(ctx), `live_operator_not_ready_since_timestamp_seconds\{reason="Rejected",resource_namespace="rejected"\}`)
		Expect(line).To(HaveLen(1))
		var since float64
		_, err := fmt.Sscan(strings.Fields(line[0])[1], &since)
		Expect(err).NotTo(HaveOccurred())
		Expect(time.Unix(int64(since), 0)).To(BeTemporally(">=", before))
	})

	It("tells of credentials that rest because they are not accepted", func(ctx SpecContext) {
		t := r.tenant(ctx, "unauthorized", true)
		t.apply(ctx, "refused")
		t.eventually(ctx, "refused", v1alpha1.ReasonUnauthorized)
		has(ctx, `live_operator_credentials_resting 1$`)
		has(ctx, `live_operator_credential_rests_total [1-9]`)
		has(ctx, `live_operator_api_requests_total\{class="Unauthorized",code="401"`)
	})

	It("tells of a project that is throttled, and of one whose API fails", func(ctx SpecContext) {
		throttled, failing := r.tenant(ctx, "throttled", false), r.tenant(ctx, "failing", false)
		fault := livesim.Throttled()
		fault.Operation, fault.Project, fault.Header = livesim.Create, throttled.project, map[string]string{"Retry-After": "600"}
		r.sim.Fail(fault)
		throttled.apply(ctx, "late")
		throttled.eventually(ctx, "late", v1alpha1.ReasonThrottled)
		has(ctx, `live_operator_projects_paused 1$`)
		has(ctx, `live_operator_budget_left_calls 0$`)
		r.sim.Fail(livesim.Fault{Operation: livesim.List, Project: failing.project, Status: 503})
		failing.apply(ctx, "down")
		failing.eventually(ctx, "down", v1alpha1.ReasonAPIUnavailable)
		has(ctx, `live_operator_api_requests_total\{class="Unavailable",code="503",operation="List"\}`)
	})

	It("counts drift that is corrected, of each kind, and tells of what stays", func(ctx SpecContext) {
		id := good.get(ctx, "steady").Status.ID
		r.sim.Change(good.project, id, func(c *livesim.Config) { c.NotifyCallbackURL = strange })
		good.force(ctx, "steady")
		has(ctx, `live_operator_drift_found_total\{kind="changed"\} 1$`)
		has(ctx, `live_operator_drift_corrected_total\{kind="changed"\} 1$`)
		good.eventually(ctx, "steady", v1alpha1.ReasonSynced)
		r.sim.Remove(good.project, id)
		good.force(ctx, "steady")
		has(ctx, `live_operator_drift_found_total\{kind="deleted"\} 1$`)
		has(ctx, `live_operator_drift_corrected_total\{kind="deleted"\} 1$`)

		good.apply(ctx, "reported", func(c *v1alpha1.RecordCallbackConfig) { c.Spec.DriftPolicy = v1alpha1.DriftReport })
		c := good.eventually(ctx, "reported", v1alpha1.ReasonSynced)
		r.sim.Change(good.project, c.Status.ID, func(c *livesim.Config) { c.NotifyCallbackURL = strange })
		good.force(ctx, "reported")
		has(ctx, `live_operator_not_ready_resources\{reason="Drifted",resource_namespace="good"\} 1$`)
		has(ctx, `live_operator_drift_found_total\{kind="changed"\} 2$`)
		has(ctx, `live_operator_drift_corrected_total\{kind="changed"\} 1$`)
	})

	It("tells of a deletion that is blocked", func(ctx SpecContext) {
		good.apply(ctx, "kept")
		c := good.eventually(ctx, "kept", v1alpha1.ReasonSynced)
		r.sim.Fail(livesim.Fault{Operation: livesim.Delete, Project: good.project, Status: 500, Code: "LIVE.100011000", Message: "Internal"})
		Expect(r.cluster.Client.Delete(ctx, c)).To(Succeed())
		has(ctx, `live_operator_not_ready_resources\{reason="DeletionBlocked",resource_namespace="good"\} 1$`)
	})

	It("serves what promtool finds nothing wrong with, and nothing secret", func(ctx SpecContext) {
		scrape := r.scrape(ctx)
		said, err := promtool(own(scrape), "check", "metrics")
		Expect(err).NotTo(HaveOccurred(), said)
		Expect(said).To(BeEmpty())
		Expect(scrape).NotTo(Or(ContainSubstring("a-password-of"), ContainSubstring("nobody-knows-this-token")))
		for _, name := range knownMetrics() {
			Expect(samples(scrape, `# HELP `+name+` `)).To(HaveLen(1), name)
		}
	})

	It("gives data to every query of the dashboard, and none of its rules is broken", func(ctx SpecContext) {
		p := startPrometheus(ctx, r.address)
		queries := dashboardQueries()
		Expect(queries).NotTo(BeEmpty())
		n := 0
		for title, exprs := range queries {
			for _, expr := range exprs {
				Eventually(func() (int, error) {
					// There is no rate without work.
					n++
					good.change(ctx, "steady", func(c *v1alpha1.RecordCallbackConfig) {
						c.Spec.NotifyCallbackURL = fmt.Sprint("https://callback.example.com/", n)
					})
					return p.samples(ctx, expr)
				}).WithContext(ctx).WithTimeout(time.Minute).WithPolling(500*time.Millisecond).Should(BeNumerically(">", 0), "%s: %s gives no data", title, expr)
			}
		}
		for _, a := range alerts() {
			_, err := p.samples(ctx, a.Expr)
			Expect(err).NotTo(HaveOccurred(), a.Alert)
		}
	}, NodeTimeout(5*time.Minute))
})

var _ = Describe("The dashboard", func() {
	It("asks for metrics that there are, and shows each of the operator's", func() {
		var shown []string
		for title, exprs := range dashboardQueries() {
			for _, expr := range exprs {
				for _, name := range metricsOf(expr) {
					Expect(name).To(BeElementOf(knownMetrics()), title)
					shown = append(shown, name)
				}
			}
		}
		Expect(shown).To(ContainElements(knownMetrics()))
	})
})

// dashboardQueries are the queries of each panel.
func dashboardQueries() map[string][]string {
	GinkgoHelper()
	var dashboard struct {
		Panels []struct {
			Title   string `json:"title"`
			Type    string `json:"type"`
			Targets []struct {
				Expr string `json:"expr"`
			} `json:"targets"`
		} `json:"panels"`
	}
	Expect(json.Unmarshal([]byte(read("config", "prometheus", "dashboard.json")), &dashboard)).To(Succeed())
	queries := map[string][]string{}
	for _, panel := range dashboard.Panels {
		Expect(panel.Type == "row" || len(panel.Targets) > 0).To(BeTrue(), "%s asks for nothing", panel.Title)
		for _, target := range panel.Targets {
			// What Grafana puts there depends on how often is scraped.
			queries[panel.Title] = append(queries[panel.Title], strings.ReplaceAll(target.Expr, "$__rate_interval", "30s"))
		}
	}
	return queries
}

// prometheus is a running one.
type prometheus struct{ url string }

// startPrometheus starts one that scrapes an address every second.
func startPrometheus(ctx context.Context, address string) *prometheus {
	GinkgoHelper()
	dir := GinkgoT().TempDir()
	config := filepath.Join(dir, "prometheus.yml")
	Expect(os.WriteFile(config, fmt.Appendf(nil, `
global: {scrape_interval: 1s}
rule_files: [%q]
scrape_configs:
- job_name: live-operator
  static_configs: [{targets: [%q], labels: {namespace: live-system}}]
`, repository("config", "prometheus", "rules.yaml"), address), 0o600)).To(Succeed())
	at := freeAddress(ctx)
	command := exec.Command(filepath.Join(tools, "prometheus"), "--config.file="+config,
		"--storage.tsdb.path="+filepath.Join(dir, "data"), "--web.listen-address="+at, "--log.level=warn")
	command.Stdout, command.Stderr = GinkgoWriter, GinkgoWriter
	Expect(command.Start()).To(Succeed())
	DeferCleanup(func() {
		_ = command.Process.Kill()
		_ = command.Wait()
	})
	p := &prometheus{url: "http://" + at}
	Eventually(func() (int, error) { return p.samples(ctx, "up == 1") }).WithContext(ctx).Should(BeNumerically(">", 0), "waiting for the first scrape")
	return p
}

// samples is how many values a query gives now that are numbers.
func (p *prometheus) samples(ctx context.Context, expr string) (n int, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, p.url+"/api/v1/query?query="+url.QueryEscape(expr), nil)
	if err != nil {
		return 0, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, err
	}
	defer func() { _ = response.Body.Close() }()
	var answer struct {
		Status string `json:"status"`
		Error  string `json:"error"`
		Data   struct {
			Result []struct {
				Value [2]any `json:"value"`
			} `json:"result"`
		} `json:"data"`
	}
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		return 0, err
	}
	if answer.Status != "success" {
		return 0, fmt.Errorf("%s: %s", expr, answer.Error)
	}
	for _, r := range answer.Data.Result {
		if r.Value[1] != "NaN" {
			n++
		}
	}
	return n, nil
}
