package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/live-operator/live-operator/test/harness"
	"github.com/live-operator/live-operator/test/livesim"
)

// result is what a phase has cost a fleet.
type result struct {
	Phase     phase `json:"phase"`
	Resources int   `json:"resources"`
	Projects  int   `json:"projects"`
	// Calls are those to the Live API and to IAM, TotalCalls those to the Live
	// API alone.
	Calls            tally   `json:"calls"`
	TotalCalls       int     `json:"totalCalls"`
	CallsPerResource float64 `json:"callsPerResource"`
	Writes           writes  `json:"kubernetesWrites"`
	// Seconds is how long it took until all was done, with the benchmark's own
	// requests; restart and drift are mostly the wait for the interval.
	Seconds float64 `json:"seconds"`
	// Budget is nil where the design has none.
	Budget *budget `json:"budget"`
	// Over says what exceeds the budget.
	Over []string `json:"over,omitempty"`
}

// liveWrites are the calls that change something.
func (r *result) liveWrites() int {
	return r.Calls[livesim.Create] + r.Calls[livesim.Update] + r.Calls[livesim.Delete]
}

// report is all results.
type report struct {
	// OK: no budget was exceeded.
	OK      bool     `json:"ok"`
	Results []result `json:"results"`
	// Stray are writes to Kubernetes that no fleet is to blame for.
	Stray []harness.Write `json:"strayWrites,omitempty"`
}

// newReport counts for all fleets what happened in each of their phases.
func newReport(fleets []*fleet, l *ledger, all []harness.Write) *report {
	rep := &report{OK: true}
	namespaces := map[string]bool{}
	for _, f := range fleets {
		namespaces[f.namespace] = true
		for i, p := range phases {
			from, done := f.begun[p]
			if !done {
				continue
			}
			to := f.ended
			for _, next := range phases[i+1:] {
				if m, ok := f.begun[next]; ok {
					to = m
					break
				}
			}
			r := result{
				Phase: p, Resources: f.size, Projects: len(f.projects),
				Calls:   callsOf(f, p, l, from.at, to.at),
				Writes:  countWrites(all[from.writes:to.writes], f.namespace),
				Seconds: f.took[p].Seconds(),
				Budget:  budgetOf(p, f.sizes()),
			}
			r.TotalCalls = r.Calls.total()
			r.CallsPerResource = float64(r.TotalCalls) / float64(r.Resources)
			r.Over = r.Budget.over(&r)
			rep.OK = rep.OK && len(r.Over) == 0
			rep.Results = append(rep.Results, r)
		}
	}
	rep.Stray = stray(all, namespaces)
	return rep
}

// callsOf counts the calls of a phase. Restart and drift are each project's
// first and second round since the restart, however they overlap with those of
// other projects; third rounds, of projects that were early, are left out.
func callsOf(f *fleet, p phase, l *ledger, from, to time.Time) tally {
	calls := tally{}
	for _, project := range f.projects {
		if p != restart && p != drift {
			calls.add(l.between(project.id, from, to))
			continue
		}
		all := rounds(l.between(project.id, f.begun[restart].at, f.begun[deletion].at), resync)
		n := 0
		if p == drift {
			n = 1
		}
		if n < len(all) {
			calls.add(all[n])
		}
	}
	return calls
}

// write prints the report, and writes it as JSON to a file, if there is a name.
func (rep *report) write(w io.Writer, file string) error {
	if err := rep.print(w); err != nil || file == "" {
		return err
	}
	content, err := json.MarshalIndent(rep, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(file, append(content, '\n'), 0o600)
}

// print prints the report as a table, and what is wrong below it.
func (rep *report) print(w io.Writer) error {
	fmt.Fprint(w, "\nCalls to the Live API by operation; writes to Kubernetes by the operator, events apart.\n\n")
	var table bytes.Buffer
	t := tabwriter.NewWriter(&table, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "resources\tprojects\tphase\tCreate\tUpdate\tShow\tList\tDelete\tcalls\tbudget\teach\tmetadata\tstatus\twrites\tbudget\tevents\tseconds\tverdict\t")
	for i := range rep.Results {
		r := &rep.Results[i]
		if i > 0 && r.Phase == creation {
			fmt.Fprintln(t, "\t\t\t\t\t\t\t\t\t\t\t\t\t\t\t\t\t\t")
		}
		callBudget, writeBudget, verdict := "-", "-", "-"
		if r.Budget != nil {
			callBudget, writeBudget, verdict = fmt.Sprint(r.Budget.Calls), fmt.Sprint(r.Budget.Writes), "ok"
		}
		if len(r.Over) > 0 {
			verdict = "OVER"
		}
		fmt.Fprintf(t, "%d\t%d\t%s\t%d\t%d\t%d\t%d\t%d\t%d\t%s\t%.3f\t%d\t%d\t%d\t%s\t%d\t%.1f\t%s\t\n",
			r.Resources, r.Projects, r.Phase,
			r.Calls[livesim.Create], r.Calls[livesim.Update], r.Calls[livesim.Show], r.Calls[livesim.List], r.Calls[livesim.Delete],
			r.TotalCalls, callBudget, r.CallsPerResource,
			r.Writes.Metadata, r.Writes.Status, r.Writes.total(), writeBudget, r.Writes.Events, r.Seconds, verdict)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	for line := range strings.Lines(table.String()) {
		fmt.Fprintln(w, strings.TrimRight(line, " \n"))
	}
	fmt.Fprintln(w)
	for i := range rep.Results {
		r := &rep.Results[i]
		for _, over := range r.Over {
			fmt.Fprintf(w, "OVER: %s of %s: %s\n", r.Phase, spread(r.Resources, r.Projects), over)
		}
	}
	for _, s := range rep.Stray {
		fmt.Fprintf(w, "A write outside of all fleets: %s %s\n", s.Method, s.Path)
	}
	if rep.OK {
		fmt.Fprintln(w, "Every budget was kept.")
	}
	return nil
}
