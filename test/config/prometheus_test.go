package config_test

import (
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

var _ = Describe("config/prometheus", func() {
	It("scrapes the Service of config/default by the port that it has", func() {
		monitor := one(build("prometheus"), "ServiceMonitor", "live-operator")
		service := one(build("default"), "Service", "metrics-service")
		Expect(monitor.GetNamespace()).To(Equal(service.GetNamespace()))
		selected, _, err := unstructured.NestedStringMap(monitor.Object, "spec", "selector", "matchLabels")
		Expect(err).NotTo(HaveOccurred())
		Expect(selected).NotTo(BeEmpty())
		for key, value := range selected {
			Expect(service.GetLabels()).To(HaveKeyWithValue(key, value))
		}
		ports, _, err := unstructured.NestedSlice(service.Object, "spec", "ports")
		Expect(err).NotTo(HaveOccurred())
		endpoints, _, err := unstructured.NestedSlice(monitor.Object, "spec", "endpoints")
		Expect(err).NotTo(HaveOccurred())
		Expect(endpoints).To(HaveLen(1))
		Expect(ports).To(ContainElement(HaveKeyWithValue("name", endpoints[0].(map[string]any)["port"])))
	})

	It("brings the alerts, and the dashboard where Grafana's sidecar finds it", func() {
		objects := build("prometheus")
		one(objects, "PrometheusRule", "live-operator")
		Expect(one(objects, "ConfigMap", "live-operator-dashboard").GetLabels()).To(HaveKeyWithValue("grafana_dashboard", "1"))
	})
})
