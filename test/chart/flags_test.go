package chart_test

import (
	"os/exec"
	"regexp"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gexec"
)

// everything sets every value that becomes a flag which is not there otherwise.
const everything = `
regionEndpoints: {cn-north-4: "https://live.example.com:9443", cn-east-3: "https://east.example.com"}
caBundle: {configMap: cloud-ca}
watchNamespaces: [team-a, team-b]
selector: shard in (a, b)
apiBurst: 1000000
pprofBindAddress: 127.0.0.1:6060
log: {development: true, encoder: json, level: 3, stacktraceLevel: panic, timeEncoding: iso8601}
`

var _ = Describe("The operator's flags", Ordered, func() {
	var operator string
	var known map[string]string

	BeforeAll(func() {
		var err error
		operator, err = gexec.Build("github.com/live-operator/live-operator")
		Expect(err).NotTo(HaveOccurred())
		DeferCleanup(gexec.CleanupBuildArtifacts)
		known = flagDefaults(operator)
	})

	It("are all values of the chart", func() {
		// In a pod the service account is the kubeconfig, and nobody asks for the version.
		Expect(known).To(And(HaveKey("kubeconfig"), HaveKey("version")))
		delete(known, "kubeconfig")
		delete(known, "version")

		set := map[string]bool{}
		for _, arg := range render(everything).container().Args {
			name, _, _ := strings.Cut(strings.TrimPrefix(arg, "--"), "=")
			set[name] = true
		}
		for name := range known {
			Expect(set).To(HaveKey(name))
		}
	})

	DescribeTable("are accepted as the chart sets them",
		func(values string) {
			args := append(render(values).container().Args, "--version")
			output, err := exec.Command(operator, args...).CombinedOutput()
			Expect(err).NotTo(HaveOccurred(), "%s", output)
			Expect(string(output)).To(HavePrefix("live-operator "))
		},
		Entry("by default", ``),
		Entry("with everything set", everything),
		Entry("with nothing to serve", `{metrics: {enabled: false}, probes: {enabled: false}, replicas: 1, leaderElection: {enabled: false}}`),
		Entry("with endpoints for the regions that matter alone", `{liveEndpoint: "", regionEndpoints: {cn-north-4: "https://live.example.com"}}`),
		Entry("without limit and comparison", `{apiQPS: 0, resyncInterval: 0}`),
		Entry("with fractions", `{apiQPS: 0.25, apiTimeout: 1m2.5s}`),
	)

	It("have the same defaults in the chart", func() {
		// The chart's own, for several releases in one namespace.
		delete(known, "leader-election-id")
		compared := 0
		for _, arg := range render(``).container().Args {
			name, value, _ := strings.Cut(strings.TrimPrefix(arg, "--"), "=")
			if expected, has := known[name]; has && expected != "" && !strings.HasPrefix(name, "zap-") && name != "leader-election-namespace" {
				Expect(normalize(value)).To(Equal(normalize(expected)), name)
				compared++
			}
		}
		Expect(compared).To(BeNumerically(">", 10))
	})
})

var (
	flagLine    = regexp.MustCompile(`^  -([a-z-]+)`)
	defaultNote = regexp.MustCompile(`\(default "?([^")]+)"?\)$`)
)

// flagDefaults are the flags that the operator's help tells of, with defaults.
func flagDefaults(operator string) map[string]string {
	GinkgoHelper()
	output, err := exec.Command(operator, "-h").CombinedOutput()
	Expect(err).NotTo(HaveOccurred(), "%s", output)
	found, name := map[string]string{}, ""
	for _, line := range strings.Split(string(output), "\n") {
		if match := flagLine.FindStringSubmatch(line); match != nil {
			name = match[1]
			found[name] = ""
		} else if match := defaultNote.FindStringSubmatch(line); match != nil && name != "" {
			found[name] = match[1]
		}
	}
	Expect(found).NotTo(BeEmpty())
	return found
}

// normalize writes durations in one way.
func normalize(value string) string {
	if d, err := time.ParseDuration(value); err == nil {
		return d.String()
	}
	return value
}
