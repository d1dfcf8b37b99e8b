package inventory_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/live-operator/live-operator/internal/inventory"
	"github.com/live-operator/live-operator/internal/live"
)

var _ = Describe("An own write", func() {
	var b *bench
	// listed is after a first list of what there is.
	listed := func(configs ...live.Config) *asker {
		GinkgoHelper()
		b = newBench()
		a := b.asker("a", begin).waits()
		b.lists.next().showsAll(configs...)
		return a.wakes(1)
	}
	url := func(v *inventory.View, id string) string {
		GinkgoHelper()
		c, found := v.ByID(id)
		Expect(found).To(BeTrue())
		return c.NotifyCallbackURL
	}
	changed := config(name(0))
	changed.NotifyCallbackURL = "https://new.example.com"

	It("shows at once, and does not change a view that somebody holds", func() {
		a := listed(configs(0, 2)...)
		before := a.sees(names(0, 2)...)
		b.Put(here, changed)
		b.Put(here, config("new"))
		b.Remove(here, name(1))

		after := a.sees(name(0), "new")
		Expect(url(after, name(0))).To(Equal("https://new.example.com"))
		_, found := after.ByID(name(1))
		Expect(found).To(BeFalse())
		_, found = after.ByKey("a.example.com", name(1))
		Expect(found).To(BeFalse())
		_, found = after.ByKey("a.example.com", "new")
		Expect(found).To(BeTrue())

		Expect(before.Len()).To(Equal(2))
		Expect(url(before, name(0))).To(BeEmpty())
		_, found = before.ByKey("a.example.com", "new")
		Expect(found).To(BeFalse())
	})

	It("is found by its new domain and app, and not by the old", func() {
		a := listed(configs(0, 1)...)
		moved := config(name(0))
		moved.App = "moved"
		b.Put(here, moved)
		view := a.sees(name(0))
		_, found := view.ByKey("a.example.com", name(0))
		Expect(found).To(BeFalse())
		_, found = view.ByKey("a.example.com", "moved")
		Expect(found).To(BeTrue())

		moved.App = "again"
		b.Put(here, moved)
		_, found = a.sees(name(0)).ByKey("a.example.com", "moved")
		Expect(found).To(BeFalse())
	})

	It("is not undone by a list that began before it", func() {
		listed(configs(0, 3)...)
		a := b.asker("a", b.later()).waits()
		c := b.lists.next()
		b.Put(here, changed)
		b.Put(here, config("new"))
		b.Remove(here, name(1))
		b.later()
		c.showsAll(configs(0, 3)...)
		view := a.wakes(1).sees(name(0), name(2), "new")
		Expect(url(view, name(0))).To(Equal("https://new.example.com"))
	})

	It("is not undone by a first list that began before it", func() {
		b = newBench()
		a := b.asker("a", begin).waits()
		c := b.lists.next()
		b.Put(here, config("new"))
		b.Remove(here, name(0))
		c.showsAll(configs(0, 1)...)
		a.wakes(1).sees("new")
	})

	It("is not undone by a list that fails, nor by the one that follows", func() {
		listed(configs(0, 1)...)
		a := b.asker("a", b.later()).waits()
		c := b.lists.next()
		b.Put(here, config("new"))
		c.fails(failure(live.ClassUnavailable))
		a.wakes(1)
		b.asker("a", begin).sees(name(0), "new")
	})

	It("gives way to a list that began after it, so that what others do is seen", func() {
		listed(configs(0, 2)...)
		b.Put(here, changed)
		b.Put(here, config("new"))
		b.Remove(here, name(1))
		a := b.asker("a", b.later()).waits()
		c := b.lists.next()
		c.showsAll(configs(0, 2)...)
		view := a.wakes(1).sees(names(0, 2)...)
		Expect(url(view, name(0))).To(BeEmpty(), "somebody has changed it back")
	})

	It("gives way to a list that was asked for before it, and began after it", func() {
		listed(configs(0, 1)...)
		first := b.asker("a", b.later()).waits()
		c := b.lists.next()
		second := b.asker("a", b.later()).waits()
		b.Put(here, config("new"))
		c.showsAll(configs(0, 1)...)
		first.wakes(1)
		b.asker("a", begin).sees(name(0), "new")
		b.lists.next().showsAll(configs(0, 1)...)
		second.wakes(1).sees(name(0))
	})

	It("stays where a newer list of another credential did not see it either", func() {
		listed(configs(0, 1)...)
		other := b.asker("b", begin).waits()
		b.lists.next().showsAll(configs(0, 1)...)
		other.wakes(1)
		slow := b.asker("a", b.later()).waits()
		early := b.lists.next()
		b.Put(here, config("first"))
		quick := b.asker("b", b.later()).waits()
		late := b.lists.next()
		b.Put(here, config("second"))
		late.showsAll(append(configs(0, 1), config("first"))...)
		quick.wakes(1).sees(name(0), "first", "second")
		early.showsAll(configs(0, 1)...)
		slow.wakes(1).sees(name(0), "first", "second")
	})

	It("belongs to its project", func() {
		a := listed(configs(0, 1)...)
		b.Put(there, config("new"))
		b.Remove(there, name(0))
		a.sees(name(0))
		Expect(b.Stats()).To(HaveLen(1), "a project that nobody looks at needs no memory")
	})

	It("without an ID is nothing", func() {
		a := listed(configs(0, 1)...)
		b.Put(here, live.Config{App: "app"})
		a.sees(name(0))
	})

	It("shares nothing with its caller", func() {
		a := listed()
		sign := "MD5"
		c := config("new")
		c.NotifyEventSubscription, c.SignType = []string{"RECORD_OVER"}, &sign
		b.Put(here, c)
		c.NotifyEventSubscription[0], sign = "changed", "changed"
		kept, _ := a.sees("new").ByID("new")
		Expect(kept.NotifyEventSubscription).To(Equal([]string{"RECORD_OVER"}))
		Expect(*kept.SignType).To(Equal("MD5"))
	})

	It("shows like a map's would, among thousands and with lists in between", func() {
		random := rand.New(rand.NewPCG(uint64(GinkgoRandomSeed()), 0))
		listed(configs(0, 50)...)
		model := map[string]live.Config{}
		for _, c := range configs(0, 50) {
			model[c.ID] = c
		}
		check := func(v *inventory.View, want map[string]live.Config) {
			GinkgoHelper()
			Expect(v.Len()).To(Equal(len(want)))
			byKey := map[string]string{}
			for id, c := range want {
				got, found := v.ByID(id)
				Expect(found).To(BeTrue())
				Expect(got).To(Equal(c))
				if first, ok := byKey[c.App]; !ok || id < first {
					byKey[c.App] = id
				}
			}
			for n := range 40 {
				app := fmt.Sprint("app-", n)
				got, found := v.ByKey("a.example.com", app)
				Expect(found).To(Equal(byKey[app] != ""))
				Expect(got.ID).To(Equal(byKey[app]))
			}
		}
		var held *inventory.View
		var heldModel map[string]live.Config
		for n := range 3000 {
			id := name(random.IntN(300))
			if random.IntN(3) == 0 {
				delete(model, id)
				b.Remove(here, id)
			} else {
				c := config(id)
				c.App = fmt.Sprint("app-", random.IntN(40))
				c.NotifyCallbackURL = fmt.Sprint(n)
				model[id] = c
				b.Put(here, c)
			}
			if n%500 == 250 {
				now := b.later()
				a := b.asker("a", now).waits()
				all := slices.Collect(maps.Values(model))
				for page := range slices.Chunk(all, 100) {
					b.lists.next().shows(len(all), page...)
				}
				a.wakes(1)
			}
			if n%97 == 0 {
				v, _, _ := b.asker("a", time.Time{}).look()
				check(v, model)
				if held != nil {
					check(held, heldModel)
				}
				held, heldModel = v, maps.Clone(model)
			}
		}
	})
})

var _ = Describe("A view", func() {
	view := func(configs ...live.Config) *inventory.View {
		b := newBench()
		a := b.asker("a", begin).waits()
		b.lists.next().showsAll(configs...)
		v, _, _ := a.wakes(1).look()
		return v
	}
	twin := func(id, created string) live.Config {
		return live.Config{ID: id, PublishDomain: "a.example.com", App: "live", CreateTime: created}
	}

	DescribeTable("of several configurations with one domain and app finds",
		func(want string, twins ...live.Config) {
			for range 5 {
				rand.Shuffle(len(twins), func(i, j int) { twins[i], twins[j] = twins[j], twins[i] })
				c, found := view(append(twins, config("y"), config("z"))...).ByKey("a.example.com", "live")
				Expect(found).To(BeTrue())
				Expect(c.ID).To(Equal(want))

				b := newBench()
				a := b.asker("a", begin).waits()
				b.lists.next().showsAll(twins[0])
				a.wakes(1)
				for _, c := range twins[1:] {
					b.Put(here, c)
				}
				v, _, _ := a.look()
				c, _ = v.ByKey("a.example.com", "live")
				Expect(c.ID).To(Equal(want), "where some are own writes")
			}
		},
		Entry("the oldest", "b", twin("a", "2026-01-02T00:00:00Z"), twin("b", "2026-01-01T00:00:00Z"), twin("c", "2026-01-03T00:00:00Z")),
		Entry("the smallest ID among those of one age", "a", twin("c", "2026-01-01T00:00:00Z"), twin("a", "2026-01-01T00:00:00Z"), twin("b", "2026-01-01T00:00:00Z")),
		Entry("one whose age is known rather than one whose is not", "c", twin("a", ""), twin("b", "yesterday"), twin("c", "2026-01-03T00:00:00Z")),
		Entry("the smallest ID where no age is known", "a", twin("b", ""), twin("a", "")),
		Entry("the oldest by its time and not by its words", "b", twin("a", "2026-01-01T00:30:00Z"), twin("b", "2026-01-01T01:00:00+02:00")),
	)

	It("takes the two ways to write any app for one", func() {
		c := twin("a", "")
		c.App = "**"
		v := view(c)
		found, ok := v.ByKey("a.example.com", "*")
		Expect(ok).To(BeTrue())
		Expect(found.App).To(Equal("**"))
		_, ok = v.ByKey("a.example.com", "live")
		Expect(ok).To(BeFalse())
	})

	It("finds what it holds and nothing else", func() {
		v := view(config("b"), config("d"))
		for id, want := range map[string]bool{"": false, "a": false, "b": true, "c": false, "d": true, "e": false} {
			_, found := v.ByID(id)
			Expect(found).To(Equal(want))
			_, found = v.ByKey("a.example.com", id)
			Expect(found).To(Equal(want))
			_, found = v.ByKey("b.example.com", id)
			Expect(found).To(BeFalse())
		}
	})

	It("keeps every field", func() {
		sign, url := "MD5", "https://demand.example.com"
		c := live.Config{
			ID: "id", PublishDomain: "a.example.com", App: "live", NotifyCallbackURL: "https://a.example.com",
			NotifyEventSubscription: []string{"RECORD_OVER", "RECORD_FAILED"}, OnDemandCallbackURL: &url, SignType: &sign,
			CreateTime: "2026-01-01T00:00:00Z", UpdateTime: "2026-01-02T00:00:00Z",
		}
		plain := live.Config{ID: "plain", NotifyEventSubscription: []string{}}
		v := view(c, plain)
		for _, want := range []live.Config{c, plain} {
			got, _ := v.ByID(want.ID)
			Expect(got).To(Equal(want))
		}
	})
})
