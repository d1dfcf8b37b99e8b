package main

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"os"
	"path/filepath"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/live-operator/live-operator/test/harness"
	"github.com/live-operator/live-operator/test/livesim"
)

var _ = DescribeTable("The budget of",
	func(p phase, sizes []int, want *budget) {
		Expect(budgetOf(p, sizes)).To(Equal(want))
	},
	Entry("a creation", creation, []int{250}, &budget{Calls: 254, LiveWrites: 250, Writes: 500}),
	Entry("a creation of full pages", creation, []int{200}, &budget{Calls: 203, LiveWrites: 200, Writes: 400}),
	Entry("a change", change, []int{250}, &budget{Calls: 250, LiveWrites: 250, Writes: 250}),
	Entry("a restart", restart, []int{250}, &budget{Calls: 3}),
	Entry("a comparison", drift, []int{1000}, &budget{Calls: 10}),
	Entry("several projects is the sum of each one's", creation, []int{10, 1}, &budget{Calls: 12 + 3, LiveWrites: 11, Writes: 22}),
	Entry("a deletion does not exist", deletion, []int{10}, nil),
)

var _ = Describe("The report", func() {
	// story is a fleet of two resources in two projects that goes through all
	// phases, each at its budget but for the creation, which has a call to spare.
	story := func() (*fleet, *ledger, []harness.Write) {
		f, l := newFleet("fleet", 2, 2), &ledger{}
		resource := "/apis/live.huaweicloud.com/v1alpha1/namespaces/" + f.namespace + "/recordcallbackconfigs/resource-0"
		wrote := func(suffixes ...string) (all []harness.Write) {
			for _, s := range suffixes {
				all = append(all, harness.Write{Method: "PATCH", Path: resource + s})
			}
			return all
		}
		begin := func(p phase, seconds float64, writes int) { f.begun[p] = mark{at(seconds), writes} }
		begin(creation, 0, 0)
		begin(change, 10, 4)
		begin(restart, 20, 6)
		begin(drift, 80, 6)
		begin(deletion, 140, 6)
		f.ended = mark{at(150), 8}
		for i, p := range f.projects {
			record(l, p.id, 1, livesim.List)
			record(l, p.id, 2, livesim.Create)
			record(l, p.id, 11, livesim.Update)
			// One is early and compared a second and a third time while the other waits.
			early := float64(30 * i)
			record(l, p.id, 21+early, livesim.List)
			record(l, p.id, 78+early, livesim.List)
			if i == 0 {
				record(l, p.id, 135, livesim.List)
			}
			record(l, p.id, 141, livesim.Delete)
		}
		return f, l, wrote("", "", "/status", "/status", "/status", "/status", "", "")
	}
	results := func(rep *report) map[phase]result {
		all := map[phase]result{}
		for _, r := range rep.Results {
			all[r.Phase] = r
		}
		return all
	}

	It("is put together of what several runs wrote", func() {
		f, l, all := story()
		first := newReport([]*fleet{f}, l, all)
		first.Budget = &budgetUse{Calls: 600}
		second := newReport([]*fleet{f}, l, append(all, harness.Write{Method: "POST", Path: "/stray"}))
		second.OK = false
		dir := GinkgoT().TempDir()
		var files []string
		for i, rep := range []*report{first, second} {
			files = append(files, filepath.Join(dir, string(rune('a'+i))))
			Expect(rep.write(&bytes.Buffer{}, files[i], "")).To(Succeed())
		}
		both, err := readReports(files)
		Expect(err).NotTo(HaveOccurred())
		Expect(both.OK).To(BeFalse(), "one of them was over its budget")
		Expect(both.Results).To(HaveLen(10))
		Expect(results(both)).To(Equal(results(first)))
		Expect(both.Budget).To(Equal(first.Budget))
		Expect(both.Stray).To(Equal(second.Stray))

		_, err = readReports([]string{filepath.Join(dir, "missing")})
		Expect(err).To(MatchError(os.ErrNotExist))
	})

	It("counts each phase by itself, and comparisons by project", func() {
		f, l, all := story()
		rep := newReport([]*fleet{f}, l, all)
		Expect(rep.OK).To(BeTrue())
		r := results(rep)
		Expect(r).To(HaveLen(5))
		Expect(r[creation].Calls).To(Equal(tally{livesim.List: 2, livesim.Create: 2}))
		Expect(r[creation].Writes).To(Equal(writes{Metadata: 2, Status: 2}))
		Expect(r[creation].CallsPerResource).To(Equal(2.0))
		Expect(r[change].Calls).To(Equal(tally{livesim.Update: 2}))
		Expect(r[change].Writes).To(Equal(writes{Status: 2}))
		Expect(r[restart].Calls).To(Equal(tally{livesim.List: 2}))
		Expect(r[drift].Calls).To(Equal(tally{livesim.List: 2}))
		Expect(r[deletion].Calls).To(Equal(tally{livesim.Delete: 2}))
		Expect(r[deletion].Writes).To(Equal(writes{Metadata: 2}))
	})

	It("has no drift where that was left out", func() {
		f, l, all := story()
		delete(f.begun, drift)
		r := results(newReport([]*fleet{f}, l, all))
		Expect(r).NotTo(HaveKey(drift))
		Expect(r[restart].TotalCalls).To(Equal(2))
	})

	DescribeTable("says what is over the budget:",
		func(happen func(f *fleet, l *ledger, all *[]harness.Write), p phase, words string) {
			f, l, all := story()
			happen(f, l, &all)
			rep := newReport([]*fleet{f}, l, all)
			Expect(rep.OK).To(BeFalse())
			Expect(results(rep)[p].Over).To(ContainElement(ContainSubstring(words)))
			var out bytes.Buffer
			Expect(rep.write(&out, "", "")).To(Succeed())
			Expect(out.String()).To(ContainSubstring("OVER: %s of 2 resources in 2 projects: %s", p, words))
			Expect(out.String()).NotTo(ContainSubstring("Every budget was kept"))
		},
		Entry("a call too many", func(f *fleet, l *ledger, _ *[]harness.Write) {
			record(l, f.projects[0].id, 12, livesim.Show)
		}, change, "Live calls: 3, the budget is 2"),
		Entry("a write in place of a read", func(_ *fleet, l *ledger, _ *[]harness.Write) {
			for i := range l.calls {
				if l.calls[i].operation == livesim.List && l.calls[i].at.Equal(at(1)) {
					l.calls[i].operation = livesim.Create
				}
			}
		}, creation, "Live calls that write: 4, the budget is 2"),
		Entry("a write to the status after a restart", func(f *fleet, _ *ledger, all *[]harness.Write) {
			*all = append(*all, (*all)[0])
			for _, p := range []phase{drift, deletion} {
				m := f.begun[p]
				m.writes++
				f.begun[p] = m
			}
			f.ended.writes++
		}, restart, "Kubernetes writes: 1, the budget is 0"),
	)

	It("prints a table with a line for each phase", func() {
		f, l, all := story()
		rep := newReport([]*fleet{f}, l, append(all, harness.Write{Method: "POST", Path: "/apis/x"}))
		var out bytes.Buffer
		Expect(rep.write(&out, "", "")).To(Succeed())
		var lines []string
		for _, line := range strings.Split(out.String(), "\n") {
			lines = append(lines, strings.Join(strings.Fields(line), " "))
		}
		Expect(lines).To(ContainElements(
			"resources projects phase Create Update Show List Delete calls budget each metadata status writes budget events reads verdict",
			"2 2 creation 2 0 0 2 0 4 6 2.000 2 2 4 4 0 0 ok",
			"2 2 change 0 2 0 0 0 2 2 1.000 0 2 2 2 0 0 ok",
			"2 2 drift 0 0 0 2 0 2 2 1.000 0 0 0 0 0 0 ok",
			"2 2 deletion 0 0 0 0 2 2 - 1.000 2 0 2 - 0 0 -",
			"A write outside of all fleets: POST /apis/x",
			"Every budget was kept.",
		))
	})

	It("tells the times beside their limit, and which goals were missed", func() {
		f, l, all := story()
		f.latency = 20 * time.Millisecond
		*f.measure(creation) = measure{took: 4 * time.Second, bare: 3 * time.Second, p50: time.Second, p99: 2 * time.Second, cpu: time.Second, rss: 200 << 20}
		*f.measure(change) = measure{took: 2 * time.Second, bare: 2 * time.Second}
		rep := newReport([]*fleet{f}, l, all)
		rep.Budget, rep.Fair = &budgetUse{Calls: 100, Used: 0.5}, &fairUse{Ratio: 2}
		var out bytes.Buffer
		Expect(rep.write(&out, "", "")).To(Succeed())
		var lines []string
		for _, line := range strings.Split(out.String(), "\n") {
			lines = append(lines, strings.Join(strings.Fields(line), " "))
		}
		Expect(lines).To(ContainElements(
			"API resources projects phase seconds each/s p50 p99 limit ratio CPU s peak MiB",
			"20ms 2 2 creation 4.00 0 1.000 2.000 3.00 0.75 1.00 200.0",
			"20ms 2 2 change 2.00 1 0.000 0.000 2.00 1.00 0.00 0.0",
		))
		Expect(rep.missed()).To(ConsistOf(
			ContainSubstring("creation of 2 resources in 2 projects, 20ms away: 0.75 of the limit"),
			ContainSubstring("200 MiB of memory"), ContainSubstring("a budget"), ContainSubstring("2.00 times as long")))
		Expect(rep.OK).To(BeTrue(), "time fails nothing")
	})

	It("is drawn, with a panel for each latency and number of projects", func() {
		f, l, all := story()
		g := newFleet("fleet", 20, 2)
		for _, fleet := range []*fleet{f, g} {
			fleet.begun, fleet.ended = f.begun, f.ended
			*fleet.measure(creation) = measure{took: time.Duration(fleet.size) * time.Second, bare: time.Duration(fleet.size) * time.Second / 2}
		}
		file := filepath.Join(GinkgoT().TempDir(), "bench.svg")
		Expect(newReport([]*fleet{f, g}, l, all).write(&bytes.Buffer{}, "", file)).To(Succeed())
		content, err := os.ReadFile(file)
		Expect(err).NotTo(HaveOccurred())
		Expect(xml.Unmarshal(content, new(struct{}))).To(Succeed())
		Expect(string(content)).To(And(ContainSubstring("2 projects, API 0s away"), ContainSubstring("stroke-dasharray"), Not(ContainSubstring("NaN"))))
		Expect(strings.Count(string(content), "<circle")).To(Equal(4))
	})

	It("is written as JSON, too", func() {
		f, l, all := story()
		file := filepath.Join(GinkgoT().TempDir(), "bench.json")
		Expect(newReport([]*fleet{f}, l, all).write(&bytes.Buffer{}, file, "")).To(Succeed())
		content, err := os.ReadFile(file)
		Expect(err).NotTo(HaveOccurred())
		var read report
		Expect(json.Unmarshal(content, &read)).To(Succeed())
		Expect(read.OK).To(BeTrue())
		Expect(read.Results).To(HaveLen(5))
		Expect(read.Results[0].Budget).To(Equal(&budget{Calls: 6, LiveWrites: 2, Writes: 4}))
		Expect(read.Results[4].Budget).To(BeNil())
	})
})
