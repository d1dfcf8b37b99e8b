package main

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func TestOperator(t *testing.T) {
	RegisterFailHandler(Fail)
	RunSpecs(t, "Main")
}

var _ = Describe("The flags", func() {
	It("have defaults that serve the public cloud within its limits", func() {
		o, err := parse(nil, GinkgoWriter)
		Expect(err).NotTo(HaveOccurred())
		url, err := o.liveEndpoints.URL("cn-north-4")
		Expect(err).NotTo(HaveOccurred())
		Expect(url.String()).To(Equal("https://live.cn-north-4.myhuaweicloud.com"))
		Expect(o.apiQPS*60 + float64(o.apiBurst)).To(BeNumerically("<=", 298))
		Expect(o.resyncInterval).To(Equal(10 * time.Minute))
		Expect(o.workers).To(Equal(16))
		Expect(o.apiTimeout).To(Equal(30 * time.Second))
		Expect(o.watchSecrets).To(BeTrue())
		Expect(o.selector.Empty()).To(BeTrue())
		Expect(o.pprofAddress).To(Equal("0"))
	})

	It("take an endpoint for one region, namespaces and a selector", func() {
		o, err := parse([]string{
			"--region-endpoint=cn-north-4=http://127.0.0.1:8080", "--region-endpoint", "cn-east-3=https://live.example.com",
			"--watch-namespaces=b, a,,b", "--selector=shard in (1, 2)",
		}, GinkgoWriter)
		Expect(err).NotTo(HaveOccurred())
		url, err := o.liveEndpoints.URL("cn-north-4")
		Expect(err).NotTo(HaveOccurred())
		Expect(url.String()).To(Equal("http://127.0.0.1:8080"))
		Expect(o.regions()).To(Equal([]string{"cn-east-3", "cn-north-4"}))
		Expect(o.watchNamespaces).To(Equal([]string{"a", "b"}))
		Expect(o.selector.String()).To(Equal("shard in (1,2)"))
	})

	DescribeTable("are refused with the name of the flag and what to write:",
		func(flag, says string) {
			var output bytes.Buffer
			_, err := parse([]string{flag}, &output)
			Expect(err).To(MatchError(ContainSubstring(says)))
		},
		Entry("an endpoint that is no URL", "--live-endpoint=live.example.com", "--live-endpoint"),
		Entry("a region without a URL", "--region-endpoint=cn-north-4", "write REGION=URL"),
		Entry("an IAM endpoint with a query", "--iam-endpoint=https://iam.example.com/?x=y", "--iam-endpoint"),
		Entry("an interval that is too short", "--resync-interval=5s", "at least 1m, or 0 for never"),
		Entry("no workers", "--max-concurrent-reconciles=0", "at least 1"),
		Entry("a negative rate", "--api-qps=-1", "can't be negative"),
		Entry("no burst", "--api-burst=0", "at least 1"),
		Entry("a timeout that is too short", "--api-timeout=10ms", "at least 1s"),
		Entry("a selector that is none", "--selector=a b c", "selector"),
		Entry("profiles for everybody", "--pprof-bind-address=:6060", "loopback"),
		Entry("a word that is no flag", "namespaces", "no flag"),
	)

	It("name a lease for each selector, however it is written, unless told another", func() {
		lease := func(arguments ...string) string {
			GinkgoHelper()
			o, err := parse(arguments, GinkgoWriter)
			Expect(err).NotTo(HaveOccurred())
			return o.leaseID
		}
		Expect(lease()).To(Equal("live-operator"))
		a, b := lease("--selector=shard=a"), lease("--selector=shard=b")
		Expect(a).To(MatchRegexp(`^live-operator-[0-9a-f]{10}$`))
		Expect(b).NotTo(Equal(a))
		Expect(lease("--selector=shard = a")).To(Equal(a))
		Expect(lease("--selector=shard in (a,b),!x")).To(Equal(lease("--selector=!x, shard in (b, a)")))
		Expect(lease("--selector=shard=a", "--leader-election-id=mine")).To(Equal("mine"))
	})

	It("serve profiles to the same host alone, where asked to", func() {
		for _, address := range []string{"127.0.0.1:6060", "[::1]:6060", "localhost:0"} {
			o, err := parse([]string{"--pprof-bind-address=" + address}, GinkgoWriter)
			Expect(err).NotTo(HaveOccurred())
			Expect(managerOptions(o).PprofBindAddress).To(Equal(address))
		}
	})

	It("are told in docs/operations.md, with the defaults and meanings of --help", func() {
		const page, begin, end = "docs/operations.md", "<!-- flags:", "<!-- end of flags -->"
		content, err := os.ReadFile(page)
		Expect(err).NotTo(HaveOccurred())
		before, rest, found := strings.Cut(string(content), begin)
		Expect(found).To(BeTrue())
		marker, rest, _ := strings.Cut(rest, "\n")
		table, after, found := strings.Cut(rest, end)
		Expect(found).To(BeTrue())
		if os.Getenv("UPDATE") != "" {
			Expect(os.WriteFile(page, []byte(before+begin+marker+"\n"+flagsTable()+end+after), 0o644)).To(Succeed())
			return
		}
		Expect(table).To(Equal(flagsTable()), "run UPDATE=1 go test .")

		// Those of libraries have words of their own in the table that follows.
		var told, known []string
		for _, row := range regexp.MustCompile("(?m)^\\| `--([a-z-]+)` \\|").FindAllStringSubmatch(after, -1) {
			told = append(told, row[1])
		}
		flagsOf(&options{}).VisitAll(func(f *flag.Flag) {
			if ofLibrary(f) {
				known = append(known, f.Name)
			}
		})
		Expect(told).To(ConsistOf(known))
	})

	It("are refused where the lease would end before it can be renewed", func() {
		_, err := parse([]string{"--leader-elect", "--leader-election-lease-duration=5s"}, GinkgoWriter)
		Expect(err).To(MatchError(ContainSubstring("--leader-election-renew-deadline")))
	})
})

// ofLibrary tells whether a library defines the flag, and its help.
func ofLibrary(f *flag.Flag) bool {
	return f.Name == "kubeconfig" || strings.HasPrefix(f.Name, "zap-")
}

// flagsTable is the table of the operator's own flags, in Markdown.
func flagsTable() string {
	saidDefault := regexp.MustCompile(`^(.*) \(default (.*)\)$`)
	var table strings.Builder
	table.WriteString("| flag | default | meaning |\n| --- | --- | --- |\n")
	flagsOf(&options{}).VisitAll(func(f *flag.Flag) {
		if ofLibrary(f) {
			return
		}
		_, meaning := flag.UnquoteUsage(f)
		standard := ""
		if f.DefValue != "" {
			standard = "`" + f.DefValue + "`"
		} else if said := saidDefault.FindStringSubmatch(meaning); said != nil {
			meaning, standard = said[1], said[2]
		}
		fmt.Fprintf(&table, "| `--%s` | %s | %s |\n", f.Name, standard, meaning)
	})
	return table.String()
}

var _ = Describe("The certificate authorities", func() {
	It("are the system's without a bundle", func() {
		Expect(trusted("")).To(BeNil())
	})

	It("must be in a file that is there and holds some", func() {
		_, err := trusted(filepath.Join(GinkgoT().TempDir(), "none.pem"))
		Expect(err).To(MatchError(ContainSubstring("--ca-bundle")))
		empty := filepath.Join(GinkgoT().TempDir(), "empty.pem")
		Expect(os.WriteFile(empty, []byte("nothing"), 0o600)).To(Succeed())
		_, err = trusted(empty)
		Expect(err).To(MatchError(ContainSubstring("holds no PEM certificate")))
	})
})

var _ = It("Of a Secret's metadata nothing is kept that could hold its body", func() {
	kept, err := keepVersionOnly(&metav1.PartialObjectMetadata{ObjectMeta: metav1.ObjectMeta{
		Name: "s", Namespace: "n", UID: "u", ResourceVersion: "1",
		Annotations: map[string]string{"kubectl.kubernetes.io/last-applied-configuration": "secret"},
		Labels:      map[string]string{"a": "b"},
	}})
	Expect(err).NotTo(HaveOccurred())
	Expect(kept.(*metav1.PartialObjectMetadata).ObjectMeta).To(Equal(metav1.ObjectMeta{Name: "s", Namespace: "n", UID: "u", ResourceVersion: "1"}))
})
