// Package observability tests what an on-call sees: the metrics of a running
// operator, the alerts, the dashboard and their documentation. It needs
// Prometheus, which hack/prometheus finds or gets.
package observability

import (
	"bytes"
	"context"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/live-operator/live-operator/test/harness"
)

func TestObservability(t *testing.T) {
	RegisterFailHandler(Fail)
	SetDefaultEventuallyTimeout(time.Minute)
	SetDefaultEventuallyPollingInterval(250 * time.Millisecond)
	EnforceDefaultTimeoutsWhenUsingContexts()
	RunSpecs(t, "Observability")
}

// tools is the folder with prometheus and promtool.
var tools string

var _ = BeforeSuite(func() {
	finder := exec.Command(repository("hack", "prometheus"))
	var said bytes.Buffer
	finder.Stderr = &said
	output, err := finder.Output()
	Expect(err).NotTo(HaveOccurred(), said.String())
	tools = strings.TrimSpace(string(output))
})

// repository is a path in the repository.
func repository(path ...string) string {
	return filepath.Join(append([]string{harness.Root()}, path...)...)
}

// read is a file of the repository.
func read(path ...string) string {
	GinkgoHelper()
	content, err := os.ReadFile(repository(path...))
	Expect(err).NotTo(HaveOccurred())
	return string(content)
}

// promtool runs promtool and gives all that it said.
func promtool(input string, args ...string) (said string, err error) {
	command := exec.Command(filepath.Join(tools, "promtool"), args...)
	command.Stdin = strings.NewReader(input)
	output, err := command.CombinedOutput()
	return string(output), err
}

// freeAddress is one that nobody listens at.
func freeAddress(ctx context.Context) string {
	GinkgoHelper()
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	Expect(err).NotTo(HaveOccurred())
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}
