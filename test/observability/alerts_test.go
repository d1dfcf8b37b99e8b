package observability

import (
	"os"
	"regexp"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"sigs.k8s.io/yaml"

	"github.com/live-operator/live-operator/internal/metrics"
)

// alert is one of config/prometheus/rules.yaml.
type alert struct {
	Alert       string            `json:"alert"`
	Expr        string            `json:"expr"`
	For         string            `json:"for"`
	Labels      map[string]string `json:"labels"`
	Annotations map[string]string `json:"annotations"`
}

type ruleGroups struct {
	Groups []struct {
		Name  string  `json:"name"`
		Rules []alert `json:"rules"`
	} `json:"groups"`
}

func alerts() (all []alert) {
	GinkgoHelper()
	var rules ruleGroups
	Expect(yaml.UnmarshalStrict([]byte(read("config", "prometheus", "rules.yaml")), &rules)).To(Succeed())
	for _, group := range rules.Groups {
		all = append(all, group.Rules...)
	}
	Expect(all).NotTo(BeEmpty())
	return all
}

// ownMetric finds the operator's metrics in an expression.
var ownMetric = regexp.MustCompile(`\blive_operator_\w+`)

// metricsOf are the operator's metrics in an expression, without what a
// histogram adds to its name.
func metricsOf(expr string) (names []string) {
	for _, name := range ownMetric.FindAllString(expr, -1) {
		for _, suffix := range []string{"_bucket", "_count", "_sum"} {
			name = strings.TrimSuffix(name, suffix)
		}
		names = append(names, name)
	}
	return names
}

func knownMetrics() (names []string) {
	for _, d := range metrics.Definitions() {
		names = append(names, d.Name)
	}
	return names
}

var _ = Describe("The alerts", func() {
	It("are rules that promtool accepts, of metrics that there are", func() {
		said, err := promtool("", "check", "rules", repository("config", "prometheus", "rules.yaml"))
		Expect(err).NotTo(HaveOccurred(), said)
		for _, a := range alerts() {
			Expect(metricsOf(a.Expr)).NotTo(BeEmpty(), a.Alert)
			Expect(metricsOf(a.Expr)).To(HaveEach(BeElementOf(knownMetrics())), a.Alert)
		}
	})

	It("fire when they should, and only then", func() {
		said, err := promtool("", "test", "rules", repository("test", "observability", "testdata", "alerts.yaml"))
		Expect(err).NotTo(HaveOccurred(), said)
	})

	It("each have a case in which they fire and one in which they do not", func() {
		var file struct {
			Tests []struct {
				Cases []struct {
					Name     string `json:"alertname"`
					Expected []any  `json:"exp_alerts"`
				} `json:"alert_rule_test"`
			} `json:"tests"`
		}
		Expect(yaml.Unmarshal([]byte(read("test", "observability", "testdata", "alerts.yaml")), &file)).To(Succeed())
		fires, silent := map[string]bool{}, map[string]bool{}
		for _, test := range file.Tests {
			firing := map[string]bool{}
			for _, c := range test.Cases {
				firing[c.Name] = firing[c.Name] || len(c.Expected) > 0
			}
			for name, f := range firing {
				fires[name], silent[name] = fires[name] || f, silent[name] || !f
			}
		}
		for _, a := range alerts() {
			Expect(fires).To(HaveKeyWithValue(a.Alert, true), "no case in which it fires")
			Expect(silent).To(HaveKeyWithValue(a.Alert, true), "no case in which it never fires")
		}
	})

	It("each say what is wrong, how bad it is, and where the runbook is", func() {
		for _, a := range alerts() {
			Expect(a.Annotations).To(And(HaveKey("summary"), HaveKey("description")), a.Alert)
			Expect(a.Labels["severity"]).To(BeElementOf("critical", "warning"), a.Alert)
			Expect(a.Annotations).To(HaveKeyWithValue("runbook_url",
				"https://github.com/live-operator/live-operator/blob/main/docs/runbooks/"+a.Alert+".md"))
			page := read("docs", "runbooks", a.Alert+".md")
			for _, part := range []string{"# " + a.Alert, "## Meaning", "## Impact", "## Diagnosis", "## Mitigation"} {
				Expect(page).To(ContainSubstring(part+"\n"), a.Alert)
			}
		}
		pages, err := os.ReadDir(repository("docs", "runbooks"))
		Expect(err).NotTo(HaveOccurred())
		Expect(pages).To(HaveLen(len(alerts())), "a runbook of no alert")
	})

	It("are the same in the PrometheusRule", func() {
		var rule struct {
			Spec ruleGroups `json:"spec"`
		}
		Expect(yaml.Unmarshal([]byte(read("config", "prometheus", "prometheusrule.yaml")), &rule)).To(Succeed())
		var rules ruleGroups
		Expect(yaml.Unmarshal([]byte(read("config", "prometheus", "rules.yaml")), &rules)).To(Succeed())
		Expect(rule.Spec).To(Equal(rules), "run make manifests")
		for _, file := range []string{"rules.yaml", "dashboard.json"} {
			Expect(read("charts", "live-operator", "files", file)).To(Equal(read("config", "prometheus", file)), "run make manifests")
		}
	})
})
