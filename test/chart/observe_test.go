package chart_test

import (
	"os"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"
)

var _ = Describe("The alerts and the dashboard", func() {
	source := func(name string) string {
		GinkgoHelper()
		content, err := os.ReadFile(root + "/config/prometheus/" + name)
		Expect(err).NotTo(HaveOccurred())
		return string(content)
	}

	It("are left out unless they are asked for: not every cluster knows their kinds", func() {
		Expect(render(``).kinds()).NotTo(ContainElements(HavePrefix("PrometheusRule"), HavePrefix("ConfigMap")))
	})

	It("are those of config/prometheus, whole", func() {
		rendered := render(`{prometheusRule: {enabled: true}, dashboard: {enabled: true}}`)
		rule := only[map[string]any](rendered, "PrometheusRule")
		rules := map[string]any{}
		Expect(yaml.Unmarshal([]byte(source("rules.yaml")), &rules)).To(Succeed())
		Expect(rule["spec"]).To(Equal(rules))
		Expect(only[corev1.ConfigMap](rendered, "ConfigMap").Data["live-operator.json"]).To(MatchJSON(source("dashboard.json")))
	})

	It("go where Prometheus and Grafana look for them", func() {
		rendered := render(`
prometheusRule: {enabled: true, namespace: monitoring, labels: {release: prometheus}, annotations: {a: b}}
dashboard: {enabled: true, namespace: grafana, labels: {team: live}, annotations: {grafana_folder: Live}}`)
		Expect(rendered.kinds()).To(ContainElements("monitoring: PrometheusRule live-operator", "grafana: ConfigMap live-operator-dashboard"))
		rule := group(only[map[string]any](rendered, "PrometheusRule"), "metadata")
		Expect(rule["labels"]).To(HaveKeyWithValue("release", "prometheus"))
		Expect(rule["annotations"]).To(HaveKeyWithValue("a", "b"))
		dashboard := only[corev1.ConfigMap](rendered, "ConfigMap")
		Expect(dashboard.Labels).To(And(HaveKeyWithValue("grafana_dashboard", "1"), HaveKeyWithValue("team", "live")))
		Expect(dashboard.Annotations).To(HaveKeyWithValue("grafana_folder", "Live"))
	})

	It("refuse a name that does not exist", func() {
		Expect(refusal(`prometheusRule: {enable: true}`)).To(ContainSubstring("'enable' not allowed"))
		Expect(refusal(`dashboard: {label: {}}`)).To(ContainSubstring("'label' not allowed"))
	})
})
