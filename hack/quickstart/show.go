package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/live-operator/live-operator/api/v1alpha1"
	"github.com/live-operator/live-operator/test/livesim"
)

// show is one run of the quickstart.
type show struct {
	options
	printer
	root, dir string

	cluster    *cluster
	simulator  *livesim.Simulator
	operator   *operator
	credential *livesim.Credential
	samples    samples
	// live is true when each call to the API is to be printed as it comes.
	live atomic.Bool
}

// samples are the manifests of config/samples, as text and as what they say.
type samples struct {
	secretText, goodText, badText []byte
	secret                        corev1.Secret
	good, bad                     v1alpha1.RecordCallbackConfig
}

func readSamples(dir string) (s samples, err error) {
	for _, sample := range []struct {
		name   string
		text   *[]byte
		object any
	}{
		{"secret.yaml", &s.secretText, &s.secret},
		{"live_v1alpha1_recordcallbackconfig.yaml", &s.goodText, &s.good},
		{"rejected.yaml", &s.badText, &s.bad},
	} {
		if *sample.text, err = os.ReadFile(filepath.Join(dir, sample.name)); err != nil {
			return s, err
		}
		if err := yaml.UnmarshalStrict(*sample.text, sample.object); err != nil {
			return s, fmt.Errorf("%s: %w", sample.name, err)
		}
	}
	if s.good.Spec.ID == "" || s.bad.Spec.ID == "" || s.secret.StringData["token"] == "" {
		return s, errors.New("the samples are not what the show is about: two resources with spec.id, and a Secret with a token")
	}
	return s, nil
}

// run is the show, and what comes after it.
func (s *show) run(ctx context.Context) error {
	for _, step := range []func(context.Context) error{
		s.startCluster, s.startSimulator, s.startOperator, s.applyGood, s.showGood, s.showBad,
	} {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := step(ctx); err != nil {
			if ctx.Err() != nil {
				return ctx.Err() // What failed did so because of the interruption.
			}
			return s.explain(err)
		}
	}
	if s.once {
		s.title("It all went as told")
		return nil
	}
	return s.stayUp(ctx)
}

// explain adds to an error what the operator has to say.
func (s *show) explain(err error) error {
	if s.operator == nil {
		return err
	}
	return fmt.Errorf("%w\n\nThe end of the operator's log:\n%s", err, s.operator.tail())
}

// close ends what runs, in the order that lets each end well.
func (s *show) close() error {
	s.live.Store(false)
	if s.cluster == nil {
		return nil
	}
	s.title("Stopping")
	var errs []error
	if s.operator != nil {
		errs = append(errs, s.operator.stop())
	}
	if s.simulator != nil {
		s.simulator.Close()
	}
	return errors.Join(append(errs, s.cluster.stop())...)
}

func (s *show) startCluster(ctx context.Context) (err error) {
	s.title("1. A control plane: etcd and kube-apiserver, with the CRD and no nodes")
	s.cluster, err = startCluster(ctx, s.options, s.root, s.dir)
	if err != nil {
		return err
	}
	s.line("up at %s", strings.TrimSuffix(s.cluster.env.Config.Host, "/"))
	return nil
}

func (s *show) startSimulator(context.Context) (err error) {
	s.title("2. A simulator of the Live API")
	if s.samples, err = readSamples(filepath.Join(s.root, "config", "samples")); err != nil {
		return fmt.Errorf("reading the samples: %w", err)
	}
	good, bad := s.samples.good.Spec, s.samples.bad.Spec
	s.simulator = livesim.New(livesim.Options{OnCall: s.printCall})
	s.credential = s.simulator.AddToken(s.samples.secret.StringData["token"], good.ProjectID, bad.ProjectID)
	// As they were before the operator: made by hand, and not what the samples say.
	s.simulator.Seed(good.ProjectID, livesim.Config{
		ID: good.ID, PublishDomain: good.PublishDomain, App: good.App, NotifyCallbackURL: "https://old.example.com/record",
	})
	s.simulator.Seed(bad.ProjectID, livesim.Config{
		ID: bad.ID, PublishDomain: "other." + bad.PublishDomain, App: bad.App, NotifyCallbackURL: "https://old.example.com/record",
	})
	s.simulator.Fail(livesim.Fault{
		Operation: livesim.Update, Domain: bad.PublishDomain,
		Status: rejectedStatus, Code: rejectedCode, Message: rejectedMessage,
	})
	if s.prepare != nil {
		s.prepare(s.simulator)
	}
	s.line("up at %s", s.simulator.Start())
	s.line("It has the configuration %s of %s, made by hand, with the callback URL", good.ID, good.PublishDomain)
	s.line("https://old.example.com/record.")
	return nil
}

func (s *show) startOperator(ctx context.Context) (err error) {
	s.title("3. The operator, as a process of its own with the rights of config/rbac")
	binary := s.options.operator
	if binary == "" {
		s.line("building it")
		if binary, err = buildOperator(ctx, s.root, s.dir); err != nil {
			return err
		}
	}
	if s.operator, err = startOperator(binary, s.dir, s.cluster.operator, s.simulator.URL()); err != nil {
		return err
	}
	if err := s.await(ctx, "the operator to be ready", func(ctx context.Context) (bool, error) {
		return s.operator.ready(ctx), nil
	}); err != nil {
		return err
	}
	s.line("ready, with the process ID %d; its log is %s", s.operator.command.Process.Pid, s.operator.log)
	return nil
}

func (s *show) applyGood(ctx context.Context) error {
	s.title("4. kubectl apply: the credentials, and what one existing configuration should be")
	for _, manifest := range [][]byte{s.samples.secretText, s.samples.goodText} {
		s.block(withoutComments(manifest))
		s.blank()
		if err := s.cluster.apply(ctx, manifest); err != nil {
			return fmt.Errorf("applying a sample: %w", err)
		}
	}
	s.line("applied to the namespace %s", namespace)
	return nil
}

func (s *show) showGood(ctx context.Context) error {
	s.title("5. The Live API got one PUT, and the resource is Ready with its request ID")
	resource, err := s.settled(ctx, &s.samples.good)
	if err != nil {
		return err
	}
	calls := s.callsFor(resource)
	found := checkCall(resource, calls, s.credential.Name(), 200)
	if len(calls) > 0 {
		s.printRequest(calls[0])
		found = append(found, checkReady(resource, calls[0])...)
	}
	found = append(found, checkStored(resource, s.simulator)...)
	if err := s.showStatus(ctx, resource); err != nil {
		return err
	}
	if len(found) > 0 {
		return errors.Join(found...)
	}
	s.held("one PUT, and its body holds just what the spec sets")
	s.held("the request ID in the status is the one that the API answered")
	return nil
}

func (s *show) showBad(ctx context.Context) error {
	s.title("6. A resource that the Live API rejects, because it does not know the ingest domain")
	s.block(withoutComments(s.samples.badText))
	s.blank()
	if err := s.cluster.apply(ctx, s.samples.badText); err != nil {
		return fmt.Errorf("applying a sample: %w", err)
	}
	resource, err := s.settled(ctx, &s.samples.bad)
	if err != nil {
		return err
	}
	calls := s.callsFor(resource)
	found := checkCall(resource, calls, s.credential.Name(), rejectedStatus)
	if len(calls) > 0 {
		s.printRequest(calls[0])
		found = append(found, checkRejected(resource, calls[0])...)
	}
	if err := s.showStatus(ctx, resource); err != nil {
		return err
	}
	if len(found) > 0 {
		return errors.Join(found...)
	}
	s.held("the status has the API's error, with the request ID that the API answered")
	return nil
}

// settled waits until the operator has come to a conclusion about a resource,
// good or bad, and gives the resource.
func (s *show) settled(ctx context.Context, sample *v1alpha1.RecordCallbackConfig) (*v1alpha1.RecordCallbackConfig, error) {
	resource := &v1alpha1.RecordCallbackConfig{}
	what := "a conclusion about the resource " + sample.Name
	err := s.await(ctx, what, func(ctx context.Context) (bool, error) {
		err := s.cluster.Get(ctx, client.ObjectKey{Namespace: namespace, Name: sample.Name}, resource)
		conditions := resource.Status.Conditions
		ready := meta.FindStatusCondition(conditions, v1alpha1.ConditionReady)
		return err == nil && ready != nil && ready.ObservedGeneration == resource.Generation &&
			(meta.IsStatusConditionTrue(conditions, v1alpha1.ConditionReady) || meta.IsStatusConditionTrue(conditions, v1alpha1.ConditionStalled)), err
	})
	if err != nil {
		text, _ := yaml.Marshal(resource.Status)
		return nil, fmt.Errorf("%w\nIts status:\n%s", err, text)
	}
	return resource, nil
}

// callsFor are the calls that were to change a resource's configuration.
func (s *show) callsFor(resource *v1alpha1.RecordCallbackConfig) []livesim.Call {
	var calls []livesim.Call
	for _, call := range s.simulator.Calls(livesim.Create, livesim.Update, livesim.Delete) {
		if call.ID == resource.Spec.ID || call.PublishDomain == resource.Spec.PublishDomain {
			calls = append(calls, call)
		}
	}
	return calls
}

// await waits until done, and no longer than a step may take. It gives up at
// once when the operator has ended.
func (s *show) await(ctx context.Context, what string, done func(context.Context) (bool, error)) error {
	waiting, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		ok, last := done(waiting)
		if ok {
			return nil
		}
		if s.operator != nil {
			if err := s.operator.ended(); err != nil {
				return fmt.Errorf("waiting for %s: %w", what, err)
			}
		}
		select {
		case <-waiting.Done():
			if ctx.Err() != nil {
				return ctx.Err()
			}
			return errors.Join(fmt.Errorf("there was no sign of %s for %s", what, s.timeout), last)
		case <-tick.C:
		}
	}
}
