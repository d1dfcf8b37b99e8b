package main

import (
	"fmt"
	"strings"

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
		Expect(stray(all, map[string]bool{"fleet": true, "another": true})).To(Equal(all[7:]))
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
		fleets := newFleets([]int{3, 100}, []int{1, 10})
		Expect(fleets).To(HaveLen(3))
		Expect(fleets[2].sizes()).To(HaveLen(10))
	})

	It("spread their resources over projects as their sizes say, each with a domain and app of its own", func() {
		f := newFleet(123, 4)
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

var _ = Describe("The flags", func() {
	It("have defaults", func() {
		o, err := parse(nil, GinkgoWriter)
		Expect(err).NotTo(HaveOccurred())
		Expect(o.sizes).To(Equal([]int{100, 1000}))
		Expect(o.projects).To(Equal([]int{1, 10}))
		Expect(o.qps).To(BeZero())
	})

	It("take lists, which -smoke overrides", func() {
		o, err := parse([]string{"-n", "5, 6", "-projects=2"}, GinkgoWriter)
		Expect(err).NotTo(HaveOccurred())
		Expect(o.sizes).To(Equal([]int{5, 6}))
		o, err = parse([]string{"-smoke", "-n=7"}, GinkgoWriter)
		Expect(err).NotTo(HaveOccurred())
		Expect(o.sizes).To(Equal([]int{100}))
		Expect(o.projects).To(Equal([]int{1}))
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
		Entry("what is no flag", "smoke"),
	)
})
