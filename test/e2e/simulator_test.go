package e2e

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"fmt"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/client-go/rest"
	"k8s.io/utils/ptr"

	"github.com/live-operator/live-operator/test/livesim"
)

const (
	simulatorNamespace = "live-e2e-simulator"
	// simulatorPort is the Service's and the pod's, because a network policy
	// speaks of the pod's.
	simulatorPort = 8087
)

// sim is the Live API, and IAM, of all specs; simulatorURL is where pods reach
// it, and simulatorCA the PEM of who signed its certificate.
var (
	sim          *livesim.Remote
	simulatorURL = fmt.Sprintf("https://livesim.%s.svc:%d", simulatorNamespace, simulatorPort)
	simulatorCA  string
)

// startSimulator runs the simulator as the cloud is: beside the operator, by
// HTTPS, with an authority that has to be trusted.
func startSimulator(ctx context.Context) {
	GinkgoHelper()
	namespace(ctx, simulatorNamespace)
	certificate, ca, err := livesim.NewCertificate("livesim." + simulatorNamespace + ".svc")
	Expect(err).NotTo(HaveOccurred())
	simulatorCA = string(ca)
	key, err := x509.MarshalPKCS8PrivateKey(certificate.PrivateKey)
	Expect(err).NotTo(HaveOccurred())

	labels := map[string]string{"app.kubernetes.io/name": "livesim"}
	meta := metav1.ObjectMeta{Name: "livesim", Namespace: simulatorNamespace, Labels: labels}
	Expect(k8s.Create(ctx, &corev1.Secret{ObjectMeta: meta, Type: corev1.SecretTypeTLS, Data: map[string][]byte{
		corev1.TLSCertKey:       pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate.Certificate[0]}),
		corev1.TLSPrivateKeyKey: pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key}),
	}})).To(Succeed())
	Expect(k8s.Create(ctx, &corev1.Service{ObjectMeta: meta, Spec: corev1.ServiceSpec{
		Selector: labels,
		Ports:    []corev1.ServicePort{{Name: "https", Port: simulatorPort}},
	}})).To(Succeed())
	Expect(k8s.Create(ctx, &appsv1.Deployment{ObjectMeta: meta, Spec: appsv1.DeploymentSpec{
		Selector: &metav1.LabelSelector{MatchLabels: labels},
		Template: corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: labels}, Spec: corev1.PodSpec{
			AutomountServiceAccountToken: ptr.To(false),
			SecurityContext: &corev1.PodSecurityContext{
				RunAsNonRoot:   ptr.To(true),
				SeccompProfile: &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault},
			},
			Containers: []corev1.Container{{
				Name:            "livesim",
				Image:           simulatorImage,
				ImagePullPolicy: corev1.PullIfNotPresent,
				Args:            []string{fmt.Sprintf("--listen=:%d", simulatorPort), "--tls-cert-file=/tls/tls.crt", "--tls-key-file=/tls/tls.key", "--log"},
				ReadinessProbe: &corev1.Probe{PeriodSeconds: 1, ProbeHandler: corev1.ProbeHandler{HTTPGet: &corev1.HTTPGetAction{
					Path: "/_sim/healthz", Port: intstr.FromInt32(simulatorPort), Scheme: corev1.URISchemeHTTPS,
				}}},
				SecurityContext: &corev1.SecurityContext{
					AllowPrivilegeEscalation: ptr.To(false),
					ReadOnlyRootFilesystem:   ptr.To(true),
					Capabilities:             &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}},
				},
				VolumeMounts: []corev1.VolumeMount{{Name: "tls", MountPath: "/tls", ReadOnly: true}},
			}},
			Volumes: []corev1.Volume{{Name: "tls", VolumeSource: corev1.VolumeSource{Secret: &corev1.SecretVolumeSource{SecretName: "livesim"}}}},
		}},
	}})).To(Succeed())

	// By the API server's proxy: the one way in that every cluster has.
	httpClient, err := rest.HTTPClientFor(restConfig)
	Expect(err).NotTo(HaveOccurred())
	base, _, err := rest.DefaultServerUrlFor(restConfig)
	Expect(err).NotTo(HaveOccurred())
	sim = livesim.NewRemote(base.JoinPath("api/v1/namespaces", simulatorNamespace, "services/https:livesim:https/proxy").String(), httpClient)
	Eventually(sim.Healthy).WithContext(ctx).Should(Succeed(), "waiting for the simulator to run")
}
