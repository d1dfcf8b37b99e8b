package main

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/live-operator/live-operator/test/harness"
)

var _ = Describe("Writes", func() {
	const resources = "/apis/live.huaweicloud.com/v1alpha1/namespaces/fleet/recordcallbackconfigs/"
	all := []harness.Write{
		{Method: "PATCH", Path: resources + "resource-1"},
		{Method: "PATCH", Path: resources + "resource-1/status"},
		{Method: "PATCH", Path: resources + "resource-2/status"},
		{Method: "POST", Path: "/apis/events.k8s.io/v1/namespaces/fleet/events"},
		{Method: "PATCH", Path: "/apis/events.k8s.io/v1/namespaces/fleet/events/resource-1.1"},
		{Method: "PUT", Path: "/api/v1/namespaces/fleet/secrets/credentials"},
		{Method: "PATCH", Path: strings.ReplaceAll(resources, "/fleet/", "/another/") + "resource-1"},
		{Method: "POST", Path: "/apis/authentication.k8s.io/v1/tokenreviews"},
	}

	It("are counted by what they write, in one namespace", func() {
		w := countWrites(all, "fleet")
		Expect(w).To(Equal(writes{Metadata: 1, Status: 2, Other: 1, Events: 2}))
		Expect(w.total()).To(Equal(4), "events are counted apart")
	})

	It("outside of all namespaces are not lost", func() {
		warming := harness.Write{Method: "PATCH", Path: strings.ReplaceAll(resources, "/fleet/", "/"+warmUpNamespace+"fleet/") + "resource-1"}
		Expect(stray(append(all, warming), map[string]bool{"fleet": true, "another": true})).To(Equal(all[7:]))
	})
})

var _ = Describe("Comparisons", func() {
	decided := func(name, action string) string {
		return fmt.Sprintf(`{"level":"debug","msg":"decided","namespace":"fleet","name":%q,"action":%q,"id":""}`+"\n", name, action)
	}

	It("are decisions after a look", func() {
		c := newComparisons()
		log := decided("a", "None") + decided("b", "Look") + decided("b", "Look") + decided("b", "None") +
			decided("c", "Look") + decided("c", "Show") + decided("c", "Recreate") + `not JSON "decided"` + "\n"
		c.follow(log)
		Expect(c.count("fleet", 1)).To(Equal(2), "those of b and c")

		By("following what the log has more")
		log += decided("b", "Look") + decided("b", "Update")
		c.follow(log + `{"msg":"decided","namespace":"fle`)
		Expect(c.count("fleet", 2)).To(Equal(1))
		Expect(c.count("fleet", 1)).To(Equal(2))
		Expect(c.count("elsewhere", 1)).To(BeZero())
	})
})

var _ = Describe("Fleets", func() {
	It("are all sizes in all numbers of projects that they fill", func() {
		fleets := newFleets([]int{3, 100}, []int{1, 10}, []time.Duration{0})
		Expect(fleets).To(HaveLen(3))
		Expect(fleets[2].sizes()).To(HaveLen(10))
	})

	It("spread their resources over projects as their sizes say, each with a domain and app of its own", func() {
		f := newFleet("fleet", 123, 4)
		Expect(f.sizes()).To(Equal([]int{31, 31, 31, 30}))
		counts, keys := map[string]int{}, map[string]bool{}
		for i := range f.size {
			r := f.resource(i)
			counts[r.Spec.ProjectID]++
			keys[r.Spec.ProjectID+" "+r.Spec.PublishDomain+" "+r.Spec.App] = true
		}
		for _, p := range f.projects {
			Expect(counts[p.id]).To(Equal(p.size), p.id)
		}
		Expect(keys).To(HaveLen(f.size))
	})
})

var _ = Describe("Requests to the API server", func() {
	It("are counted by what they do, without watches and what else there is", func() {
		r, err := countRequests(strings.NewReader(`# TYPE apiserver_request_total counter
apiserver_request_total{code="200",component="apiserver",resource="recordcallbackconfigs",scope="resource",subresource="status",verb="PATCH"} 7
apiserver_request_total{code="409",component="apiserver",resource="recordcallbackconfigs",scope="resource",subresource="",verb="PATCH"} 2
apiserver_request_total{code="200",component="apiserver",resource="secrets",scope="resource",subresource="",verb="GET"} 1e+01
apiserver_request_total{code="200",component="apiserver",resource="recordcallbackconfigs",scope="namespace",subresource="",verb="WATCH"} 5
apiserver_request_total{code="201",component="apiserver",resource="events",scope="resource",subresource="",verb="POST"} 3
apiserver_request_total{code="200",component="apiserver",resource="leases",scope="resource",subresource="",verb="GET"} 100
apiserver_request_duration_seconds_count{resource="secrets",verb="GET"} 9
`))
		Expect(err).NotTo(HaveOccurred())
		Expect(r).To(Equal(requests{Reads: 10, Writes: 9, Events: 3}))
	})

	It("of the operator are all but the benchmark's own", func() {
		before := sample{server: requests{Reads: 5, Writes: 5}, own: requests{Reads: 1, Writes: 2}, cpu: time.Second}
		after := sample{server: requests{Reads: 9, Writes: 35, Events: 4}, own: requests{Reads: 2, Writes: 12}, cpu: 3 * time.Second, rss: 7}
		cpu, rss, operator := after.since(before)
		Expect(cpu).To(Equal(2 * time.Second))
		Expect(rss).To(Equal(int64(7)))
		Expect(operator).To(Equal(requests{Reads: 3, Writes: 20, Events: 4}))
	})

	It("are known of a process with its time and memory", func() {
		cpu, peak, err := usageOf(os.Getpid())
		Expect(err).NotTo(HaveOccurred())
		if _, err := os.Stat("/proc/self/stat"); err == nil {
			Expect(cpu).To(BeNumerically(">", 0))
			Expect(peak).To(BeNumerically(">", 1<<20))
		}
	})
})

var _ = Describe("The use of a budget", func() {
	calls := func(n int, every time.Duration) []call {
		all := make([]call, n)
		for i := range all {
			all[i].at = noon.Add(time.Duration(i) * every)
		}
		return all
	}

	It("is all of it at its rate, after a burst", func() {
		all := calls(591, time.Second*10/48)
		for range defaultBurst {
			all = append(all, call{at: all[0].at})
		}
		slices.SortFunc(all, func(a, b call) int { return a.at.Compare(b.at) })
		u := useOf(all)
		Expect(u.Used).To(BeNumerically("~", 1, 0.005))
		Expect(u.kept()).To(BeTrue())
	})

	It("is not kept where calls are left, or refused", func() {
		Expect(useOf(calls(600, 220*time.Millisecond)).kept()).To(BeFalse())
		all := calls(600, time.Second*10/48)
		all[3].throttled = true
		Expect(useOf(all).kept()).To(BeFalse())
	})
})

var _ = DescribeTable("The quantile",
	func(part float64, want int) {
		var all []time.Duration
		for i := range 100 {
			all = append(all, time.Duration(i+1))
		}
		Expect(quantile(all, part)).To(Equal(time.Duration(want)))
	},
	Entry("of half", 0.5, 50),
	Entry("of 99 of 100", 0.99, 99),
	Entry("of all", 1.0, 100),
	Entry("of none", 0.0, 1),
)

var _ = Describe("The flags", func() {
	It("have defaults", func() {
		o, err := parse(nil, GinkgoWriter)
		Expect(err).NotTo(HaveOccurred())
		Expect(o.sizes).To(Equal([]int{100, 1000}))
		Expect(o.projects).To(Equal([]int{1, 10}))
		Expect(o.qps).To(BeZero())
		Expect(o.latencies).To(Equal([]time.Duration{20 * time.Millisecond}))
	})

	It("take lists, which -smoke overrides", func() {
		o, err := parse([]string{"-n", "5, 6", "-projects=2"}, GinkgoWriter)
		Expect(err).NotTo(HaveOccurred())
		Expect(o.sizes).To(Equal([]int{5, 6}))
		o, err = parse([]string{"-smoke", "-n=7"}, GinkgoWriter)
		Expect(err).NotTo(HaveOccurred())
		Expect(o.sizes).To(Equal([]int{100}))
		Expect(o.projects).To(Equal([]int{1}))
		o, err = parse([]string{"-latency=5ms, 0s"}, GinkgoWriter)
		Expect(err).NotTo(HaveOccurred())
		Expect(o.latencies).To(Equal([]time.Duration{5 * time.Millisecond, 0}))
		o, err = parse([]string{"-full"}, GinkgoWriter)
		Expect(err).NotTo(HaveOccurred())
		Expect(newFleets(o.sizes, o.projects, o.latencies)).To(HaveLen(18))
		Expect(o.budget && o.fair).To(BeTrue())
	})

	DescribeTable("refuse",
		func(arguments ...string) {
			_, err := parse(arguments, GinkgoWriter)
			Expect(err).To(HaveOccurred())
		},
		Entry("no resources", "-n=0"),
		Entry("words", "-projects=many"),
		Entry("a negative limit", "-api-qps=-1"),
		Entry("no workers", "-workers=0"),
		Entry("no concurrency", "-concurrency=0"),
		Entry("a time that has not come", "-latency=-1s"),
		Entry("what is no flag", "smoke"),
	)
})
