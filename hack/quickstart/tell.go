package main

import (
	"context"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	"sigs.k8s.io/yaml"

	"github.com/live-operator/live-operator/api/v1alpha1"
	"github.com/live-operator/live-operator/test/livesim"
)

// printRequest shows a call as it came over the wire, and its answer.
func (s *show) printRequest(call livesim.Call) {
	s.line("The API got:")
	text := fmt.Sprintf("%s %s\n", call.Method, call.Path)
	for _, name := range []string{"User-Agent", "X-Auth-Token", "Content-Type"} {
		text += fmt.Sprintf("%s: %s\n", name, call.Header.Get(name))
	}
	s.block(text + "\n" + indented(call.Body))
	s.blank()
	s.line("and answered:")
	s.block(fmt.Sprintf("%d %s\nX-request-id: %s\n", call.Status, call.Code, call.RequestID))
	s.blank()
}

// showStatus shows a resource as kubectl get does, and its whole status.
func (s *show) showStatus(ctx context.Context, resource *v1alpha1.RecordCallbackConfig) error {
	if s.cluster.kubectl != "" {
		table, err := s.cluster.run(ctx, "get", "rcc", resource.Name)
		if err != nil {
			return err
		}
		s.line("$ kubectl get rcc %s", resource.Name)
		s.block(table)
	} else {
		ready := meta.FindStatusCondition(resource.Status.Conditions, v1alpha1.ConditionReady)
		s.line("There is no kubectl here; it would show:")
		s.block(fmt.Sprintf("%-18s %-7s %-10s %s\n%-18s %-7s %-10s %s\n",
			"NAME", "READY", "REASON", "DOMAIN", resource.Name, ready.Status, ready.Reason, resource.Spec.PublishDomain))
	}
	status, err := yaml.Marshal(map[string]any{"status": resource.Status})
	if err != nil {
		return err
	}
	s.blank()
	s.line("Its status:")
	s.block(string(status))
	s.blank()
	return nil
}

// stayUp tells how to go on, shows each call to the API, and waits for the end.
func (s *show) stayUp(ctx context.Context) error {
	good := s.samples.good
	s.title("It all went as told. All of it stays up until you press Ctrl-C")
	s.line("In another terminal:")
	fmt.Fprintf(s.w, "\nexport KUBECONFIG=%s\n", s.cluster.admin)
	if s.cluster.kubectl != "" {
		fmt.Fprintf(s.w, "export PATH=%s:$PATH\n", s.assets)
	}
	fmt.Fprintf(s.w, `
kubectl get rcc
kubectl describe rcc %[1]s
kubectl explain rcc.spec
# A change: one PUT, which shows below.
kubectl patch rcc %[2]s --type=merge --patch '{"spec":{"notifyCallbackURL":"https://new.example.com/record"}}'
# What the API has now.
curl -s '%[3]s/_sim/configs?project=%[4]s'
# Somebody changes it in the console: drift, put right every 10 minutes, or when you ask.
curl -s %[3]s/_sim/change --data '{"project":"%[4]s","id":"%[5]s","config":{"notify_callback_url":"https://by-hand.example.com/record"}}'
kubectl annotate rcc %[2]s --overwrite live.huaweicloud.com/reconcile-requested-at="$(date +%%s)"
# The configuration was there before the resource, so it outlives it.
kubectl delete rcc %[2]s
tail -f %[6]s

`, s.samples.bad.Name, good.Name, s.simulator.URL(), good.Spec.ProjectID, good.Spec.ID, s.operator.log)
	s.line("Calls to the Live API:")
	s.live.Store(true)
	select {
	case <-ctx.Done():
		return nil
	case <-s.operator.done:
		return s.explain(s.operator.ended())
	}
}

// printCall is called by the simulator after each call.
func (s *show) printCall(call livesim.Call) {
	if s.live.Load() {
		s.line("%s  %-6s %s %s -> %d %s %s", call.Time.Local().Format(time.TimeOnly), call.Operation, call.Method, call.Path,
			call.Status, call.Code, call.RequestID)
	}
}
