// Command bench counts what the operator costs: its calls to the Live API and
// its writes to Kubernetes, through the whole life of many resources, against
// the budgets of the design. It starts etcd and kube-apiserver, a simulator of
// the Live API and the operator as a process of its own, and asserts nothing
// about speed.
//
//	make bench
//	make bench ARGS="-n 2000 -projects 4 -json bench.json"
//	make bench ARGS=-smoke
//
// The exit code is 0 if every budget was kept, 1 if not, 2 if the benchmark
// could not be done.
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

	"github.com/go-logr/logr"
	ctrl "sigs.k8s.io/controller-runtime"
)

// options are the flags.
type options struct {
	sizes, projects []int
	qps             float64
	workers         int
	smoke           bool
	json            string
	operator        string
	operatorLog     string
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
	rep, err := run(ctx, o, os.Stderr)
	stop()
	if err == nil {
		err = rep.write(os.Stdout, o.json)
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
	o := &options{sizes: []int{100, 1000}, projects: []int{1, 10}}
	fs := flag.NewFlagSet("bench", flag.ContinueOnError)
	fs.SetOutput(output)
	fs.Func("n", "comma-separated `numbers` of resources; each is a fleet of its own for each of -projects (default 100,1000)", numbers(&o.sizes))
	fs.Func("projects", "comma-separated `numbers` of projects that a fleet is spread over (default 1,10)", numbers(&o.projects))
	fs.Float64Var(&o.qps, "api-qps", 0, "the operator's --api-qps: calls a second for each project; 0 for no limit")
	fs.IntVar(&o.workers, "workers", 4, "how many requests the benchmark itself makes at a time")
	fs.BoolVar(&o.smoke, "smoke", false, "one fleet of 100 in one project, and no second comparison: under two minutes")
	fs.StringVar(&o.json, "json", "", "write the results to this `file`, too")
	fs.StringVar(&o.operator, "operator", "", "measure this `binary` of the operator, in place of one built from the code here")
	fs.StringVar(&o.operatorLog, "operator-log", "", "write the operator's log, at level debug, to this `file`")
	if err := fs.Parse(arguments); err != nil {
		return nil, err
	}
	switch {
	case fs.NArg() > 0:
		return nil, fmt.Errorf("there is an argument that is no flag: %q", fs.Arg(0))
	case o.qps < 0:
		return nil, errors.New("-api-qps can't be negative")
	case o.workers < 1:
		return nil, errors.New("-workers must be at least 1")
	}
	if o.smoke {
		o.sizes, o.projects = []int{100}, []int{1}
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

// run does all phases with all fleets, and leaves nothing behind.
func run(ctx context.Context, o *options, progress io.Writer) (rep *report, err error) {
	// controller-runtime complains, with a stack trace, when it has no logger.
	ctrl.SetLogger(logr.Discard())
	fleets := newFleets(o.sizes, o.projects)
	b, err := startBed(ctx, o, progress)
	defer func() { err = errors.Join(err, b.close(ctx)) }()
	if err != nil {
		return nil, err
	}
	if err := b.life(ctx, fleets, o.smoke); err != nil {
		return nil, err
	}
	return newReport(fleets, b.ledger, b.proxy.Writes("")), nil
}
