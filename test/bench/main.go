// Command bench counts what the operator costs: its calls to the Live API and
// its writes to Kubernetes, through the whole life of many resources, against
// the budgets of the design; and measures its time beside that of a bare loop,
// its memory, how it uses a budget, and what a project that hangs costs the
// others. It starts etcd and kube-apiserver, a simulator of the Live API and the
// operator as a process of its own.
//
//	make bench
//	make bench ARGS="-n 2000 -projects 4 -json bench.json -plot bench.svg"
//	make bench BENCH=smoke
//	make bench BENCH=full
//	make bench ARGS="-from small.json,large.json -plot both.svg"
//
// The exit code is 0 if every budget was kept, 1 if not, 2 if the benchmark
// could not be done. What was measured in seconds or bytes fails nothing.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/go-logr/logr"
	ctrl "sigs.k8s.io/controller-runtime"
)

// options are the flags.
type options struct {
	sizes, projects []int
	latencies       []time.Duration
	qps             float64
	workers         int
	concurrency     int
	smoke, full     bool
	skipComparisons bool
	skipLimit       bool
	budget, fair    bool
	json, plot      string
	from            []string
	operator        string
	operatorLog     string
	operatorFlags   []string
}

func main() {
	o, err := parse(os.Args[1:], os.Stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return
	case err != nil:
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	var rep *report
	if len(o.from) > 0 {
		rep, err = readReports(o.from)
	} else {
		rep, err = run(ctx, o, os.Stderr)
	}
	stop()
	if err == nil {
		err = rep.write(os.Stdout, o.json, o.plot)
	}
	switch {
	case errors.Is(err, context.Canceled):
		fmt.Fprintln(os.Stderr, "bench: interrupted")
		os.Exit(130)
	case err != nil:
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(2)
	case !rep.OK:
		os.Exit(1)
	}
}

// parse turns arguments into options. Help and mistakes are told on output.
func parse(arguments []string, output io.Writer) (*options, error) {
	o := &options{sizes: []int{100, 1000}, projects: []int{1, 10}, latencies: []time.Duration{20 * time.Millisecond}}
	fs := flag.NewFlagSet("bench", flag.ContinueOnError)
	fs.SetOutput(output)
	fs.Func("n", "comma-separated `numbers` of resources; each is a fleet of its own for each of -projects (default 100,1000)", numbers(&o.sizes))
	fs.Func("projects", "comma-separated `numbers` of projects that a fleet is spread over (default 1,10)", numbers(&o.projects))
	fs.Func("latency", "comma-separated `durations` that each call to the Live API takes (default 20ms)", durations(&o.latencies))
	fs.Float64Var(&o.qps, "api-qps", 0, "the operator's --api-qps: calls a second for each project; 0 for no limit")
	fs.IntVar(&o.workers, "workers", 4, "how many requests the benchmark itself makes at a time")
	fs.IntVar(&o.concurrency, "concurrency", 16, "the operator's --max-concurrent-reconciles, and how many bare loops there are")
	fs.BoolVar(&o.smoke, "smoke", false, "one fleet of 100 in one project, and no second comparison: under two minutes")
	fs.BoolVar(&o.full, "full", false, "100, 1,000 and 10,000 resources in 1, 10 and 100 projects, 20 ms and 0 ms away, the budget and fairness: hours")
	fs.BoolVar(&o.skipComparisons, "skip-comparisons", false, "leave out restart and drift, which are mostly a wait")
	fs.BoolVar(&o.skipLimit, "skip-limit", false, "leave out the bare loop")
	fs.BoolVar(&o.budget, "budget", false, "then use up a project's budget of calls for two minutes, against a simulator with the vendor's limit")
	fs.BoolVar(&o.fair, "fair", false, "then measure what a project whose API hangs costs the others")
	fs.StringVar(&o.json, "json", "", "write the results to this `file`, too")
	fs.StringVar(&o.plot, "plot", "", "write a plot of the times to this SVG `file`")
	fs.Func("from", "measure nothing: put the results together that earlier runs wrote to these comma-separated JSON `files`", func(v string) error {
		o.from = strings.Split(v, ",")
		return nil
	})
	fs.StringVar(&o.operator, "operator", "", "measure this `binary` of the operator, in place of one built from the code here")
	fs.StringVar(&o.operatorLog, "operator-log", "", "write the operator's log, at level debug, to this `file`")
	fs.Func("operator-flags", "space-separated further `flags` of the operator, such as --pprof-bind-address=127.0.0.1:6060", func(v string) error {
		o.operatorFlags = strings.Fields(v)
		return nil
	})
	if err := fs.Parse(arguments); err != nil {
		return nil, err
	}
	switch {
	case fs.NArg() > 0:
		return nil, fmt.Errorf("there is an argument that is no flag: %q", fs.Arg(0))
	case o.qps < 0:
		return nil, errors.New("-api-qps can't be negative")
	case o.workers < 1 || o.concurrency < 1:
		return nil, errors.New("-workers and -concurrency must be at least 1")
	}
	switch {
	case o.smoke:
		o.sizes, o.projects = []int{100}, []int{1}
	case o.full:
		o.sizes, o.projects = []int{100, 1000, 10000}, []int{1, 10, 100}
		o.latencies = []time.Duration{20 * time.Millisecond, 0}
		o.budget, o.fair = true, true
	}
	return o, nil
}

// numbers reads a list of numbers, each at least 1.
func numbers(into *[]int) func(string) error {
	return func(v string) error {
		*into = nil
		for _, word := range strings.Split(v, ",") {
			n, err := strconv.Atoi(strings.TrimSpace(word))
			if err != nil || n < 1 {
				return errors.New("write numbers of at least 1, for example 100,1000")
			}
			*into = append(*into, n)
		}
		return nil
	}
}

// durations reads a list of durations, 0 among them.
func durations(into *[]time.Duration) func(string) error {
	return func(v string) error {
		*into = nil
		for _, word := range strings.Split(v, ",") {
			d, err := time.ParseDuration(strings.TrimSpace(word))
			if err != nil || d < 0 {
				return errors.New("write durations, for example 20ms,0s")
			}
			*into = append(*into, d)
		}
		return nil
	}
}

// run does all phases with all fleets, and leaves nothing behind.
func run(ctx context.Context, o *options, progress io.Writer) (rep *report, err error) {
	// controller-runtime complains, with a stack trace, when it has no logger.
	ctrl.SetLogger(logr.Discard())
	fleets := newFleets(o.sizes, o.projects, o.latencies)
	b, err := startBed(ctx, o, progress)
	defer func() { err = errors.Join(err, b.close(ctx)) }()
	if err != nil {
		return nil, err
	}
	for _, f := range fleets {
		if err := b.life(ctx, f); err != nil {
			return nil, err
		}
	}
	rep = newReport(fleets, b.ledger, b.proxy.Writes(""))
	if o.budget {
		if rep.Budget, err = b.useBudget(ctx); err != nil {
			return nil, err
		}
		rep.OK = rep.OK && rep.Budget.Throttled == 0
	}
	if o.fair {
		if rep.Fair, err = b.fairness(ctx); err != nil {
			return nil, err
		}
	}
	return rep, nil
}
