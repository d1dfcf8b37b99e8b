package chart_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

func TestChart(t *testing.T) {
	RegisterFailHandler(Fail)
	RunSpecs(t, "Chart")
}

const (
	root     = "../.."
	chartDir = root + "/charts/live-operator"
)

var helmBinary string

var _ = BeforeSuite(func() {
	helmBinary = findHelm()
})

// findHelm never gives up for want of a binary: a test that is skipped tells
// nothing.
func findHelm() string {
	if named := os.Getenv("HELM"); named != "" {
		if strings.Contains(named, "/") && !filepath.IsAbs(named) {
			// As make sees it, from the repository's root.
			named = filepath.Join(root, named)
		}
		return named
	}
	if made, err := filepath.Abs(root + "/bin/helm"); err == nil {
		if _, err := os.Stat(made); err == nil {
			return made
		}
	}
	built := filepath.Join(GinkgoT().TempDir(), "helm")
	build := exec.Command("go", "build", "-C", root+"/hack/tools/helm", "-o", built, "helm.sh/helm/v4/cmd/helm")
	output, err := build.CombinedOutput()
	Expect(err).NotTo(HaveOccurred(), "%s", output)
	return built
}

// helm runs helm with a home of its own, so that nothing of the developer's
// configuration has a say.
func helm(args ...string) (stdout, stderr string, err error) {
	home := GinkgoT().TempDir()
	command := exec.Command(helmBinary, args...)
	command.Env = append(os.Environ(), "HOME="+home, "HELM_CONFIG_HOME="+home, "HELM_CACHE_HOME="+home, "HELM_DATA_HOME="+home, "KUBECONFIG="+home+"/none")
	out, errOut := &writer{}, &writer{}
	command.Stdout, command.Stderr = out, errOut
	err = command.Run()
	return string(*out), string(*errOut), err
}

type writer []byte

func (w *writer) Write(p []byte) (int, error) {
	*w = append(*w, p...)
	return len(p), nil
}
