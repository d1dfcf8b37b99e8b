package controlplane

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha512"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

// program is a stand-in for kube-apiserver or etcd: all that the script asks of
// one is its version.
func program(version string) string {
	return "#!/bin/sh\necho '" + version + "'\n"
}

// programs are a whole set of stand-ins.
func programs() map[string]string {
	return map[string]string{
		"kube-apiserver": program("Kubernetes v1.37.9"),
		"etcd":           program("etcd Version: 3.7.9"),
		"kubectl":        program("kubectl"),
	}
}

// folder makes a folder of executable files.
func folder(files map[string]string) string {
	dir := GinkgoT().TempDir()
	for name, content := range files {
		Expect(os.WriteFile(filepath.Join(dir, name), []byte(content), 0o755)).To(Succeed())
	}
	return dir
}

// archive packs files as the archives that setup-envtest downloads are.
func archive(files map[string]string) []byte {
	var packed bytes.Buffer
	zipped := gzip.NewWriter(&packed)
	w := tar.NewWriter(zipped)
	for name, content := range files {
		Expect(w.WriteHeader(&tar.Header{
			Typeflag: tar.TypeReg, Name: "controller-tools/envtest/" + name, Mode: 0o755, Size: int64(len(content)),
		})).To(Succeed())
		_, err := w.Write([]byte(content))
		Expect(err).NotTo(HaveOccurred())
	}
	Expect(w.Close()).To(Succeed())
	Expect(zipped.Close()).To(Succeed())
	return packed.Bytes()
}

// serve starts a server of an index with one release, and of its archive. It
// returns the index's URL.
func serve(release string, packed []byte, hash string) string {
	name := fmt.Sprintf("envtest-v%s-%s-%s.tar.gz", release, runtime.GOOS, runtime.GOARCH)
	mux := http.NewServeMux()
	server := httptest.NewServer(mux)
	DeferCleanup(server.Close)
	mux.HandleFunc("GET /index.yaml", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, "releases:\n  v%s:\n    %s:\n      hash: %s\n      selfLink: %s/%s\n", release, name, hash, server.URL, name)
	})
	mux.HandleFunc("GET /"+name, func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write(packed)
	})
	return server.URL + "/index.yaml"
}

func sha(content []byte) string {
	sum := sha512.Sum512(content)
	return hex.EncodeToString(sum[:])
}

// compiler stands in front of the real go: it "builds" the control plane's
// programs in no time, and passes everything else on.
type compiler struct {
	dir string
}

// newCompiler makes one; held, it builds nothing until release.
func newCompiler(held bool) *compiler {
	c := &compiler{dir: GinkgoT().TempDir()}
	script := strings.NewReplacer("DIR", c.dir, "GO", goPath).Replace(`#!/usr/bin/env bash
set -e
case "$*" in
  *hack/tools/control-plane*) ;;
  *) exec "GO" "$@" ;;
esac
echo "$$ ${@: -1}" >>"DIR/builds"
while [ -e "DIR/held" ]; do sleep 0.05; done
while [ "$1" != -o ]; do shift; done
printf '#!/bin/sh\necho built\n' >"$2"
chmod +x "$2"
`)
	Expect(os.WriteFile(filepath.Join(c.dir, "go"), []byte(script), 0o755)).To(Succeed())
	if held {
		Expect(os.WriteFile(filepath.Join(c.dir, "held"), nil, 0o600)).To(Succeed())
		// The script under test may be killed without a chance to end what it started.
		DeferCleanup(c.release)
	}
	return c
}

func (c *compiler) release() {
	err := os.Remove(filepath.Join(c.dir, "held"))
	Expect(err == nil || os.IsNotExist(err)).To(BeTrue(), "releasing the compiler: %v", err)
}

// builds lists the packages it was asked to build, in order.
func (c *compiler) builds() []string {
	var packages []string
	for _, line := range c.log() {
		packages = append(packages, line[1])
	}
	return packages
}

// log lists the process ID and the package of each build.
func (c *compiler) log() [][]string {
	content, err := os.ReadFile(filepath.Join(c.dir, "builds"))
	if os.IsNotExist(err) {
		return nil
	}
	Expect(err).NotTo(HaveOccurred())
	var entries [][]string
	for line := range strings.Lines(string(content)) {
		entries = append(entries, strings.Fields(line))
	}
	return entries
}
