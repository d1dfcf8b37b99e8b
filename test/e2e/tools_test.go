package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gbytes"
	"github.com/onsi/gomega/gexec"
)

// path is a folder in which kubectl and helm are those that hack/e2e names.
var path string

func findTools() {
	GinkgoHelper()
	path = GinkgoT().TempDir()
	for name, variable := range map[string]string{"kubectl": "KUBECTL", "helm": "HELM"} {
		named := os.Getenv(variable)
		Expect(named).NotTo(BeEmpty(), "%s is not set; run the tests by make e2e", variable)
		found, err := exec.LookPath(named)
		Expect(err).NotTo(HaveOccurred())
		found, err = filepath.Abs(found)
		Expect(err).NotTo(HaveOccurred())
		Expect(os.Symlink(found, filepath.Join(path, name))).To(Succeed())
	}
}

// command is a program at the top of the repository, with a home of its own, so
// that nothing of the developer's configuration has a say.
func command(name string, args ...string) *exec.Cmd {
	if found := filepath.Join(path, name); name == "kubectl" || name == "helm" {
		name = found
	}
	c := exec.Command(name, args...)
	c.Dir = root
	c.Env = append(os.Environ(), "PATH="+path+":"+os.Getenv("PATH"), "HELM_CONFIG_HOME="+path, "HELM_CACHE_HOME="+path, "HELM_DATA_HOME="+path,
		// The cache at home may know another server at this address.
		"KUBECACHEDIR="+path)
	return c
}

// try runs a program with that on its standard input.
func try(input, name string, args ...string) (stdout, stderr string, err error) {
	c := command(name, args...)
	out, errOut := &strings.Builder{}, &strings.Builder{}
	c.Stdin, c.Stdout, c.Stderr = strings.NewReader(input), out, errOut
	err = c.Run()
	return out.String(), errOut.String(), err
}

// run runs a program, and returns what it printed. Warnings are failures.
func run(name string, args ...string) string {
	GinkgoHelper()
	return runWith("", name, args...)
}

// runWith is run with that on the program's standard input.
func runWith(input, name string, args ...string) string {
	GinkgoHelper()
	stdout, stderr, err := try(input, name, args...)
	Expect(err).NotTo(HaveOccurred(), "%s %s\n%s%s", name, strings.Join(args, " "), stdout, stderr)
	Expect(stderr).NotTo(ContainSubstring("Warning:"), "%s %s", name, strings.Join(args, " "))
	return stdout
}

func kubectl(args ...string) string {
	GinkgoHelper()
	return run("kubectl", args...)
}

func helm(args ...string) string {
	GinkgoHelper()
	return run("helm", args...)
}

var forwarding = regexp.MustCompile(`Forwarding from (127\.0\.0\.1:\d+)`)

// forward makes a port of a pod or Service reachable at the address that it
// gives, until the end of the spec.
func forward(namespace, target, port string) (address string) {
	GinkgoHelper()
	session, err := gexec.Start(command("kubectl", "--namespace", namespace, "port-forward", "--address=127.0.0.1", target, ":"+port), GinkgoWriter, GinkgoWriter)
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(func() { session.Kill().Wait(10 * time.Second) })
	Eventually(session.Out).Should(gbytes.Say(forwarding.String()), "waiting for kubectl to forward a port of %s", target)
	return forwarding.FindStringSubmatch(string(session.Out.Contents()))[1]
}

var fence = regexp.MustCompile("(?ms)^```(\\w+)\n(.*?)\n```$")

// readme gives the one code block in that language in README's section Install
// that contains a text.
func readme(language, containing string) string {
	GinkgoHelper()
	content, err := os.ReadFile(filepath.Join(root, "README.md"))
	Expect(err).NotTo(HaveOccurred())
	_, section, found := strings.Cut(string(content), "\n## Install\n")
	Expect(found).To(BeTrue(), "README.md has no section Install")
	section, _, _ = strings.Cut(section, "\n## ")
	var blocks []string
	for _, block := range fence.FindAllStringSubmatch(section, -1) {
		if block[1] == language && strings.Contains(block[2], containing) {
			blocks = append(blocks, block[2])
		}
	}
	Expect(blocks).To(HaveLen(1), "code blocks in %s with %q in README's section Install", language, containing)
	return blocks[0]
}
