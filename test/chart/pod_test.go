package chart_test

import (
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
)

var _ = Describe("The pods", func() {
	DescribeTable("pass the restricted Pod Security Standard",
		func(values string) {
			pod := render(values).pod()
			Expect(pod.HostNetwork || pod.HostPID || pod.HostIPC).To(BeFalse())
			Expect(pod.SecurityContext.RunAsNonRoot).To(HaveValue(BeTrue()))
			Expect(pod.SecurityContext.RunAsUser).NotTo(HaveValue(BeZero()))
			Expect(pod.SecurityContext.SeccompProfile).To(HaveValue(HaveField("Type", corev1.SeccompProfileTypeRuntimeDefault)))
			Expect(pod.SecurityContext.Sysctls).To(BeEmpty())
			for _, volume := range pod.Volumes {
				Expect(volume.HostPath).To(BeNil())
			}
			for _, container := range pod.Containers {
				Expect(container.SecurityContext.AllowPrivilegeEscalation).To(HaveValue(BeFalse()))
				Expect(container.SecurityContext.Privileged).To(BeNil())
				Expect(container.SecurityContext.Capabilities).To(Equal(&corev1.Capabilities{Drop: []corev1.Capability{"ALL"}}))
				for _, port := range container.Ports {
					Expect(port.HostPort).To(BeZero())
				}
				// More than the standard asks for.
				Expect(container.SecurityContext.ReadOnlyRootFilesystem).To(HaveValue(BeTrue()))
			}
		},
		Entry("as they are by default", ``),
		Entry("with a bundle of certificate authorities", `caBundle: {secret: cloud-ca}`),
		Entry("in namespaced mode", `watchNamespaces: [team-a]`),
	)

	It("leave the user to the platform where that assigns one", func() {
		pod := render(`podSecurityContext: {runAsUser: null, runAsGroup: null}`).pod()
		Expect(pod.SecurityContext.RunAsUser).To(BeNil())
		Expect(pod.SecurityContext.RunAsNonRoot).To(HaveValue(BeTrue()))
	})

	It("are two that elect a leader, spread, and not drained at once", func() {
		rendered := render(``)
		deployment := only[appsv1.Deployment](rendered, "Deployment")
		Expect(deployment.Spec.Replicas).To(HaveValue(BeEquivalentTo(2)))
		Expect(rendered.container().Args).To(ContainElement("--leader-elect=true"))

		budget := only[policyv1.PodDisruptionBudget](rendered, "PodDisruptionBudget")
		Expect(budget.Spec.MaxUnavailable.IntValue()).To(Equal(1))
		Expect(budget.Spec.Selector).To(Equal(deployment.Spec.Selector))

		labels := deployment.Spec.Template.Labels
		for key, value := range deployment.Spec.Selector.MatchLabels {
			Expect(labels).To(HaveKeyWithValue(key, value))
		}
		Expect(rendered.pod().TopologySpreadConstraints).To(HaveEach(HaveField("LabelSelector", deployment.Spec.Selector)))
		Expect(rendered.pod().TopologySpreadConstraints).To(ConsistOf(
			HaveField("TopologyKey", corev1.LabelHostname), HaveField("TopologyKey", corev1.LabelTopologyZone)))
	})

	It("hold up no drain where there is one", func() {
		Expect(render(`replicas: 1`).kinds()).NotTo(ContainElement(HavePrefix("PodDisruptionBudget")))
	})

	It("never act at the same time", func() {
		Expect(refusal(`leaderElection: {enabled: false}`)).To(ContainSubstring("replicas: more than one would act at the same time"))
		deployment := only[appsv1.Deployment](render(`{replicas: 1, leaderElection: {enabled: false}}`), "Deployment")
		Expect(deployment.Spec.Strategy.Type).To(Equal(appsv1.RecreateDeploymentStrategyType), "or an upgrade would have an old and a new one")
	})

	It("are probed on the operator's own paths", func() {
		container := render(`probes: {port: 9081, liveness: {periodSeconds: 7}}`).container()
		Expect(container.Args).To(ContainElement("--health-probe-bind-address=:9081"))
		Expect(container.Ports).To(ContainElement(And(HaveField("Name", "probes"), HaveField("ContainerPort", BeEquivalentTo(9081)))))
		Expect(container.LivenessProbe.HTTPGet).To(And(HaveField("Path", "/healthz"), HaveField("Port.StrVal", "probes")))
		Expect(container.LivenessProbe.PeriodSeconds).To(BeEquivalentTo(7))
		Expect(container.ReadinessProbe.HTTPGet).To(And(HaveField("Path", "/readyz"), HaveField("Port.StrVal", "probes")))

		unprobed := render(`probes: {enabled: false}`).container()
		Expect(unprobed.Args).To(ContainElement("--health-probe-bind-address=0"))
		Expect(unprobed.LivenessProbe).To(BeNil())
		Expect(unprobed.ReadinessProbe).To(BeNil())
	})

	DescribeTable("have the time to see a call through before they are killed",
		func(values string, seconds int) {
			Expect(render(values).pod().TerminationGracePeriodSeconds).To(HaveValue(BeEquivalentTo(seconds)))
		},
		Entry("by default", ``, 45),
		Entry("with a longer timeout", `apiTimeout: 2m30s`, 165),
		Entry("as long as they are given", `terminationGracePeriodSeconds: 7`, 7),
	)

	DescribeTable("run the image",
		func(values, image string) {
			Expect(render(values).container().Image).To(Equal(image))
		},
		Entry("of the chart's version", ``, "ghcr.io/live-operator/live-operator:0.1.0"),
		Entry("of a registry and a tag", `image: {repository: swr.example.com/live/operator, tag: v9}`, "swr.example.com/live/operator:v9"),
		Entry("of a digest", `image: {repository: r/o, tag: v9, digest: "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"}`,
			"r/o:v9@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"),
	)

	DescribeTable("read certificate authorities",
		func(values, path string, source any) {
			rendered := render(values)
			Expect(rendered.container().Args).To(ContainElement("--ca-bundle=" + path))
			if source == nil {
				Expect(rendered.pod().Volumes).To(BeEmpty())
				return
			}
			Expect(rendered.pod().Volumes).To(ConsistOf(HaveField("VolumeSource", source)))
			Expect(rendered.container().VolumeMounts).To(ConsistOf(corev1.VolumeMount{
				Name: rendered.pod().Volumes[0].Name, MountPath: "/etc/live-operator/ca", ReadOnly: true}))
		},
		Entry("of a ConfigMap", `caBundle: {configMap: cloud-ca}`, "/etc/live-operator/ca/ca.crt", corev1.VolumeSource{ConfigMap: &corev1.ConfigMapVolumeSource{
			LocalObjectReference: corev1.LocalObjectReference{Name: "cloud-ca"}, Items: []corev1.KeyToPath{{Key: "ca.crt", Path: "ca.crt"}}}}),
		Entry("of a Secret's key", `caBundle: {secret: cloud-ca, key: root.pem}`, "/etc/live-operator/ca/ca.crt", corev1.VolumeSource{Secret: &corev1.SecretVolumeSource{
			SecretName: "cloud-ca", Items: []corev1.KeyToPath{{Key: "root.pem", Path: "ca.crt"}}}}),
		Entry("of a file", `caBundle: {path: /certs/ca.pem}`, "/certs/ca.pem", nil),
	)

	It("read no certificate authorities but one set of them", func() {
		Expect(refusal(`caBundle: {configMap: a, secret: b}`)).To(ContainSubstring("only one of configMap, secret and path"))
	})

	It("get what else is said of them", func() {
		rendered := render(`
commonLabels: {team: live}
annotations: {of: deployment}
podAnnotations: {of: pod}
podLabels: {tier: control}
imagePullSecrets: [{name: registry}]
priorityClassName: system-cluster-critical
runtimeClassName: gvisor
nodeSelector: {kubernetes.io/arch: arm64}
tolerations: [{key: dedicated, operator: Exists, effect: NoSchedule}]
affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: [{matchExpressions: [{key: a, operator: Exists}]}]}}}
topologySpread: {enabled: false}
topologySpreadConstraints: [{maxSkew: 2, topologyKey: rack, whenUnsatisfiable: DoNotSchedule, labelSelector: {matchLabels: {a: b}}}]
resources: {limits: {cpu: 1, memory: 1Gi}}
extraEnv: [{name: HTTPS_PROXY, value: "http://proxy:3128"}, {name: KEY, valueFrom: {secretKeyRef: {name: s, key: k}}}]
extraEnvFrom: [{configMapRef: {name: environment}}]
extraVolumes: [{name: data, configMap: {name: c}}]
extraVolumeMounts: [{name: data, mountPath: /data, readOnly: true}]
caBundle: {configMap: cloud-ca}
`)
		deployment := only[appsv1.Deployment](rendered, "Deployment")
		Expect(deployment.Annotations).To(HaveKeyWithValue("of", "deployment"))
		Expect(deployment.Spec.Template.Annotations).To(HaveKeyWithValue("of", "pod"))
		Expect(deployment.Spec.Template.Labels).To(And(HaveKeyWithValue("tier", "control"), HaveKeyWithValue("team", "live")))
		for _, o := range rendered {
			Expect(o.GetLabels()).To(HaveKeyWithValue("team", "live"), o.GetKind()+" "+o.GetName())
		}
		pod := rendered.pod()
		Expect(pod.ImagePullSecrets).To(ConsistOf(corev1.LocalObjectReference{Name: "registry"}))
		Expect(pod.PriorityClassName).To(Equal("system-cluster-critical"))
		Expect(pod.RuntimeClassName).To(HaveValue(Equal("gvisor")))
		Expect(pod.NodeSelector).To(HaveKeyWithValue("kubernetes.io/arch", "arm64"))
		Expect(pod.Tolerations).To(HaveLen(1))
		Expect(pod.Affinity.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution.NodeSelectorTerms).To(HaveLen(1))
		Expect(pod.TopologySpreadConstraints).To(ConsistOf(HaveField("TopologyKey", "rack")))
		Expect(pod.Volumes).To(ConsistOf(HaveField("Name", "ca-bundle"), HaveField("Name", "data")))
		container := rendered.container()
		Expect(container.Resources.Limits.Cpu().String()).To(Equal("1"))
		Expect(container.Env).To(HaveLen(2))
		Expect(container.EnvFrom).To(HaveLen(1))
		Expect(container.VolumeMounts).To(ConsistOf(HaveField("MountPath", "/etc/live-operator/ca"), HaveField("MountPath", "/data")))
	})

	It("can't be taken from their Deployment by labels", func() {
		deployment := only[appsv1.Deployment](render(`podLabels: {app.kubernetes.io/name: other}`), "Deployment")
		Expect(deployment.Spec.Template.Labels).To(HaveKeyWithValue("app.kubernetes.io/name", "live-operator"))
	})
})
