package faults

import (
	"context"
	"encoding/json"
	"fmt"
	"runtime/debug"
	"strings"
	"time"

	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/api/meta"

	"github.com/live-operator/live-operator/api/v1alpha1"
	"github.com/live-operator/live-operator/test/livesim"
)

// cell is one operation that meets one fault. Cells run at the same time, so
// each has its own Gomega, whose failures end the cell alone.
type cell struct {
	Gomega

	ctx     context.Context //nolint:containedctx // It lives as long as run does.
	group   *group
	fault   *fault
	lasting bool
	project string
	region  string
	door    *livesim.Door
	secret  string
	trap    livesim.Config
	wantURL string
	forced  string
	// generation is the one of the last change, and removed tells of a deletion.
	generation int64
	removed    bool
	// script is the ID of the fault at work; empty for those before any call.
	script string

	// done: it was put through its fault. said is the reason that the status gave
	// while the fault lasted; empty where nobody noticed. failure is what went
	// wrong, empty if nothing.
	done          bool
	said, failure string
}

// often is how often a cell's fault comes.
func (c *cell) often() string {
	if c.lasting {
		return "for ever"
	}
	return "once"
}

// broken is the failure of one cell.
type broken string

// run puts the cell through its fault.
func (c *cell) run(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	defer func() {
		c.done = true
		switch r := recover().(type) {
		case nil:
		case broken:
			c.failure = string(r) + c.trace()
		default:
			c.failure = fmt.Sprintf("panic: %v\n%s", r, debug.Stack())
		}
	}()
	c.ctx, c.wantURL = ctx, firstURL
	c.Gomega = NewGomega(func(message string, _ ...int) { panic(broken(message)) })
	c.setTrap()
	want := expect(c.group.operation, c.fault, c.lasting)

	c.group.operation.prepare(c)
	from := c.group.history.length(c.name())
	c.begin()
	c.group.operation.trigger(c)
	c.while(want, from)
	c.end()
	if want.forced {
		c.force()
	}
	c.eventuallySynced()
	c.check(from)
}

// begin brings the fault about, as far as the trigger goes.
func (c *cell) begin() {
	switch {
	case c.fault.breaks == nil:
		f := c.fault.script
		f.Operation, f.Project = c.group.operation.live, c.project
		if !c.lasting {
			f.Times = 1
		}
		if c.fault.class == notFound && f.Operation == livesim.Delete {
			f.Acts = true // It is gone, and the answer true: nobody can tell if it were not.
		}
		c.script = c.group.sim.Fail(f)
	case c.group.operation.before != "":
		c.group.arm(c)
	default:
		c.fault.breaks(c)
	}
}

// while waits until the fault has shown, and checks what the status says then.
func (c *cell) while(want expectation, from int) {
	if want.reason == "" {
		c.Eventually(c.hits).WithContext(c.ctx).WithTimeout(patience).Should(BeNumerically(">", 0), "the operator makes the call")
		c.eventuallySynced()
		for _, o := range c.group.history.since(c.name(), from) {
			c.Expect(o.Status.LastError).To(BeNil(), "the fault is nothing to tell of")
		}
		return
	}
	failures := 1
	if c.lasting && want.retried && !want.heals && c.fault.class == unavailable {
		failures = 2 // It is tried again.
	}
	c.Eventually(func() int { return c.tellings(want, from) }).WithContext(c.ctx).WithTimeout(patience).
		Should(BeNumerically(">=", failures), "times that the status tells the truth: %s", want.reason)
	c.said = want.reason
	if want.heals && c.lasting {
		c.eventuallySynced()
		return
	}
	if !c.lasting {
		return
	}
	failed := false
	for _, o := range c.group.history.since(c.name(), from) {
		if !failed && c.tells(o, want) {
			failed = true
			c.Expect(o.Status.LastError.Operation).To(Equal(string(c.group.operation.live)), "the call that failed first")
		}
		c.Expect(failed && synced(o)).To(BeFalse(), "Ready is True while the fault lasts: %+v", o.Status)
	}
	c.Expect(c.hits()).To(BeNumerically("<", 10), "calls in vain")
}

// end ends the fault.
func (c *cell) end() {
	if c.fault.mends != nil {
		c.fault.mends(c)
		return
	}
	c.group.sim.ClearFaults(c.script)
}

// hits are the calls that met the fault.
func (c *cell) hits() int { return len(c.met()) }

func (c *cell) met() []livesim.Call {
	var met []livesim.Call
	for _, call := range c.calls(c.group.operation.live) {
		if c.script != "" && call.Fault == c.script {
			met = append(met, call)
		}
	}
	return met
}

// tellings is in how many versions, with different times of the failure, the
// status says what it must.
func (c *cell) tellings(want expectation, from int) int {
	times := map[time.Time]bool{}
	for _, o := range c.group.history.since(c.name(), from) {
		if c.tells(o, want) {
			times[o.Status.LastError.Time.UTC()] = true
		}
	}
	return len(times)
}

// tells whether the status says what it must: the reason, what can be done
// about it, and of the call exactly what the simulator answered.
func (c *cell) tells(o *v1alpha1.RecordCallbackConfig, want expectation) bool {
	ready, e := meta.FindStatusCondition(o.Status.Conditions, v1alpha1.ConditionReady), o.Status.LastError
	if ready == nil || e == nil || ready.Status != "False" || ready.Reason != want.reason || ready.ObservedGeneration != o.Generation ||
		meta.IsStatusConditionTrue(o.Status.Conditions, v1alpha1.ConditionReconciling) != want.retried ||
		meta.IsStatusConditionTrue(o.Status.Conditions, v1alpha1.ConditionStalled) == want.retried ||
		e.RequestID != o.Status.RequestID && e.RequestID != "" {
		return false
	}
	if c.script == "" {
		// Of a connection that stays broken, the call before is the next to tell.
		named := e.Operation == string(c.group.operation.live) || e.Operation == string(c.group.operation.before)
		return named && e.HTTPStatus == 0 && e.Code == "" && e.RequestID == ""
	}
	if e.Operation != string(c.group.operation.live) {
		return false
	}
	for _, call := range c.met() {
		if c.fault.script.Drip > 0 && call.Operation == livesim.Authenticate {
			// Nothing is told of a token's answer that does not come to its end in time.
			call.Status, call.RequestID = 0, ""
		}
		if int(e.HTTPStatus) == call.Status && e.Code == call.Code && e.RequestID == call.RequestID {
			return true
		}
	}
	return false
}

// check compares what is there in the end with what should be.
func (c *cell) check(from int) {
	own := 0
	for _, remote := range c.group.sim.Configs(c.project) {
		if remote.ID == c.trap.ID {
			c.Expect(remote).To(Equal(c.trap), "what somebody else made is touched")
			continue
		}
		own++
		c.Expect(remote.NotifyCallbackURL).To(Equal(c.wantURL))
		o, _ := c.group.history.last(c.name())
		c.Expect(o.Status.ID).To(Equal(remote.ID))
	}
	wantOwn, wantCreated := 1, 1
	switch c.group.operation.live {
	case livesim.Delete:
		wantOwn = 0
	case livesim.Show:
		wantCreated = 0
	}
	c.Expect(own).To(Equal(wantOwn), "configurations besides the trap")
	c.Expect(c.group.sim.Acted(c.project)[livesim.Create]).To(Equal(wantCreated), "creates that succeeded")
	for _, call := range c.calls(livesim.Update, livesim.Delete) {
		c.Expect(call.ID).NotTo(Equal(c.trap.ID), "somebody else's configuration is called upon")
	}
	for _, o := range c.group.history.since(c.name(), from) {
		text, err := json.Marshal(o)
		c.Expect(err).NotTo(HaveOccurred())
		c.Expect(string(text)).NotTo(ContainSubstring(c.secret), "a secret is told")
		for _, condition := range o.Status.Conditions {
			if id := o.Status.RequestID; id != "" {
				c.Expect(condition.Message).NotTo(ContainSubstring(id), "the message changes from call to call")
			}
		}
	}
}

// trace is what happened to the cell, for who reads of its failure.
func (c *cell) trace() string {
	var b strings.Builder
	b.WriteString("\n\nThe calls:\n")
	for _, call := range c.calls() {
		fmt.Fprintf(&b, "  %s fault=%s\n", call, call.Fault)
	}
	b.WriteString("The status, version by version:\n")
	for _, o := range c.group.history.since(c.name(), 0) {
		ready := meta.FindStatusCondition(o.Status.Conditions, v1alpha1.ConditionReady)
		fmt.Fprintf(&b, "  %s generation %d, ID %s, Ready %+v, last error %+v\n", o.ResourceVersion, o.Generation, o.Status.ID, ready, o.Status.LastError)
	}
	return b.String()
}
