package main

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"net"
	"slices"
	"strings"
	"time"

	"go.uber.org/zap/zapcore"
	"k8s.io/apimachinery/pkg/labels"
	"sigs.k8s.io/controller-runtime/pkg/client/config"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"

	"github.com/live-operator/live-operator/internal/live"
)

// options is what the flags say.
type options struct {
	liveEndpoints   live.Endpoints
	iamEndpoints    live.Endpoints
	watchNamespaces []string
	watchSecrets    bool
	selector        labels.Selector
	workers         int
	resyncInterval  time.Duration
	apiQPS          float64
	apiBurst        int
	apiTimeout      time.Duration
	caBundle        string
	leaderElect     bool
	leaseNamespace  string
	leaseID         string
	leaseDuration   time.Duration
	renewDeadline   time.Duration
	retryPeriod     time.Duration
	metricsAddress  string
	metricsSecure   bool
	probeAddress    string
	pprofAddress    string
	zap             zap.Options
	showVersion     bool
}

// flagsOf are the flags that set the options, which get their defaults.
func flagsOf(o *options) *flag.FlagSet {
	o.selector = labels.Everything()
	o.liveEndpoints.Regions = map[string]string{}
	fs := flag.NewFlagSet("live-operator", flag.ContinueOnError)
	fs.StringVar(&o.liveEndpoints.Template, "live-endpoint", "https://live.{region}.myhuaweicloud.com", "URL of the Live API; {region} stands for the region of a resource")
	fs.StringVar(&o.iamEndpoints.Template, "iam-endpoint", "https://iam.{region}.myhuaweicloud.com", "URL of IAM; {region} stands for the region of a resource")
	fs.Func("region-endpoint", "`REGION=URL` of the Live API in one region, in place of --live-endpoint; repeatable", func(v string) error {
		region, url, ok := strings.Cut(v, "=")
		if !ok || region == "" || url == "" {
			return errors.New("write REGION=URL, for example cn-north-4=https://live.cn-north-4.myhuaweicloud.com")
		}
		o.liveEndpoints.Regions[region] = url
		return nil
	})
	fs.Func("watch-namespaces", "comma-separated `namespaces` to serve, with no need for a ClusterRole (default all)", func(v string) error {
		for _, name := range strings.Split(v, ",") {
			if name = strings.TrimSpace(name); name != "" {
				o.watchNamespaces = append(o.watchNamespaces, name)
			}
		}
		return nil
	})
	fs.BoolVar(&o.watchSecrets, "watch-secrets", true, "watch the metadata of Secrets, to use a changed one at once; with false a changed one is used at the next call, and no list or watch on Secrets is needed")
	fs.Func("selector", "label `selector`: serve only resources that match, as one shard of several with a lease of its own", func(v string) (err error) {
		o.selector, err = labels.Parse(v)
		return err
	})
	fs.IntVar(&o.workers, "max-concurrent-reconciles", 16, "how many resources are handled at a time; a project whose API hangs holds an eighth of these workers, and all such together half")
	fs.DurationVar(&o.resyncInterval, "resync-interval", 10*time.Minute, "how often a resource that does not say is compared with the API: at least 1m, or 0 for never")
	fs.Float64Var(&o.apiQPS, "api-qps", 4.8, "calls a second to the Live API for each project; 0 for no limit")
	fs.IntVar(&o.apiBurst, "api-burst", 10, "calls to the Live API that a project may make at once")
	fs.DurationVar(&o.apiTimeout, "api-timeout", 30*time.Second, "how long one call to the Live API or to IAM may take")
	fs.StringVar(&o.caBundle, "ca-bundle", "", "PEM `file` of certificate authorities to trust besides the system's, for the Live API and IAM")
	fs.BoolVar(&o.leaderElect, "leader-elect", false, "let only one of several replicas act at a time")
	fs.StringVar(&o.leaseNamespace, "leader-election-namespace", "", "namespace of the lease (default the operator's own)")
	fs.StringVar(&o.leaseID, "leader-election-id", "", "name of the lease (default live-operator, with --selector followed by what tells it from other selectors)")
	fs.DurationVar(&o.leaseDuration, "leader-election-lease-duration", 15*time.Second, "how long a lease holds that is not renewed")
	fs.DurationVar(&o.renewDeadline, "leader-election-renew-deadline", 10*time.Second, "how long the leader tries to renew its lease before it gives up")
	fs.DurationVar(&o.retryPeriod, "leader-election-retry-period", 2*time.Second, "how long to wait between tries to take or renew the lease")
	fs.StringVar(&o.metricsAddress, "metrics-bind-address", ":8443", "address of the metrics; 0 for none")
	fs.BoolVar(&o.metricsSecure, "metrics-secure", true, "serve metrics over HTTPS, and only to those whom the API server authorizes")
	fs.StringVar(&o.probeAddress, "health-probe-bind-address", ":8081", "address of /healthz and /readyz; 0 for none")
	fs.StringVar(&o.pprofAddress, "pprof-bind-address", "0", "address of /debug/pprof, which must be of the loopback interface; 0 for none")
	fs.BoolVar(&o.showVersion, "version", false, "print the version and exit")
	config.RegisterFlags(fs)
	o.zap.BindFlags(fs)
	return fs
}

// parse turns arguments into options. Help and mistakes are told on output.
func parse(arguments []string, output io.Writer) (*options, error) {
	o := &options{}
	fs := flagsOf(o)
	fs.SetOutput(output)
	if err := fs.Parse(arguments); err != nil {
		return nil, err
	}
	if rest := fs.Args(); len(rest) > 0 {
		return nil, fmt.Errorf("there is an argument that is no flag: %q", rest[0])
	}
	if o.zap.Level != nil {
		o.zap.Level = discreet{o.zap.Level}
	}
	if o.leaseID == "" {
		o.leaseID = leaseOf(o.selector)
	}
	return o, o.validate()
}

// discreet is a level that never reaches the one at which client-go logs the
// bodies of what it reads and writes: the operator's Secrets are among them.
type discreet struct{ zapcore.LevelEnabler }

// Enabled tells whether entries of that level are logged.
func (d discreet) Enabled(level zapcore.Level) bool {
	const bodies zapcore.Level = -8
	return level > bodies && d.LevelEnabler.Enabled(level)
}

// leaseOf is the lease of the shard with that selector. Shards must not wait for
// each other, and all replicas of one must name the same.
func leaseOf(s labels.Selector) string {
	const name = "live-operator"
	if s.Empty() {
		return name
	}
	digest := sha256.Sum256([]byte(s.String()))
	return name + "-" + hex.EncodeToString(digest[:5])
}

// validate says what is wrong with the options, all at once.
func (o *options) validate() error {
	var errs []error
	refuse := func(wrong bool, flag, what string) {
		if wrong {
			errs = append(errs, fmt.Errorf("--%s: %s", flag, what))
		}
	}
	if err := o.liveEndpoints.Validate(); err != nil {
		errs = append(errs, fmt.Errorf("--live-endpoint, --region-endpoint: %w", err))
	}
	if err := o.iamEndpoints.Validate(); err != nil {
		errs = append(errs, fmt.Errorf("--iam-endpoint: %w", err))
	}
	refuse(o.workers < 1, "max-concurrent-reconciles", "must be at least 1")
	refuse(o.resyncInterval != 0 && o.resyncInterval < time.Minute, "resync-interval", "must be at least 1m, or 0 for never")
	refuse(o.apiQPS < 0, "api-qps", "can't be negative")
	refuse(o.apiQPS > 0 && o.apiBurst < 1, "api-burst", "must be at least 1")
	refuse(o.apiTimeout < time.Second, "api-timeout", "must be at least 1s")
	refuse(o.pprofAddress != "0" && !loopback(o.pprofAddress), "pprof-bind-address",
		"must be of the loopback interface, such as 127.0.0.1:6060, because whoever reaches it can keep the process busy; kubectl port-forward leads there")
	refuse(o.leaderElect && (o.leaseDuration <= o.renewDeadline || o.renewDeadline <= o.retryPeriod), "leader-election-lease-duration",
		"must be longer than --leader-election-renew-deadline, and that longer than --leader-election-retry-period")
	slices.Sort(o.watchNamespaces)
	o.watchNamespaces = slices.Compact(o.watchNamespaces)
	return errors.Join(errs...)
}

// loopback tells whether only the same host, or pod, can reach the address.
func loopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	ip := net.ParseIP(host)
	return err == nil && (host == "localhost" || ip != nil && ip.IsLoopback())
}

// regions are the regions with an endpoint of their own, for the log.
func (o *options) regions() []string {
	return slices.Sorted(maps.Keys(o.liveEndpoints.Regions))
}
