// Package controlplane tests the script hack/control-plane.
package controlplane

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

// nowhere is an index that nobody serves.
const nowhere = "http://127.0.0.1:1/index.yaml"

var (
	goPath string
	// caches keeps the real compiler's caches where they are, while the script
	// is given an empty folder for its own.
	caches []string
)

func TestControlPlane(t *testing.T) {
	RegisterFailHandler(Fail)
	RunSpecs(t, "hack/control-plane")
}

var _ = BeforeSuite(func() {
	SetDefaultEventuallyTimeout(time.Minute)
	// Under nohup this process ignores SIGHUP, and so would the script, for good:
	// a shell can't trap what it was told to ignore. Whoever is notified does not
	// ignore it, nor do those that it starts.
	hangups := make(chan os.Signal, 1)
	signal.Notify(hangups, syscall.SIGHUP)
	DeferCleanup(func() { signal.Stop(hangups) })
	var err error
	goPath, err = exec.LookPath("go")
	Expect(err).NotTo(HaveOccurred())
	for _, name := range []string{"GOCACHE", "GOMODCACHE"} {
		value, err := exec.Command(goPath, "env", name).Output()
		Expect(err).NotTo(HaveOccurred())
		caches = append(caches, name+"="+strings.TrimSpace(string(value)))
	}
})

// script is one run of hack/control-plane.
type script struct {
	*exec.Cmd
	stdout, stderr output
}

// output can be read while the process writes.
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

// newScript prepares a run with the given cache and variables, and nothing of
// the test's own environment that matters to the script.
func newScript(cache string, variables ...string) *script {
	s := &script{Cmd: exec.Command(filepath.Join("..", "control-plane"))}
	for _, v := range os.Environ() {
		name, _, _ := strings.Cut(v, "=")
		switch name {
		case "KUBEBUILDER_ASSETS", "CONTROL_PLANE", "ENVTEST_INDEX", "ENVTEST_TIMEOUT", "ENVTEST_INSTALLED_ONLY":
		default:
			s.Env = append(s.Env, v)
		}
	}
	s.Env = append(s.Env, caches...)
	s.Env = append(s.Env, "XDG_CACHE_HOME="+cache)
	s.Env = append(s.Env, variables...)
	s.Stdout, s.Stderr = &s.stdout, &s.stderr
	return s
}

// folder is the folder that a successful run printed.
func (s *script) folder() string {
	Expect(s.Run()).To(Succeed(), s.stderr.String())
	Expect(strings.Count(s.stdout.String(), "\n")).To(Equal(1), "stdout holds the folder and nothing else: %q", s.stdout.String())
	return strings.TrimSpace(s.stdout.String())
}

// complaint is what a failed run said.
func (s *script) complaint() string {
	Expect(s.Run()).NotTo(Succeed())
	Expect(s.stdout.String()).To(BeEmpty(), "a failed run names no folder")
	return s.stderr.String()
}

// with puts the stand-in for go ahead of the real one.
func with(c *compiler) string {
	return "PATH=" + c.dir + string(os.PathListSeparator) + os.Getenv("PATH")
}

// kept lists what is in the cache.
func kept(cache string) []string {
	found, err := filepath.Glob(filepath.Join(cache, "live-operator", "control-plane", "*"))
	Expect(err).NotTo(HaveOccurred())
	hidden, err := filepath.Glob(filepath.Join(cache, "live-operator", "control-plane", ".*"))
	Expect(err).NotTo(HaveOccurred())
	var names []string
	for _, path := range append(found, hidden...) {
		if name := filepath.Base(path); name != "lock" {
			names = append(names, name)
		}
	}
	return names
}

var _ = Describe("programs that KUBEBUILDER_ASSETS names", func() {
	It("are used as they are, before anything that was kept", func() {
		assets := folder(programs())
		s := newScript(GinkgoT().TempDir(), "KUBEBUILDER_ASSETS="+assets)
		Expect(s.folder()).To(Equal(assets))
		Expect(s.stderr.String()).To(Equal("control-plane: from KUBEBUILDER_ASSETS: Kubernetes v1.37.9, etcd Version: 3.7.9\n"))
	})

	It("need no kubectl", func() {
		files := programs()
		delete(files, "kubectl")
		s := newScript(GinkgoT().TempDir(), "KUBEBUILDER_ASSETS="+folder(files))
		s.folder()
		Expect(s.stderr.String()).To(ContainSubstring("no kubectl"))
	})

	It("may be named by a relative path", func() {
		assets := folder(programs())
		here, err := os.Getwd()
		Expect(err).NotTo(HaveOccurred())
		relative, err := filepath.Rel(here, assets)
		Expect(err).NotTo(HaveOccurred())
		Expect(newScript(GinkgoT().TempDir(), "KUBEBUILDER_ASSETS="+relative).folder()).To(Equal(assets))
	})

	DescribeTable("are not replaced in silence when they are of no use",
		func(change func(dir string), complaint string) {
			assets := folder(programs())
			change(assets)
			told := newScript(GinkgoT().TempDir(), "KUBEBUILDER_ASSETS="+assets).complaint()
			Expect(told).To(ContainSubstring("KUBEBUILDER_ASSETS=" + assets))
			Expect(told).To(ContainSubstring(complaint))
			Expect(told).To(ContainSubstring("or unset it"))
		},
		Entry("no such folder", func(dir string) { Expect(os.RemoveAll(dir)).To(Succeed()) },
			"is not a folder"),
		Entry("no API server", func(dir string) { Expect(os.Remove(filepath.Join(dir, "kube-apiserver"))).To(Succeed()) },
			"there is no kube-apiserver in it"),
		Entry("no etcd", func(dir string) { Expect(os.Remove(filepath.Join(dir, "etcd"))).To(Succeed()) },
			"there is no etcd in it"),
		Entry("not executable", func(dir string) { Expect(os.Chmod(filepath.Join(dir, "etcd"), 0o644)).To(Succeed()) },
			"etcd in it is not a program"),
		Entry("a program that fails", func(dir string) {
			Expect(os.WriteFile(filepath.Join(dir, "etcd"), []byte("#!/bin/sh\necho no such machine >&2\nexit 1\n"), 0o755)).To(Succeed())
		}, "etcd in it does not run on this machine: no such machine"),
	)

	It("can be insisted on", func() {
		Expect(newScript(GinkgoT().TempDir(), "CONTROL_PLANE=assets").complaint()).To(ContainSubstring("KUBEBUILDER_ASSETS is not set"))
	})
})

var _ = Describe("programs that setup-envtest downloads", func() {
	It("are downloaded once, and then found without the network", func() {
		cache, packed := GinkgoT().TempDir(), archive(programs())
		index := serve("1.37.9", packed, sha(packed))

		first := newScript(cache, "CONTROL_PLANE=download", "ENVTEST_INDEX="+index)
		dir := first.folder()
		Expect(first.stderr.String()).To(ContainSubstring("downloaded by setup-envtest: Kubernetes v1.37.9, etcd Version: 3.7.9"))
		Expect(filepath.Join(dir, "kubectl")).To(BeAnExistingFile())
		Expect(kept(cache)).To(ConsistOf(filepath.Base(dir)))

		c := newCompiler(false)
		again := newScript(cache, "ENVTEST_INDEX="+index, with(c), "HTTP_PROXY="+nowhere)
		Expect(again.folder()).To(Equal(dir), "without CONTROL_PLANE too, what was downloaded is used")
		Expect(c.builds()).To(BeEmpty())
	})

	It("are downloaded anew when what was kept got lost in part", func() {
		cache, packed := GinkgoT().TempDir(), archive(programs())
		index := serve("1.37.9", packed, sha(packed))
		dir := newScript(cache, "CONTROL_PLANE=download", "ENVTEST_INDEX="+index).folder()
		Expect(os.Remove(filepath.Join(dir, "etcd"))).To(Succeed())

		again := newScript(cache, "CONTROL_PLANE=download", "ENVTEST_INDEX="+index)
		Expect(again.folder()).To(Equal(dir))
		Expect(again.stderr.String()).To(ContainSubstring("is made anew: there is no etcd in it"))
		Expect(filepath.Join(dir, "etcd")).To(BeAnExistingFile())
	})

	DescribeTable("are refused, and nothing is kept of them",
		func(index func() string, complaint string) {
			cache := GinkgoT().TempDir()
			s := newScript(cache, "CONTROL_PLANE=download", "ENVTEST_TIMEOUT=20", "ENVTEST_INDEX="+index())
			Expect(s.complaint()).To(ContainSubstring(complaint))
			Expect(kept(cache)).To(BeEmpty())
		},
		Entry("when the checksum is another", func() string { return serve("1.37.9", archive(programs()), sha(nil)) },
			"checksum mismatch"),
		Entry("when the index has only other versions", func() string {
			packed := archive(programs())
			return serve("1.36.0", packed, sha(packed))
		}, "there is no download of Kubernetes 1.37.x"),
		Entry("when a program is missing", func() string {
			packed := archive(map[string]string{"etcd": program("etcd")})
			return serve("1.37.9", packed, sha(packed))
		}, "there is no kube-apiserver in it"),
		Entry("when nobody serves the index", func() string { return nowhere },
			"connection refused"),
	)

	It("are given up when they take too long", func() {
		hangs := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
		DeferCleanup(hangs.Close)
		s := newScript(GinkgoT().TempDir(), "CONTROL_PLANE=download", "ENVTEST_TIMEOUT=1", "ENVTEST_INDEX="+hangs.URL)
		Expect(s.complaint()).To(ContainSubstring("asking which downloads there are: no result after 1 s, given up"))
	})
})

var _ = Describe("programs built from their Go modules", func() {
	It("are built when there is no download, once", func() {
		cache, c := GinkgoT().TempDir(), newCompiler(false)
		s := newScript(cache, with(c), "ENVTEST_INDEX="+nowhere)
		dir := s.folder()
		Expect(s.stderr.String()).To(And(
			ContainSubstring("asking which downloads there are failed"),
			ContainSubstring("so the programs are built instead"),
			ContainSubstring("built from Go modules: built, built")))
		Expect(c.builds()).To(Equal([]string{"go.etcd.io/etcd/server/v3", "k8s.io/kubernetes/cmd/kube-apiserver", "k8s.io/kubernetes/cmd/kubectl"}))
		Expect(kept(cache)).To(ConsistOf(filepath.Base(dir)))

		Expect(newScript(cache, with(c), "ENVTEST_INDEX="+nowhere).folder()).To(Equal(dir))
		Expect(c.builds()).To(HaveLen(3))
	})

	It("are built once by two callers at the same time", func() {
		cache, c := GinkgoT().TempDir(), newCompiler(true)
		one, other := newScript(cache, with(c), "CONTROL_PLANE=build"), newScript(cache, with(c), "CONTROL_PLANE=build")
		Expect(one.Start()).To(Succeed())
		Eventually(c.builds).Should(HaveLen(1), "the first caller builds")
		Expect(other.Start()).To(Succeed())
		Eventually(other.stderr.String).Should(ContainSubstring("waiting for another process"), "the other says why it waits")
		c.release()
		Expect(one.Wait()).To(Succeed(), one.stderr.String())
		Expect(other.Wait()).To(Succeed(), other.stderr.String())
		Expect(other.stdout.String()).To(Equal(one.stdout.String()))
		Expect(c.builds()).To(HaveLen(3))
	})

	It("leave nothing half built behind when the build is killed", func() {
		cache, c := GinkgoT().TempDir(), newCompiler(true)
		s := newScript(cache, with(c), "CONTROL_PLANE=build")
		Expect(s.Start()).To(Succeed())
		Eventually(c.builds).Should(HaveLen(1), "the build is under way")
		Expect(s.Process.Kill()).To(Succeed())
		// Not Wait, which would also wait for the compiler, who holds the pipes.
		_, err := s.Process.Wait()
		Expect(err).NotTo(HaveOccurred())

		next := newCompiler(false)
		dir := newScript(cache, with(next), "CONTROL_PLANE=build").folder()
		Expect(next.builds()).To(HaveLen(3))
		Expect(kept(cache)).To(ConsistOf(filepath.Base(dir)))
	})

	DescribeTable("stop being built on a signal, with all that was started",
		func(sig syscall.Signal) {
			cache, c := GinkgoT().TempDir(), newCompiler(true)
			s := newScript(cache, with(c), "CONTROL_PLANE=build")
			Expect(s.Start()).To(Succeed())
			Eventually(c.builds).Should(HaveLen(1), "the build is under way")
			Expect(s.Process.Signal(sig)).To(Succeed())
			Expect(s.Wait()).NotTo(Succeed())
			Expect(kept(cache)).To(BeEmpty())
			builder, err := strconv.Atoi(c.log()[0][0])
			Expect(err).NotTo(HaveOccurred())
			Eventually(func() error { return syscall.Kill(builder, 0) }).Should(MatchError(syscall.ESRCH), "the compiler ends too")
		},
		Entry("from Ctrl-C", syscall.SIGINT),
		Entry("from a supervisor", syscall.SIGTERM),
		Entry("from a terminal that closes", syscall.SIGHUP),
	)
})

var _ = Describe("a way that does not exist", func() {
	It("is refused with those that do", func() {
		Expect(newScript(GinkgoT().TempDir(), "CONTROL_PLANE=buy").complaint()).To(ContainSubstring("take assets, download or build"))
	})
})
