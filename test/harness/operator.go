package harness

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"time"
)

// Binary is the operator, built once for a suite.
type Binary string

// Build builds the operator with the race detector where there is a C
// compiler, into a folder of its own that Remove removes.
func Build(ctx context.Context) (Binary, error) {
	return build(ctx, true)
}

// BuildPlain is Build without the race detector, for what is about memory.
func BuildPlain(ctx context.Context) (Binary, error) {
	return build(ctx, false)
}

func build(ctx context.Context, race bool) (Binary, error) {
	dir, err := os.MkdirTemp("", "live-operator-build-")
	if err != nil {
		return "", err
	}
	binary := filepath.Join(dir, "live-operator")
	args := []string{"build", "-o", binary}
	if _, err := exec.LookPath("cc"); race && err == nil && os.Getenv("CGO_ENABLED") != "0" {
		args = append(args, "-race")
	}
	command := exec.CommandContext(ctx, "go", append(args, ".")...)
	command.Dir = Root()
	if output, err := command.CombinedOutput(); err != nil {
		return "", fmt.Errorf("building the operator: %w\n%s", err, output)
	}
	return Binary(binary), nil
}

// Remove removes the binary and its folder.
func (b Binary) Remove() error { return os.RemoveAll(filepath.Dir(string(b))) }

// Operator is a running operator.
type Operator struct {
	command *exec.Cmd
	log     *syncBuffer
	done    chan struct{}
	err     error
	probe   string
}

// Start starts the operator against a cluster, with these flags besides those
// for addresses, and waits until it is ready.
func (b Binary) Start(ctx context.Context, kubeconfig string, flags ...string) (*Operator, error) {
	return b.StartWith(ctx, nil, kubeconfig, flags...)
}

// StartWith is Start with these variables ("NAME=value") in the operator's
// environment, besides those of the test or in their place.
func (b Binary) StartWith(ctx context.Context, env []string, kubeconfig string, flags ...string) (*Operator, error) {
	address, err := freeAddress(ctx)
	if err != nil {
		return nil, err
	}
	o := &Operator{log: &syncBuffer{}, done: make(chan struct{}), probe: "http://" + address}
	args := append([]string{"--metrics-bind-address=0", "--health-probe-bind-address=" + address, "--zap-log-level=debug"}, flags...)
	o.command = exec.Command(string(b), args...) //nolint:noctx // It outlives ctx: Stop and Kill end it.
	o.command.Env = append(append(os.Environ(), env...), "KUBECONFIG="+kubeconfig)
	o.command.Stdout, o.command.Stderr = o.log, o.log
	if err := o.command.Start(); err != nil {
		return nil, err
	}
	go func() {
		o.err = o.command.Wait()
		close(o.done)
	}()
	return o, o.waitReady(ctx)
}

func (o *Operator) waitReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, o.probe+"/readyz", nil)
		if err != nil {
			return err
		}
		if response, err := http.DefaultClient.Do(request); err == nil {
			_ = response.Body.Close()
			if response.StatusCode == http.StatusOK {
				return nil
			}
		}
		select {
		case <-o.done:
			return fmt.Errorf("the operator ended before it was ready: %w\n%s", o.err, o.Log())
		case <-ctx.Done():
			return fmt.Errorf("the operator did not become ready: %w\n%s", ctx.Err(), o.Log())
		case <-tick.C:
		}
	}
}

// Kill ends the operator by SIGKILL, as a node that fails does.
func (o *Operator) Kill() {
	_ = o.command.Process.Kill()
	<-o.done
}

// Stop ends the operator by SIGTERM, and fails where it does not end well.
func (o *Operator) Stop() error {
	select {
	case <-o.done:
		return fmt.Errorf("the operator had ended by itself: %w\n%s", errors.Join(errors.New("ended"), o.err), o.Log())
	default:
	}
	if err := o.command.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	select {
	case <-o.done:
		if o.err != nil {
			return fmt.Errorf("the operator ended badly: %w\n%s", o.err, o.Log())
		}
		return nil
	case <-time.After(time.Minute):
		o.Kill()
		return fmt.Errorf("the operator did not end within a minute of SIGTERM\n%s", o.Log())
	}
}

// Done is closed when the operator has ended.
func (o *Operator) Done() <-chan struct{} { return o.done }

// PID is the operator's process.
func (o *Operator) PID() int { return o.command.Process.Pid }

// Log is what the operator has logged.
func (o *Operator) Log() string { return o.log.String() }

func freeAddress(ctx context.Context) (string, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String(), nil
}

// syncBuffer is a buffer that is safe for concurrent use.
type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}
