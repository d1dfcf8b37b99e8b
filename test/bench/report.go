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
	Phase          phase   `json:"phase"`
	Resources      int     `json:"resources"`
	Projects       int     `json:"projects"`
	LatencySeconds float64 `json:"latencySeconds"`
	// Calls are those to the Live API and to IAM, TotalCalls those to the Live
	// API alone.
	Calls            tally   `json:"calls"`
	TotalCalls       int     `json:"totalCalls"`
	CallsPerResource float64 `json:"callsPerResource"`
	Writes           writes  `json:"kubernetesWrites"`
	// Requests are the operator's to Kubernetes as the API server counts them.
	Requests requests `json:"kubernetesRequests"`
	// Seconds is how long it took until all was done, with the benchmark's own
	// requests; restart and drift are mostly the wait for the interval. P50 and
	// P99 are the seconds from a resource's request until it was done.
	Seconds   float64 `json:"seconds"`
	PerSecond float64 `json:"resourcesPerSecond"`
	P50       float64 `json:"p50Seconds"`
	P99       float64 `json:"p99Seconds"`
	// Limit is nil where a bare loop has nothing to do.
	Limit *limit `json:"limit"`
	// CPUSeconds and PeakBytes are of the operator's process; the peak is since
	// its start.
	CPUSeconds float64 `json:"cpuSeconds"`
	PeakBytes  int64   `json:"peakResidentBytes"`
	// Budget is nil where the design has none.
	Budget *budget `json:"budget"`
	// Over says what exceeds the budget.
	Over []string `json:"over,omitempty"`
}

// limit is what a bare loop took for the same, and what part of its speed the
// operator had.
type limit struct {
	Seconds float64 `json:"seconds"`
	Ratio   float64 `json:"ratio"`
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
	// Budget and Fair are nil where they were not measured.
	Budget *budgetUse `json:"budget"`
	Fair   *fairUse   `json:"fairness"`
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
			m := f.measure(p)
			r := result{
				Phase: p, Resources: f.size, Projects: len(f.projects), LatencySeconds: f.latency.Seconds(),
				Calls:    callsOf(f, p, l, from.at, to.at),
				Writes:   countWrites(all[from.writes:to.writes], f.namespace),
				Requests: m.server,
				Seconds:  m.took.Seconds(), P50: m.p50.Seconds(), P99: m.p99.Seconds(),
				CPUSeconds: m.cpu.Seconds(), PeakBytes: m.rss,
				Budget: budgetOf(p, f.sizes()),
			}
			if m.took > 0 {
				r.PerSecond = float64(r.Resources) / r.Seconds
			}
			if m.bare > 0 {
				r.Limit = &limit{Seconds: m.bare.Seconds(), Ratio: m.bare.Seconds() / r.Seconds}
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

// write prints the report, and writes it as JSON and as a plot to files, where
// they have names.
func (rep *report) write(w io.Writer, file, plot string) error {
	if err := rep.print(w); err != nil {
		return err
	}
	if plot != "" {
		if err := os.WriteFile(plot, []byte(rep.svg()), 0o600); err != nil {
			return err
		}
	}
	if file == "" {
		return nil
	}
	content, err := json.MarshalIndent(rep, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(file, append(content, '\n'), 0o600)
}

// print prints the report as a table, and what is wrong below it.
func (rep *report) print(w io.Writer) error {
	fmt.Fprint(w, "\nCalls to the Live API by operation; writes and reads of the operator in Kubernetes, events apart.\n\n")
	var table bytes.Buffer
	t := tabwriter.NewWriter(&table, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "resources\tprojects\tphase\tCreate\tUpdate\tShow\tList\tDelete\tcalls\tbudget\teach\tmetadata\tstatus\twrites\tbudget\tevents\treads\tverdict\t")
	for i := range rep.Results {
		r := &rep.Results[i]
		if i > 0 && r.Phase == creation {
			fmt.Fprintln(t, strings.Repeat("\t", 18))
		}
		callBudget, writeBudget, verdict := "-", "-", "-"
		if r.Budget != nil {
			callBudget, writeBudget, verdict = fmt.Sprint(r.Budget.Calls), fmt.Sprint(r.Budget.Writes), "ok"
		}
		if len(r.Over) > 0 {
			verdict = "OVER"
		}
		fmt.Fprintf(t, "%d\t%d\t%s\t%d\t%d\t%d\t%d\t%d\t%d\t%s\t%.3f\t%d\t%d\t%d\t%s\t%d\t%d\t%s\t\n",
			r.Resources, r.Projects, r.Phase,
			r.Calls[livesim.Create], r.Calls[livesim.Update], r.Calls[livesim.Show], r.Calls[livesim.List], r.Calls[livesim.Delete],
			r.TotalCalls, callBudget, r.CallsPerResource,
			r.Writes.Metadata, r.Writes.Status, r.Writes.total(), writeBudget, r.Writes.Events, r.Requests.Reads, verdict)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	for line := range strings.Lines(table.String()) {
		fmt.Fprintln(w, strings.TrimRight(line, " \n"))
	}
	fmt.Fprintln(w)
	if err := rep.printTimes(w); err != nil {
		return err
	}
	for i := range rep.Results {
		r := &rep.Results[i]
		for _, over := range r.Over {
			fmt.Fprintf(w, "OVER: %s of %s: %s\n", r.Phase, spread(r.Resources, r.Projects), over)
		}
	}
	for i := range rep.Results {
		// Two that count apart must agree.
		if r := &rep.Results[i]; r.Requests.Writes != 0 && r.Requests.Writes != r.Writes.total() {
			fmt.Fprintf(w, "%s of %s: the API server counted %d writes of the operator, the proxy %d\n",
				r.Phase, spread(r.Resources, r.Projects), r.Requests.Writes, r.Writes.total())
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
