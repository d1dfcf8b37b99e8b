package main

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

// The goals of the design for time and memory. They are told, and fail nothing:
// the machine may have had other things to do.
const (
	goalRatio    = 0.8
	goalFairness = 1.5
	goalBytes    = 150 << 20
)

// printTimes prints what the phases took, beside what a bare loop took.
func (rep *report) printTimes(w io.Writer) error {
	fmt.Fprint(w, "Times of the operator; the limit is a bare loop with the same concurrency, calls and writes. CPU and memory are the operator's process.\n\n")
	var table bytes.Buffer
	t := tabwriter.NewWriter(&table, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "API\tresources\tprojects\tphase\tseconds\teach/s\tp50\tp99\tlimit\tratio\tCPU s\tpeak MiB\t")
	for i := range rep.Results {
		r := &rep.Results[i]
		bare, ratio := "-", "-"
		if r.Limit != nil {
			bare, ratio = fmt.Sprintf("%.2f", r.Limit.Seconds), fmt.Sprintf("%.2f", r.Limit.Ratio)
		}
		fmt.Fprintf(t, "%s\t%d\t%d\t%s\t%.2f\t%.0f\t%.3f\t%.3f\t%s\t%s\t%.2f\t%.1f\t\n", seconds(r.LatencySeconds), r.Resources, r.Projects, r.Phase,
			r.Seconds, r.PerSecond, r.P50, r.P99, bare, ratio, r.CPUSeconds, float64(r.PeakBytes)/(1<<20))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	for line := range strings.Lines(table.String()) {
		fmt.Fprintln(w, strings.TrimRight(line, " \n"))
	}
	fmt.Fprintln(w)
	if u := rep.Budget; u != nil {
		fmt.Fprintf(w, "Budget: %d calls in %.1f s, where %.1f are allowed: %.1f%% used. Busiest minute: %d. Refused with 429: %d.\n",
			u.Calls, u.Seconds, u.Allowed, 100*u.Used, u.Busiest, u.Throttled)
	}
	if u := rep.Fair; u != nil {
		fmt.Fprintf(w, "Fairness: %s took %.2f s without and %.2f s with a project of which %d calls hung: %.2f times as long.\n",
			spread(u.Resources, u.Projects), u.Without, u.With, u.Hung, u.Ratio)
	}
	for _, missed := range rep.missed() {
		fmt.Fprintln(w, "Goal missed:", missed)
	}
	return nil
}

// missed says which goals for time and memory were not met.
func (rep *report) missed() []string {
	var all []string
	miss := func(format string, args ...any) { all = append(all, fmt.Sprintf(format, args...)) }
	for i := range rep.Results {
		r := &rep.Results[i]
		name := fmt.Sprintf("%s of %s, %s away", r.Phase, spread(r.Resources, r.Projects), seconds(r.LatencySeconds))
		if r.Limit != nil && r.Limit.Ratio < goalRatio {
			miss("%s: %.2f of the limit, and not %g", name, r.Limit.Ratio, goalRatio)
		}
		if r.Resources <= 10000 && r.PeakBytes > goalBytes {
			miss("%s: %d MiB of memory, and not %d", name, r.PeakBytes>>20, int64(goalBytes)>>20)
		}
		if smaller := rep.smaller(r); smaller != nil && r.PerSecond < goalRatio*smaller.PerSecond {
			miss("%s: %.0f a second, where %s had %.0f: time grows faster than the number", name, r.PerSecond, spread(smaller.Resources, smaller.Projects), smaller.PerSecond)
		}
	}
	if rep.Budget != nil && !rep.Budget.kept() {
		miss("a budget that is used to within 2%%, with nothing refused")
	}
	if rep.Fair != nil && rep.Fair.Ratio > goalFairness {
		miss("the others took %.2f times as long beside a project that hangs, and not %g", rep.Fair.Ratio, goalFairness)
	}
	return all
}

// smaller is the same phase with the next smaller number of resources that took
// long enough to tell something; nil without one.
func (rep *report) smaller(r *result) *result {
	var found *result
	for i := range rep.Results {
		s := &rep.Results[i]
		if s.Phase == r.Phase && s.Projects == r.Projects && s.LatencySeconds == r.LatencySeconds && s.Limit != nil &&
			s.Resources < r.Resources && s.Resources >= 1000 && (found == nil || s.Resources > found.Resources) {
			found = s
		}
	}
	return found
}
