// Package image_test makes the binaries of the image, and looks into them.
package image_test

import (
	"crypto/sha256"
	"debug/buildinfo"
	"debug/elf"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

func TestImage(t *testing.T) {
	RegisterFailHandler(Fail)
	RunSpecs(t, "Image")
}

const root = "../.."

var _ = Describe("make image", Ordered, func() {
	// Of one source, in two folders: one under version control and one that is not.
	var here, there string

	BeforeAll(func() {
		here, there = copySource(), copySource()
		run(here, "git", "init", "--quiet")
		run(here, "git", "add", "--all")
		run(here, "git", "-c", "user.name=t", "-c", "user.email=t@example.com", "commit", "--quiet", "--message", "t")
		makeBinaries(here)
		makeBinaries(there)
	})

	for _, target := range []struct {
		arch    string
		machine elf.Machine
	}{{"amd64", elf.EM_X86_64}, {"arm64", elf.EM_AARCH64}} {
		arch := target.arch
		Describe("for "+arch, func() {
			It("makes the same bytes wherever it is run", func() {
				Expect(digest(binary(here, arch))).To(Equal(digest(binary(there, arch))))
			})

			It("makes a static binary of that architecture", func() {
				file, err := elf.Open(binary(here, arch))
				Expect(err).NotTo(HaveOccurred())
				defer func() { Expect(file.Close()).To(Succeed()) }()
				Expect(file.Machine).To(Equal(target.machine))
				for _, program := range file.Progs {
					Expect(program.Type).NotTo(BeElementOf(elf.PT_DYNAMIC, elf.PT_INTERP), "it needs a loader or libraries")
				}
			})

			It("makes a binary without symbols, and without the paths of the machine", func() {
				file, err := elf.Open(binary(here, arch))
				Expect(err).NotTo(HaveOccurred())
				defer func() { Expect(file.Close()).To(Succeed()) }()
				Expect(file.Section(".symtab")).To(BeNil())
				Expect(file.Section(".debug_info")).To(BeNil())

				content, err := os.ReadFile(binary(here, arch))
				Expect(err).NotTo(HaveOccurred())
				for _, variable := range []string{"GOROOT", "GOMODCACHE"} {
					path := strings.TrimSpace(run(here, "go", "env", variable))
					Expect(strings.Contains(string(content), path+"/")).To(BeFalse(), "it holds %s, %s", variable, path)
				}
				Expect(strings.Contains(string(content), here)).To(BeFalse(), "it holds the folder that it was made in")
			})

			It("makes a binary of Go's portable instructions, whatever the environment says", func() {
				info, err := buildinfo.ReadFile(binary(here, arch))
				Expect(err).NotTo(HaveOccurred())
				settings := map[string]string{}
				for _, setting := range info.Settings {
					settings[setting.Key] = setting.Value
				}
				Expect(settings).To(And(HaveKeyWithValue("-trimpath", "true"), HaveKeyWithValue("CGO_ENABLED", "0"),
					HaveKeyWithValue("GOARCH", arch), Not(HaveKey("-tags"))))
				Expect(settings["GOAMD64"] + settings["GOARM64"]).To(BeElementOf("v1", "v8.0"))
			})
		})
	}

	It("puts version and commit into the binary", func() {
		if runtime.GOOS != "linux" {
			Skip("a Linux binary does not run here")
		}
		Expect(run(here, binary(here, runtime.GOARCH), "--version")).To(Equal("live-operator v1.2.3 (0123abc)\n"))
	})

	DescribeTable("hands the container tool what the Dockerfile asks for",
		func(tool, platforms, as string) {
			Expect(run(here, "make", "--dry-run", "image", "CONTAINER_TOOL="+tool, "BASE=scratch", "PLATFORMS="+platforms,
				"IMAGE=registry.example.com/op:v1.2.3", "VERSION=v1.2.3", "COMMIT=0123abc")).To(HaveSuffix(
				"\n" + tool + " build --platform " + platforms + " --build-arg BASE=scratch --build-arg VERSION=v1.2.3" +
					" --build-arg COMMIT=0123abc " + as + " registry.example.com/op:v1.2.3 .\n"))
		},
		Entry("docker, for one platform", "docker", "linux/arm64", "--tag"),
		Entry("docker, for several", "docker", "linux/amd64,linux/arm64", "--tag"),
		Entry("buildah, for one platform", "buildah --storage-driver vfs", "linux/arm64", "--tag"),
		Entry("buildah, for several, which it would let overwrite each other", "buildah --storage-driver vfs", "linux/amd64,linux/arm64", "--manifest"),
	)
})

// copySource copies what git has, and what it does not ignore, into a folder
// of its own.
func copySource() string {
	GinkgoHelper()
	to := GinkgoT().TempDir()
	for _, name := range strings.Split(run(root, "git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"), "\x00") {
		content, err := os.ReadFile(filepath.Join(root, name))
		if name == "" || os.IsNotExist(err) { // Deleted, and not yet from git.
			continue
		}
		Expect(err).NotTo(HaveOccurred())
		Expect(os.MkdirAll(filepath.Join(to, filepath.Dir(name)), 0o755)).To(Succeed())
		Expect(os.WriteFile(filepath.Join(to, name), content, 0o644)).To(Succeed())
	}
	return to
}

// makeBinaries runs make image without a tool that makes an image of them, in
// an environment that asks for other bytes.
func makeBinaries(folder string) {
	GinkgoHelper()
	GinkgoT().Setenv("GOFLAGS", "-tags=other")
	GinkgoT().Setenv("GOAMD64", "v2")
	GinkgoT().Setenv("CGO_ENABLED", "1")
	run(folder, "make", "image", "CONTAINER_TOOL=true", "VERSION=v1.2.3", "COMMIT=0123abc")
}

func binary(folder, arch string) string {
	return filepath.Join(folder, "bin", "linux-"+arch, "live-operator")
}

func digest(file string) string {
	GinkgoHelper()
	content, err := os.ReadFile(file)
	Expect(err).NotTo(HaveOccurred())
	return fmt.Sprintf("%x", sha256.Sum256(content))
}

// run runs a command, and returns what it printed on standard output.
func run(folder, name string, args ...string) string {
	GinkgoHelper()
	command := exec.Command(name, args...)
	command.Dir = folder
	for _, variable := range os.Environ() {
		// What a make that runs this test was told is not for another one.
		if !strings.HasPrefix(variable, "MAKE") && !strings.HasPrefix(variable, "MFLAGS=") {
			command.Env = append(command.Env, variable)
		}
	}
	var stderr strings.Builder
	command.Stderr = &stderr
	output, err := command.Output()
	Expect(err).NotTo(HaveOccurred(), "%s %s: %s", name, strings.Join(args, " "), &stderr)
	return string(output)
}
