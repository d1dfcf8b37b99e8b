// Package e2e tests the operator as people install it, on a real cluster: the
// one that KUBECONFIG points to. hack/e2e builds and loads the images that it
// needs, and runs it.
package e2e

import (
	"os"
	"testing"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/live-operator/live-operator/api/v1alpha1"
)

// What hack/e2e tells.
var (
	operatorImage  = os.Getenv("E2E_OPERATOR_IMAGE")
	simulatorImage = os.Getenv("E2E_SIMULATOR_IMAGE")
	// imageArchive is the operator's image as it was loaded.
	imageArchive = os.Getenv("E2E_OPERATOR_ARCHIVE")
	// previousChart is the folder of the chart that is upgraded from, and
	// previousFrom says which one that is.
	previousChart = os.Getenv("E2E_PREVIOUS_CHART")
	previousFrom  = os.Getenv("E2E_PREVIOUS_FROM")
)

const (
	root    = "../.."
	chart   = "./charts/live-operator"
	crdName = "recordcallbackconfigs.live.huaweicloud.com"
)

// The cluster, as the administrator of KUBECONFIG.
var (
	restConfig *rest.Config
	k8s        client.Client
)

func TestEndToEnd(t *testing.T) {
	if operatorImage == "" {
		t.Skip("it needs a cluster and the images: run it by make e2e")
	}
	RegisterFailHandler(Fail)
	SetDefaultEventuallyTimeout(time.Minute)
	SetDefaultEventuallyPollingInterval(200 * time.Millisecond)
	EnforceDefaultTimeoutsWhenUsingContexts()
	RunSpecs(t, "End to end")
}

var _ = BeforeSuite(func(ctx SpecContext) {
	var err error
	restConfig, err = clientcmd.NewNonInteractiveDeferredLoadingClientConfig(clientcmd.NewDefaultClientConfigLoadingRules(), nil).ClientConfig()
	Expect(err).NotTo(HaveOccurred())
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{clientgoscheme.AddToScheme, apiextensionsv1.AddToScheme, v1alpha1.AddToScheme} {
		Expect(add(scheme)).To(Succeed())
	}
	k8s, err = client.New(restConfig, client.Options{Scheme: scheme})
	Expect(err).NotTo(HaveOccurred())

	err = k8s.Get(ctx, client.ObjectKey{Name: crdName}, &apiextensionsv1.CustomResourceDefinition{})
	if !apierrors.IsNotFound(err) {
		Expect(err).NotTo(HaveOccurred())
		Fail("the cluster has the CRD " + crdName + ": these tests delete it, with all its resources, and so only run where it is not")
	}
	findTools()
	startSimulator(ctx)
}, NodeTimeout(3*time.Minute))
