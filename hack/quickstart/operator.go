package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// grace is how long the operator may take to end when it is asked to.
const grace = 20 * time.Second

// buildOperator builds the operator from the code in root into dir.
func buildOperator(ctx context.Context, root, dir string) (string, error) {
	binary := filepath.Join(dir, "live-operator")
	build := exec.CommandContext(ctx, "go", "build", "-o", binary, ".")
	build.Dir = root
	// Asked to, go waits for the compilers that it has started; killed, it leaves them.
	build.Cancel = func() error { return build.Process.Signal(os.Interrupt) }
	build.WaitDelay = grace
	if output, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("building the operator: %w\n%s", err, output)
	}
	return binary, nil
}

// operator is the operator as a process of its own.
type operator struct {
	command *exec.Cmd
	log     string // the file of its log
	probe   string // the URL that says whether it is ready
	done    chan struct{}
	err     error // how it ended; to be read once done is closed
}

// startOperator starts the binary; its log goes to a file in dir. The caller
// stops it.
func startOperator(binary, dir, kubeconfig, liveURL string) (*operator, error) {
	address, err := freeAddress()
	if err != nil {
		return nil, err
	}
	o := &operator{
		log:   filepath.Join(dir, "operator.log"),
		probe: "http://" + address + "/readyz",
		done:  make(chan struct{}),
	}
	log, err := os.Create(o.log)
	if err != nil {
		return nil, err
	}
	defer func() { _ = log.Close() }() // the process has it open itself
	o.command = exec.Command(binary,   //nolint:noctx // It ends by SIGTERM, which stop sends, and not by a kill.
		"--live-endpoint="+liveURL,
		"--iam-endpoint="+liveURL,
		"--metrics-bind-address=0",
		"--health-probe-bind-address="+address,
		"--leader-elect=false",
		"--zap-devel",
	)
	o.command.Env = append(os.Environ(), "KUBECONFIG="+kubeconfig)
	o.command.Stdout, o.command.Stderr = log, log
	// Out of reach of the terminal's Ctrl-C: it is stopped first, and the API
	// server after it.
	o.command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := o.command.Start(); err != nil {
		return nil, fmt.Errorf("starting the operator: %w", err)
	}
	go func() {
		o.err = o.command.Wait()
		close(o.done)
	}()
	return o, nil
}

// ended is nil while the operator runs.
func (o *operator) ended() error {
	select {
	case <-o.done:
		return fmt.Errorf("the operator ended by itself: %w", errors.Join(o.err, errEnded))
	default:
		return nil
	}
}

var errEnded = errors.New("it should go on until it is stopped")

// ready tells whether the operator answers that it is.
func (o *operator) ready(ctx context.Context) bool {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, o.probe, nil)
	if err != nil {
		return false
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return false
	}
	return response.Body.Close() == nil && response.StatusCode == http.StatusOK
}

// stop ends the operator with all that it may have started.
func (o *operator) stop() error {
	select {
	case <-o.done:
		return nil // That it ended by itself was said when it was found.
	default:
	}
	_ = syscall.Kill(-o.command.Process.Pid, syscall.SIGTERM)
	select {
	case <-o.done:
		if o.err != nil {
			return fmt.Errorf("the operator did not end well when asked to: %w", o.err)
		}
		return nil
	case <-time.After(grace):
		_ = syscall.Kill(-o.command.Process.Pid, syscall.SIGKILL)
		<-o.done
		return fmt.Errorf("the operator did not end within %s of SIGTERM, and was killed", grace)
	}
}

// tail is the end of the operator's log.
func (o *operator) tail() string {
	content, err := os.ReadFile(o.log)
	if err != nil {
		return err.Error()
	}
	lines := strings.Split(strings.TrimSpace(string(content)), "\n")
	return strings.Join(lines[max(0, len(lines)-25):], "\n")
}

func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // Listening does not wait for anything.
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}
