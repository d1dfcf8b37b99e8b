package inventory_test

import (
	"fmt"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/live-operator/live-operator/internal/live"
)

var _ = Describe("A project that holds more than the API can list", func() {
	domain := func(n int) string { return fmt.Sprintf("domain-%02d.example.com", n) }
	// spread are so many, spread over so many domains.
	spread := func(held, domains int) *remote {
		r := &remote{configs: configs(0, held)}
		for n := range r.configs {
			r.configs[n].PublishDomain = domain(n % domains)
		}
		return r
	}

	It("is listed by domain, with one look at how large it is", func() {
		r := spread(6000, 60)
		b := r.serve()
		v := b.asker("a", begin).of(domain(59), name(5999)).view()
		_, found := v.ByKey(domain(59), name(5999))
		Expect(found).To(BeTrue())
		holds(v, name(59), name(5999))
		Expect(v.Len()).To(Equal(100))
		Expect(r.queries).To(Equal([]live.Query{{Limit: 100}, {PublishDomain: domain(59), Limit: 100}}))
		Expect(b.Stats()[0].Configs).To(Equal(6000))

		By("serving others of the domain from memory, and listing another domain once")
		now := b.clock.Now()
		for n := range 100 {
			_, _, pending := b.asker("a", now).of(domain(59), name(n*60+59)).look()
			Expect(pending).To(BeFalse())
		}
		var askers []*asker
		for n := range 100 {
			askers = append(askers, b.asker("a", begin).of(domain(7), name(n*60+7)))
			_, _, pending := askers[n].look()
			if pending {
				askers[n].wakes(1)
			}
			v, err, pending := askers[n].look()
			Expect(pending).To(BeFalse())
			Expect(err).NotTo(HaveOccurred())
			holds(v, name(n*60+7))
		}
		Expect(r.pages()).To(Equal(3))
	})

	It("is listed by domain when it grows past the end meanwhile", func() {
		r := spread(4100, 10)
		r.before = func(r *remote, pages int) {
			if pages == 1 {
				more := configs(4100, 4300)
				for n := range more {
					more[n].PublishDomain = domain(3)
				}
				r.configs = append(r.configs, more...)
			}
		}
		v := r.serve().asker("a", begin).of(domain(3), name(4299)).view()
		holds(v, name(4299), name(3))
		Expect(r.queries[41]).To(Equal(live.Query{Offset: 4096, Limit: 100}))
		for _, q := range r.queries {
			Expect(q.Offset).To(BeNumerically("<=", 4096))
		}
	})

	It("is listed by domain and app where one domain alone is too large", func() {
		r := spread(9000, 2)
		b := r.serve()
		v := b.asker("a", begin).of(domain(1), name(8999)).view()
		holds(v, name(8999))
		Expect(r.pages()).To(Equal(3))
		v = b.asker("a", begin).of(domain(1), "absent").view()
		_, found := v.ByKey(domain(1), "absent")
		Expect(found).To(BeFalse())
	})

	It("is an error where even that is too much, rather than a wrong answer", func() {
		r := spread(9000, 2)
		r.odd = func(q live.Query, p *live.Page) {
			if q.App != "" {
				p.Total, p.Configs = 9000, configs(0, 100)
			}
		}
		a := r.serve().asker("a", begin).of(domain(1), name(8999))
		for n := range 3 {
			a.waits().wakes(n + 1)
		}
		_, err, _ := a.look()
		Expect(err).To(MatchError(ContainSubstring("can't list all configurations")))
	})

	It("shows its first part where nothing in particular is asked for", func() {
		r := spread(6000, 60)
		Expect(r.serve().asker("a", begin).of("", "").view().Len()).To(Equal(100))
	})

	It("shows own writes in every part, until the part is listed again", func() {
		r := spread(6000, 60)
		b := r.serve()
		a := b.asker("a", begin).of(domain(1), "new")
		a.view()
		c := config("new")
		c.PublishDomain, c.App = domain(1), "new"
		b.Put(here, c)
		b.Remove(here, name(1))
		other := b.asker("a", begin).of(domain(2), "new")
		other.view()
		for range 2 {
			v, _, _ := b.asker("a", begin).of(domain(1), "new").look()
			Expect(v.Len()).To(Equal(100))
			_, found := v.ByKey(domain(1), "new")
			Expect(found).To(BeTrue())
			_, found = v.ByID(name(1))
			Expect(found).To(BeFalse())
			other.view()
		}
		_, found := a.view().ByID("new")
		Expect(found).To(BeFalse(), "somebody has deleted it")
	})

	It("merges and queues the lists of a domain as it does those of a project", func() {
		b := newBench()
		first, second := b.asker("a", begin).waits(), b.asker("a", begin).waits()
		b.lists.next().shows(5000, configs(0, 100)...)
		first.wakes(1).waits()
		second.wakes(1).waits()
		c := b.lists.next()
		Expect(c.query).To(Equal(live.Query{PublishDomain: "a.example.com", Limit: 100}))
		third := b.asker("a", b.later()).waits()
		b.lists.next().shows(5000, configs(0, 100)...)
		third.wakes(1).waits()
		b.lists.rests()
		c.showsAll(config("x"))
		first.wakes(2).sees("x")
		second.wakes(2).sees("x")
		b.lists.next().showsAll(config("y"))
		third.wakes(2).sees("y")
		Expect(b.ListedAt(here, "a")).To(Equal(begin.Add(time.Second)))
	})

	It("tells the failure of a domain's list to those who asked for that domain", func() {
		b := newBench()
		a := b.asker("a", begin).waits()
		b.lists.next().shows(5000, configs(0, 100)...)
		a.wakes(1).waits()
		err := failure(live.ClassUnavailable)
		b.lists.next().fails(err)
		a.wakes(2).fails(err)
		b.asker("a", begin).of("b.example.com", "live").waits()
		Expect(b.lists.next().query.PublishDomain).To(Equal("b.example.com"))
	})
})
