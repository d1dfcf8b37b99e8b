// Command quickstart shows the operator at work on one machine: it starts etcd
// and kube-apiserver, a simulator of the Live API and the operator, applies the
// samples, shows what reached the API and what the resources say of it, and
// stays up to go on by hand, until Ctrl-C.
//
// With --once it ends after the show, with exit code 0 only if every check of
// it held.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/go-logr/logr"
	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/live-operator/live-operator/test/livesim"
)

// options are the flags, and what tests set.
type options struct {
	once     bool
	operator string
	// timeout is how long each step may take.
	timeout time.Duration
	// assets is the folder of etcd and kube-apiserver.
	assets string
	// prepare is called with the simulator before the show. It may be nil.
	prepare func(*livesim.Simulator)
}

func main() {
	o := options{assets: os.Getenv("KUBEBUILDER_ASSETS")}
	flag.BoolVar(&o.once, "once", false, "end after the show; the exit code tells whether it went as told")
	flag.StringVar(&o.operator, "operator", "", "show this `binary` of the operator, in place of one built from the code here")
	flag.DurationVar(&o.timeout, "timeout", 2*time.Minute, "how long each step may take")
	flag.Parse()
	if flag.NArg() > 0 {
		fmt.Fprintf(os.Stderr, "quickstart: there is an argument that is no flag: %q\n", flag.Arg(0))
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	err := run(ctx, o, os.Stdout)
	stop()
	switch {
	case errors.Is(err, context.Canceled):
		fmt.Fprintln(os.Stderr, "\nquickstart: interrupted before the end of the show")
		os.Exit(130)
	case err != nil:
		fmt.Fprintf(os.Stderr, "\nquickstart: FAILED: %v\n", err)
		os.Exit(1)
	}
}

// run does everything, and leaves nothing behind. When ctx ends, it returns nil
// after the show, and context.Canceled before its end.
func run(ctx context.Context, o options, out io.Writer) (err error) {
	// controller-runtime complains, with a stack trace, when it has no logger.
	ctrl.SetLogger(logr.Discard())
	root, err := findRoot()
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "live-operator-quickstart-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	// For what is started or used here and leaves files behind when it fails.
	restore := os.Getenv("TMPDIR")
	if err := os.Setenv("TMPDIR", dir); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.Setenv("TMPDIR", restore)) }()
	if o.assets == "" {
		if o.assets, err = controlPlane(ctx, root); err != nil {
			return err
		}
	}
	s := &show{options: o, root: root, dir: dir, printer: printer{out}}
	defer func() { err = errors.Join(err, s.close()) }()
	return s.run(ctx)
}

// findRoot is the top folder of the checkout that the working directory is in.
func findRoot() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for ; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "hack", "control-plane")); err == nil {
			return dir, nil
		}
		if dir == filepath.Dir(dir) {
			return "", errors.New("this is not a checkout of live-operator: change to one, it needs the code and the samples")
		}
	}
}

// controlPlane is what make does for those who start this without it.
func controlPlane(ctx context.Context, root string) (string, error) {
	command := exec.CommandContext(ctx, filepath.Join(root, "hack", "control-plane"))
	command.Cancel = func() error { return command.Process.Signal(syscall.SIGTERM) }
	command.Stderr = os.Stderr
	folder, err := command.Output()
	if err != nil {
		return "", fmt.Errorf("hack/control-plane found no etcd and kube-apiserver: %w", err)
	}
	return strings.TrimSpace(string(folder)), nil
}
