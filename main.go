// Command live-operator keeps the recording-callback configurations of Huawei
// Cloud Live as RecordCallbackConfig resources say.
package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"flag"
	"fmt"
	"os"
	"runtime/debug"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	_ "k8s.io/client-go/plugin/pkg/client/auth" // The ways of authentication that a kubeconfig can name.
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/healthz"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"
	ctrlmetrics "sigs.k8s.io/controller-runtime/pkg/metrics"
	"sigs.k8s.io/controller-runtime/pkg/metrics/filters"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"github.com/live-operator/live-operator/api/v1alpha1"
	"github.com/live-operator/live-operator/internal/bulkhead"
	"github.com/live-operator/live-operator/internal/controller"
	"github.com/live-operator/live-operator/internal/credentials"
	"github.com/live-operator/live-operator/internal/inventory"
	"github.com/live-operator/live-operator/internal/live"
	"github.com/live-operator/live-operator/internal/metrics"
	"github.com/live-operator/live-operator/internal/ratelimit"
)

// Set at build time by -ldflags.
var (
	version = "dev"
	commit  = "unknown"
)

func main() {
	o, err := parse(os.Args[1:], os.Stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return
	case err != nil:
		fmt.Fprintln(os.Stderr, "live-operator:", err)
		os.Exit(2)
	case o.showVersion:
		fmt.Printf("live-operator %s (%s)\n", version, commit)
		return
	}
	ctrl.SetLogger(zap.New(zap.UseFlagOptions(&o.zap)))
	if os.Getenv("GOGC") == "" {
		// Nearly all of the heap is the cache, which lives for long: a quarter as
		// much again is enough room for what does not. See docs/performance.md.
		debug.SetGCPercent(25)
	}
	if err := run(ctrl.SetupSignalHandler(), o); err != nil {
		ctrl.Log.Error(err, "live-operator stopped")
		os.Exit(1)
	}
}

// run serves until ctx ends.
func run(ctx context.Context, o *options) error {
	roots, err := trusted(o.caBundle)
	if err != nil {
		return err
	}
	config, err := ctrl.GetConfig()
	if err != nil {
		return fmt.Errorf("there is no cluster to talk to; set KUBECONFIG, --kubeconfig, or run in a pod: %w", err)
	}
	config.UserAgent = "live-operator/" + version
	mgr, err := ctrl.NewManager(config, managerOptions(o))
	if err != nil {
		return err
	}

	counted := metrics.New(ctrlmetrics.Registry)
	metrics.Build(ctrlmetrics.Registry, version, commit)
	transport := live.NewTransport(roots)
	api, err := live.New(live.Options{Endpoints: o.liveEndpoints, Timeout: o.apiTimeout, Version: version, Transport: transport, OnCall: counted.Call})
	if err != nil {
		return err
	}
	creds, err := credentials.NewCache(credentials.Options{IAM: o.iamEndpoints, Transport: transport, Timeout: o.apiTimeout, Version: version,
		OnCall: counted.Call, OnRest: counted.Rested})
	if err != nil {
		return err
	}
	budget := ratelimit.New(ratelimit.Options{QPS: o.apiQPS, Burst: o.apiBurst, OnTurn: counted.Waited})
	workers := bulkhead.New(bulkhead.Options{Workers: o.workers})
	secrets := controller.Secrets{Bodies: mgr.GetAPIReader()}
	if o.watchSecrets {
		secrets.Metadata = mgr.GetCache()
	}
	held := inventory.New(inventory.Options{Context: ctx, Lister: controller.Leased(api, workers), Budget: budget})
	reconciler := &controller.Reconciler{
		Client:         mgr.GetClient(),
		Secrets:        secrets,
		API:            api,
		Credentials:    creds,
		Inventory:      held,
		Budget:         budget,
		Bulkhead:       workers,
		Recorder:       mgr.GetEventRecorder("live-operator"),
		ResyncInterval: o.resyncInterval,
		CallTimeout:    o.apiTimeout,
		Clock:          clock.RealClock{},
		Metrics:        counted,
	}
	if err := reconciler.SetupWithManager(ctx, mgr, o.workers); err != nil {
		return err
	}
	if err := observe(ctx, mgr, counted, metrics.Sources{Budget: budget, Inventory: held, Credentials: creds}); err != nil {
		return err
	}
	if err := errors.Join(mgr.AddHealthzCheck("ping", healthz.Ping), mgr.AddReadyzCheck("ping", healthz.Ping)); err != nil {
		return err
	}
	ctrl.Log.Info("starting", "version", version, "commit", commit, "liveEndpoint", o.liveEndpoints.Template,
		"regionEndpoints", o.regions(), "namespaces", o.watchNamespaces, "selector", o.selector.String())
	return mgr.Start(ctx)
}

// observe registers the metrics that are read from the state when they are
// scraped, and has changes of resources measured.
func observe(ctx context.Context, mgr ctrl.Manager, counted *metrics.Metrics, from metrics.Sources) error {
	from.Reader, from.Elected, from.Clock = mgr.GetCache(), mgr.Elected(), clock.RealClock{}
	changes := counted.Changes(from.Elected, from.Clock)
	informer, err := mgr.GetCache().GetInformer(ctx, &v1alpha1.RecordCallbackConfig{}, cache.BlockUntilSynced(false))
	if err != nil {
		return err
	}
	if _, err := informer.AddEventHandler(changes); err != nil {
		return err
	}
	return ctrlmetrics.Registry.Register(metrics.NewState(from, changes))
}

func managerOptions(o *options) ctrl.Options {
	scheme := runtime.NewScheme()
	utilruntime.Must(clientgoscheme.AddToScheme(scheme))
	utilruntime.Must(v1alpha1.AddToScheme(scheme))

	secretHead := &metav1.PartialObjectMetadata{}
	secretHead.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind("Secret"))
	caches := cache.Options{
		DefaultTransform: cache.TransformStripManagedFields(),
		ByObject: map[client.Object]cache.ByObject{
			&v1alpha1.RecordCallbackConfig{}: {Label: o.selector, Transform: controller.Compact},
			secretHead:                       {Transform: keepVersionOnly},
		},
	}
	if len(o.watchNamespaces) > 0 {
		caches.DefaultNamespaces = map[string]cache.Config{}
		for _, name := range o.watchNamespaces {
			caches.DefaultNamespaces[name] = cache.Config{}
		}
	}
	served := metricsserver.Options{BindAddress: o.metricsAddress, SecureServing: o.metricsSecure}
	if o.metricsSecure {
		served.FilterProvider = filters.WithAuthenticationAndAuthorization
		served.TLSOpts = []func(*tls.Config){func(c *tls.Config) { c.MinVersion = tls.VersionTLS12 }}
	}
	grace := o.apiTimeout + 5*time.Second
	return ctrl.Options{
		Scheme:                        scheme,
		Cache:                         caches,
		Metrics:                       served,
		HealthProbeBindAddress:        o.probeAddress,
		PprofBindAddress:              o.pprofAddress,
		LeaderElection:                o.leaderElect,
		LeaderElectionNamespace:       o.leaseNamespace,
		LeaderElectionID:              o.leaseID,
		LeaderElectionReleaseOnCancel: true,
		LeaseDuration:                 &o.leaseDuration,
		RenewDeadline:                 &o.renewDeadline,
		RetryPeriod:                   &o.retryPeriod,
		// A call that is under way at the end is seen through.
		GracefulShutdownTimeout: &grace,
	}
}

// keepVersionOnly leaves of a Secret's metadata just what tells one version
// from another: annotations can hold the whole body, as kubectl apply's do.
func keepVersionOnly(o any) (any, error) {
	if m, ok := o.(*metav1.PartialObjectMetadata); ok {
		m.ObjectMeta = metav1.ObjectMeta{Name: m.Name, Namespace: m.Namespace, UID: m.UID, ResourceVersion: m.ResourceVersion}
	}
	return o, nil
}

// trusted is the system's certificate authorities and those of the bundle; nil
// for the system's alone.
func trusted(bundle string) (*x509.CertPool, error) {
	if bundle == "" {
		return nil, nil
	}
	pem, err := os.ReadFile(bundle)
	if err != nil {
		return nil, fmt.Errorf("--ca-bundle: %w", err)
	}
	roots, err := x509.SystemCertPool()
	if err != nil {
		roots = x509.NewCertPool()
	}
	if !roots.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("--ca-bundle: %s holds no PEM certificate", bundle)
	}
	return roots, nil
}
