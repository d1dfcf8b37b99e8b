package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/live-operator/live-operator/test/livesim"
)

var (
	assets string
	// binary is the operator, built once.
	binary string
)

func TestQuickstart(t *testing.T) {
	RegisterFailHandler(Fail)
	RunSpecs(t, "hack/quickstart")
}

var _ = BeforeSuite(func(ctx SpecContext) {
	assets = os.Getenv("KUBEBUILDER_ASSETS")
	if assets == "" {
		Fail("these tests need an API server: run them by make test, or export KUBEBUILDER_ASSETS=$(hack/control-plane)")
	}
	root, err := findRoot()
	Expect(err).NotTo(HaveOccurred())
	binary, err = buildOperator(ctx, root, GinkgoT().TempDir())
	Expect(err).NotTo(HaveOccurred())
})

// program writes a script that stands in for the operator.
func program(dir, content string) string {
	path := filepath.Join(dir, "program")
	Expect(os.WriteFile(path, []byte("#!/bin/sh\n"+content), 0o755)).To(Succeed())
	return path
}

var _ = Describe("The show, once", func() {
	var (
		o   options
		out *bytes.Buffer
		dir string // for files of the specs
	)
	BeforeEach(func() {
		dir = GinkgoT().TempDir()
		// Files that are left behind are seen here.
		GinkgoT().Setenv("TMPDIR", GinkgoT().TempDir())
		o = options{once: true, operator: binary, timeout: time.Minute, assets: assets}
		out = &bytes.Buffer{}
	})
	AfterEach(func() {
		Expect(os.ReadDir(os.TempDir())).To(BeEmpty(), "temporary files are left behind")
	})

	It("goes as told", func(ctx SpecContext) {
		Expect(run(ctx, o, out)).To(Succeed())
		Expect(out.String()).To(And(
			ContainSubstring("| PUT /v1/0123456789abcdef0123456789abcdef/record/callbacks/e89b76aa0bc4421f9d3425ab80af501c"),
			MatchRegexp(`publish-example +True +Synced`),
			ContainSubstring("the request ID in the status is the one that the API answered"),
			MatchRegexp(`rejected-example +False +Rejected`),
			ContainSubstring("code: LIVE.100011001"),
			ContainSubstring("It all went as told"),
		))
	})

	It("needs no kubectl", func(ctx SpecContext) {
		o.assets = dir
		for _, name := range []string{"etcd", "kube-apiserver"} {
			Expect(os.Symlink(filepath.Join(assets, name), filepath.Join(o.assets, name))).To(Succeed())
		}
		Expect(run(ctx, o, out)).To(Succeed())
		Expect(out.String()).To(MatchRegexp(`publish-example +True +Synced`))
	})

	DescribeTable("fails when it does not go as told, and says how",
		func(ctx SpecContext, change func(), complaint string) {
			change()
			err := run(ctx, o, out)
			Expect(err).To(MatchError(ContainSubstring(complaint)))
			Expect(out.String()).NotTo(ContainSubstring("It all went as told"))
		},
		Entry("the API does not take the token", func() {
			o.prepare = func(sim *livesim.Simulator) { sim.Fail(livesim.Fault{Status: 401, Code: "APIGW.0301", Message: "no"}) }
		}, "the API answered 401 APIGW.0301, and not 200"),
		Entry("the API takes what it is to reject", func() {
			o.prepare = func(sim *livesim.Simulator) { sim.ClearFaults() }
		}, "the API answered 200 , and not 400"),
		Entry("the API answers with no request ID", func() {
			o.prepare = func(sim *livesim.Simulator) {
				sim.Fail(livesim.Fault{Operation: livesim.Update, Header: map[string]string{"X-request-id": ""}})
			}
		}, `the status has the request ID "", and the API answered "`),
		Entry("the API never answers", func() {
			o.timeout = 10 * time.Second
			o.prepare = func(sim *livesim.Simulator) { sim.Fail(livesim.Fault{Operation: livesim.Update, Hang: true}) }
		}, "there was no sign of a conclusion about the resource publish-example for 10s"),
		Entry("the operator ends at once, which the end of its log explains", func() {
			o.operator = program(dir, "echo its last words\nexit 3\n")
		}, "waiting for the operator to be ready: the operator ended by itself: exit status 3\nit should go on until it is stopped\n\n"+
			"The end of the operator's log:\nits last words"),
		Entry("the operator never becomes ready", func() {
			o.timeout = 10 * time.Second
			o.operator = program(dir, "exec sleep 600\n")
		}, "there was no sign of the operator to be ready for 10s"),
		Entry("there is no such operator", func() { o.operator = "/nonexistent" }, "starting the operator"),
		Entry("there is no control plane", func() { o.assets = "/nonexistent" }, "the control plane did not start"),
	)
})

var _ = Describe("The quickstart at a terminal", func() {
	var quickstart string
	BeforeEach(func(ctx SpecContext) {
		quickstart = filepath.Join(GinkgoT().TempDir(), "quickstart")
		Expect(exec.CommandContext(ctx, "go", "build", "-o", quickstart, ".").Run()).To(Succeed())
	})

	// start starts it as a shell does: in a process group of its own, which is
	// what a terminal sends Ctrl-C to.
	start := func(temp string) (*exec.Cmd, *output) {
		out := &output{}
		command := exec.Command(quickstart, "--operator", binary)
		command.Env = append(os.Environ(), "TMPDIR="+temp)
		command.Stdout, command.Stderr = out, out
		command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
		Expect(command.Start()).To(Succeed())
		DeferCleanup(func() { _ = syscall.Kill(-command.Process.Pid, syscall.SIGKILL) })
		return command, out
	}

	It("stays up to go on by hand, and one Ctrl-C ends all of it", func() {
		temp := GinkgoT().TempDir()
		command, out := start(temp)
		Eventually(out.String).WithTimeout(2*time.Minute).Should(ContainSubstring("Calls to the Live API:"), "the show ends well")
		Expect(out.String()).To(MatchRegexp(`(?m)^export KUBECONFIG=` + regexp.QuoteMeta(temp) + `\S+$`))
		operator, err := strconv.Atoi(regexp.MustCompile(`with the process ID (\d+)`).FindStringSubmatch(out.String())[1])
		Expect(err).NotTo(HaveOccurred())
		Expect(syscall.Kill(operator, 0)).To(Succeed(), "the operator is up")

		Expect(syscall.Kill(-command.Process.Pid, syscall.SIGINT)).To(Succeed())
		Expect(command.Wait()).To(Succeed(), "Ctrl-C is how it is meant to end\n%s", out.String())
		Expect(syscall.Kill(operator, 0)).To(MatchError(syscall.ESRCH), "the operator ended too")
		Expect(os.ReadDir(temp)).To(BeEmpty(), "temporary files are left behind")
	})

	It("tells by its exit code when Ctrl-C came before the end of the show", func() {
		temp := GinkgoT().TempDir()
		command, out := start(temp)
		Eventually(out.String).WithTimeout(time.Minute).Should(ContainSubstring("=== 2."), "the control plane is up")
		Expect(syscall.Kill(-command.Process.Pid, syscall.SIGINT)).To(Succeed())
		var exit *exec.ExitError
		Expect(errors.As(command.Wait(), &exit)).To(BeTrue())
		Expect(exit.ExitCode()).To(Equal(130), out.String())
		Expect(os.ReadDir(temp)).To(BeEmpty(), "temporary files are left behind")
	})

	It("says which argument it does not know", func(ctx SpecContext) {
		output, err := exec.CommandContext(ctx, quickstart, "once").CombinedOutput()
		Expect(err).To(HaveOccurred())
		Expect(string(output)).To(ContainSubstring(`no flag: "once"`))
	})
})

var _ = Describe("Outside of a checkout", func() {
	It("says what it needs", func() {
		GinkgoT().Chdir(GinkgoT().TempDir())
		Expect(run(context.Background(), options{}, &bytes.Buffer{})).To(MatchError(ContainSubstring("not a checkout of live-operator")))
	})
})

// output can be read while a process writes to it.
type output struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.String()
}
