package chart_test

import (
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
)

var _ = Describe("Metrics", func() {
	It("are served by a Service that leads to the operator", func() {
		rendered := render(`metrics: {port: 9443}`)
		Expect(rendered.container().Args).To(ContainElements("--metrics-bind-address=:9443", "--metrics-secure=true"))
		service := only[corev1.Service](rendered, "Service")
		Expect(service.Spec.Ports).To(ConsistOf(And(HaveField("Port", BeEquivalentTo(9443)), HaveField("TargetPort.StrVal", "metrics"))))
		Expect(rendered.container().Ports).To(ContainElement(And(HaveField("Name", "metrics"), HaveField("ContainerPort", BeEquivalentTo(9443)))))
	})

	It("can be off altogether", func() {
		rendered := render(`metrics: {enabled: false}`)
		Expect(rendered.container().Args).To(ContainElement("--metrics-bind-address=0"))
		Expect(rendered.kinds()).NotTo(ContainElement(HavePrefix("Service ")))
		Expect(refusal(`{metrics: {enabled: false}, serviceMonitor: {enabled: true}}`)).To(ContainSubstring("there is nothing to scrape"))
	})

	It("are scraped over HTTPS with Prometheus' token, or plainly", func() {
		rendered := render(`serviceMonitor: {enabled: true, labels: {release: prometheus}, interval: 30s, scrapeTimeout: 10s,
			metricRelabelings: [{sourceLabels: [__name__], regex: go_.*, action: drop}]}`)
		monitor := only[map[string]any](rendered, "ServiceMonitor")
		Expect(group(monitor, "metadata", "labels")).To(HaveKeyWithValue("release", "prometheus"))
		service := only[corev1.Service](rendered, "Service")
		selected := group(monitor, "spec", "selector", "matchLabels")
		Expect(selected).NotTo(BeEmpty())
		for key, value := range selected {
			Expect(service.Labels).To(HaveKeyWithValue(key, value))
		}
		Expect(group(monitor, "spec")["endpoints"]).To(Equal([]any{map[string]any{
			"port": "metrics", "path": "/metrics", "scheme": "https", "interval": "30s", "scrapeTimeout": "10s",
			"bearerTokenFile":   "/var/run/secrets/kubernetes.io/serviceaccount/token",
			"tlsConfig":         map[string]any{"insecureSkipVerify": true},
			"metricRelabelings": []any{map[string]any{"sourceLabels": []any{"__name__"}, "regex": "go_.*", "action": "drop"}},
		}}))

		plain := only[map[string]any](render(`{metrics: {secure: false}, serviceMonitor: {enabled: true}}`), "ServiceMonitor")
		Expect(plain["spec"]).To(HaveKeyWithValue("endpoints", []any{map[string]any{"port": "metrics", "path": "/metrics", "scheme": "http"}}))
	})
})

var _ = Describe("The NetworkPolicy", func() {
	It("is there only when asked for", func() {
		Expect(render(``).kinds()).NotTo(ContainElement(HavePrefix("NetworkPolicy")))
	})

	It("lets the operator out to DNS, the API server and its endpoints, whatever their ports", func() {
		policy := networkPolicy(`{networkPolicy: {enabled: true}, iamEndpoint: "http://iam.example.com:8080", liveEndpoint: "http://live.{region}.example.com/v1",
			regionEndpoints: {cn-north-4: "https://live.example.com:9443"}}`)
		Expect(policy.Spec.PolicyTypes).To(ConsistOf(networkingv1.PolicyTypeIngress, networkingv1.PolicyTypeEgress))
		Expect(ports(policy.Spec.Egress[0].Ports)).To(Equal([]string{"53 UDP", "53 TCP"}))
		Expect(ports(policy.Spec.Egress[1].Ports)).To(Equal([]string{"80 TCP", "443 TCP", "5443 TCP", "6443 TCP", "8080 TCP", "9443 TCP"}))
		Expect(policy.Spec.Egress).To(HaveLen(2))
	})

	It("lets in probes, and to the metrics whom it is told to", func() {
		policy := networkPolicy(`networkPolicy: {enabled: true, metricsFrom: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: monitoring}}}]}`)
		Expect(policy.Spec.Ingress).To(HaveLen(2))
		Expect(ports(policy.Spec.Ingress[0].Ports)).To(Equal([]string{"8443 TCP"}))
		Expect(policy.Spec.Ingress[0].From).To(ConsistOf(HaveField("NamespaceSelector.MatchLabels", HaveKeyWithValue("kubernetes.io/metadata.name", "monitoring"))))
		Expect(ports(policy.Spec.Ingress[1].Ports)).To(Equal([]string{"8081 TCP"}))
	})

	It("takes further rules", func() {
		policy := networkPolicy(`networkPolicy: {enabled: true, extraEgress: [{to: [{ipBlock: {cidr: 169.254.169.254/32}}], ports: [{port: 80, protocol: TCP}]}],
			extraIngress: [{from: [{podSelector: {}}]}]}`)
		Expect(policy.Spec.Egress).To(HaveLen(3))
		Expect(policy.Spec.Egress[2].To).To(ConsistOf(HaveField("IPBlock.CIDR", "169.254.169.254/32")))
		Expect(policy.Spec.Ingress).To(HaveLen(3))
	})
})

func networkPolicy(values string) networkingv1.NetworkPolicy {
	GinkgoHelper()
	return only[networkingv1.NetworkPolicy](render(values), "NetworkPolicy")
}

func ports(of []networkingv1.NetworkPolicyPort) []string {
	var told []string
	for _, p := range of {
		told = append(told, p.Port.String()+" "+string(*p.Protocol))
	}
	return told
}
