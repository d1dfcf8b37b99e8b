package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/live-operator/live-operator/test/builder"
	"github.com/live-operator/live-operator/test/harness"
	"github.com/live-operator/live-operator/test/livesim"
)

// bed is what the operator runs in: a cluster, a proxy that counts its writes,
// and a simulator that counts its calls.
type bed struct {
	*options
	cluster  *harness.Cluster
	proxy    *harness.Proxy
	sim      *livesim.Simulator
	ledger   *ledger
	binary   harness.Binary
	operator *harness.Operator
	logs     string // of operators that have ended
	progress io.Writer
	began    time.Time
	// client is the benchmark's own, and own counts what it asks for.
	client client.WithWatch
	own    ownRequests
}

// startBed starts all but the operator. The caller closes the bed, also after
// an error.
func startBed(ctx context.Context, o *options, progress io.Writer) (*bed, error) {
	b := &bed{options: o, ledger: &ledger{}, progress: progress, began: time.Now()}
	var err error
	b.say("building the operator")
	if o.operator != "" {
		b.binary = harness.Binary(o.operator)
	} else {
		// Without the race detector, as it ships.
		if err := os.Setenv("CGO_ENABLED", "0"); err != nil {
			return b, err
		}
		if b.binary, err = harness.Build(ctx); err != nil {
			return b, err
		}
	}
	b.say("starting etcd and kube-apiserver")
	if b.cluster, err = harness.StartCluster(); err != nil {
		return b, err
	}
	if b.proxy, err = harness.NewProxy(b.cluster); err != nil {
		return b, err
	}
	config := rest.CopyConfig(b.cluster.Config)
	config.QPS = -1
	config.Wrap(b.own.wrap)
	if b.client, err = client.NewWithWatch(config, client.Options{Scheme: b.cluster.Client.Scheme()}); err != nil {
		return b, err
	}
	b.sim = livesim.New(livesim.Options{CallLog: 1, OnCall: b.ledger.add})
	b.sim.Start()
	return b, nil
}

// close ends all that was started.
func (b *bed) close(ctx context.Context) error {
	var errs []error
	if b.operator != nil {
		// An interrupt at a terminal reaches the operator, too.
		if err := b.stopOperator(); ctx.Err() == nil {
			errs = append(errs, err)
		}
	}
	if b.operatorLog != "" && b.logs != "" {
		errs = append(errs, os.WriteFile(b.operatorLog, []byte(b.logs), 0o600))
	}
	if b.proxy != nil {
		errs = append(errs, b.proxy.Close())
	}
	if b.sim != nil {
		b.sim.Close()
	}
	if b.cluster != nil {
		errs = append(errs, b.cluster.Stop())
	}
	if b.binary != "" && b.options.operator == "" {
		errs = append(errs, b.binary.Remove())
	}
	return errors.Join(errs...)
}

// say writes a line of progress.
func (b *bed) say(format string, args ...any) {
	fmt.Fprintf(b.progress, "%6.1fs  %s\n", time.Since(b.began).Seconds(), fmt.Sprintf(format, args...))
}

// setLatency sets how far away the API is.
func (b *bed) setLatency(latency time.Duration) {
	b.sim.SetBehavior(func(behavior *livesim.Behavior) { behavior.Latency = latency })
}

// startOperator starts it with that --resync-interval and --zap-log-level, and
// further flags.
func (b *bed) startOperator(ctx context.Context, interval time.Duration, level string, flags ...string) error {
	var err error
	b.operator, err = b.binary.Start(ctx, b.proxy.Kubeconfig, append([]string{
		"--live-endpoint=" + b.sim.URL(),
		"--iam-endpoint=" + b.sim.URL(),
		fmt.Sprintf("--api-qps=%g", b.qps),
		"--resync-interval=" + interval.String(),
		fmt.Sprintf("--max-concurrent-reconciles=%d", b.concurrency),
		"--selector=" + operated + "=operator",
		// At level debug, of messages that come in masses, most are left out; at
		// level 2 none is.
		"--zap-log-level=" + level,
	}, append(flags, b.operatorFlags...)...)...)
	return err
}

func (b *bed) stopOperator() error {
	err := b.operator.Stop()
	b.logs += b.operator.Log()
	b.operator = nil
	return err
}

// mark is now.
func (b *bed) mark() mark {
	return mark{at: time.Now(), writes: len(b.proxy.Writes(""))}
}

// tokenOf is the credential of a project.
func tokenOf(project string) string { return "token-of-" + project }

// prepare makes the namespace of a fleet, and the credentials for its projects.
func (b *bed) prepare(ctx context.Context, f *fleet) error {
	if err := b.cluster.Client.Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: f.namespace}}); err != nil {
		return err
	}
	for _, p := range f.projects {
		b.sim.AddToken(tokenOf(p.id), p.id)
		secret := builder.Secret(p.secret).InNamespace(f.namespace).WithToken(tokenOf(p.id)).Build()
		if err := b.cluster.Client.Create(ctx, secret); err != nil {
			return err
		}
	}
	return nil
}
