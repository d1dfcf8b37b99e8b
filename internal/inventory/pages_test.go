package inventory_test

import (
	"context"
	"slices"
	"sync"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/live-operator/live-operator/internal/inventory"
	"github.com/live-operator/live-operator/internal/live"
)

// remote is a Lister that answers as the API does.
type remote struct {
	mu      sync.Mutex
	configs []live.Config
	queries []live.Query
	// before is called before a page is answered, with how many were before it.
	before func(r *remote, pages int)
	// odd makes of a page what some API might.
	odd func(q live.Query, p *live.Page)
}

func (r *remote) List(_ context.Context, _ live.Target, _ live.Authorizer, q live.Query) (live.Page, live.Meta, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.before != nil {
		r.before(r, len(r.queries))
	}
	r.queries = append(r.queries, q)
	if q.Offset > 4096 || q.Offset < 0 || q.Limit < 1 || q.Limit > 100 {
		return live.Page{}, live.Meta{}, failure(live.ClassRejected)
	}
	var all []live.Config
	for _, c := range r.configs {
		if (q.PublishDomain == "" || q.PublishDomain == c.PublishDomain) && (q.App == "" || q.App == c.App) {
			all = append(all, c)
		}
	}
	p := live.Page{Total: len(all), Configs: slices.Clone(all[min(q.Offset, len(all)):min(q.Offset+q.Limit, len(all))])}
	if r.odd != nil {
		r.odd(q, &p)
	}
	return p, live.Meta{Date: begin}, nil
}

// remove deletes those for which gone is true.
func (r *remote) remove(gone func(id string) bool) {
	r.configs = slices.DeleteFunc(r.configs, func(c live.Config) bool { return gone(c.ID) })
}

func (r *remote) pages() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.queries)
}

func (r *remote) serve() *bench {
	return newBench(func(o *inventory.Options) { o.Lister = r })
}

// view lists anew and gives what is seen.
func (a *asker) view() *inventory.View {
	GinkgoHelper()
	a.notBefore = a.later()
	for {
		woken := a.woken.Load()
		view, err, pending := a.look()
		if !pending {
			Expect(err).NotTo(HaveOccurred())
			return view
		}
		Eventually(a.woken.Load).Should(BeEquivalentTo(woken+1), "its list has ended")
	}
}

func holds(v *inventory.View, ids ...string) {
	GinkgoHelper()
	for _, id := range ids {
		_, found := v.ByID(id)
		Expect(found).To(BeTrue(), "the view should hold %s", id)
	}
}

var _ = Describe("Reading the pages of a list", func() {
	DescribeTable("takes one call for every hundred",
		func(held, calls int) {
			r := &remote{configs: configs(0, held)}
			a := r.serve().asker("a", begin)
			v := a.view()
			Expect(v.Len()).To(Equal(held))
			holds(v, names(0, held)...)
			Expect(r.pages()).To(Equal(calls))
			a.view()
			Expect(r.pages()).To(Equal(2*calls), "the second time, too")
		},
		Entry("of none", 0, 1),
		Entry("of one", 1, 1),
		Entry("of a full page", 100, 1),
		Entry("of one more", 101, 2),
		Entry("of many full pages", 1000, 10),
		Entry("of many", 3950, 40),
		Entry("up to the largest offset", 4096, 41),
		Entry("to the end of the last page there can be", 4196, 42),
	)

	It("reads on when the total grows meanwhile", func() {
		r := &remote{configs: configs(0, 150)}
		r.before = func(r *remote, pages int) {
			if pages == 1 {
				r.configs = append(r.configs, configs(150, 320)...)
			}
		}
		v := r.serve().asker("a", begin).view()
		holds(v, names(0, 320)...)
		Expect(v.Date).To(Equal(begin))
	})

	It("reads on when the newest come first", func() {
		r := &remote{configs: configs(1000, 1250)}
		r.before = func(r *remote, pages int) {
			if pages == 1 || pages == 2 {
				r.configs = append(configs(pages*100, pages*100+100), r.configs...)
			}
		}
		holds(r.serve().asker("a", begin).view(), names(1000, 1250)...)
	})

	It("misses nothing that moves to a page it has read", func() {
		r := &remote{configs: configs(0, 350)}
		r.before = func(r *remote, pages int) {
			if pages == 1 || pages == 2 {
				n := pages * 10
				r.remove(func(id string) bool { return id >= name(n) && id < name(n+7) })
			}
		}
		v := r.serve().asker("a", begin).view()
		holds(v, names(100, 350)...)
		Expect(r.pages()).To(BeNumerically("<=", 6))
	})

	It("misses nothing that moves to the only page it has read", func() {
		r := &remote{configs: configs(0, 150)}
		r.before = func(r *remote, pages int) {
			if pages == 1 {
				r.remove(func(id string) bool { return id < name(60) })
			}
		}
		holds(r.serve().asker("a", begin).view(), names(60, 150)...)
	})

	It("misses nothing that moves because of own deletions, though the total stays", func() {
		r := &remote{configs: configs(0, 250)}
		b := r.serve()
		r.before = func(r *remote, pages int) {
			if pages == 1 {
				r.remove(func(id string) bool { return id < name(5) })
				r.configs = append(r.configs, configs(900, 905)...)
				for _, id := range names(0, 5) {
					b.Remove(here, id)
				}
			}
		}
		v := b.asker("a", begin).view()
		holds(v, names(5, 250)...)
		_, found := v.ByID(name(0))
		Expect(found).To(BeFalse(), "it was removed by this process")
	})

	It("reads again before it believes that something is gone that was there", func() {
		r := &remote{configs: configs(0, 250)}
		a := r.serve().asker("a", begin)
		a.view()
		Expect(r.pages()).To(Equal(3))
		r.before = func(r *remote, pages int) {
			if pages == 4 {
				r.remove(func(id string) bool { return id == name(3) })
				r.configs = append(r.configs, config("new"))
			}
		}
		holds(a.view(), name(100), "new")
		Expect(r.pages()).To(Equal(9))

		r.before = nil
		r.remove(func(id string) bool { return id == name(200) })
		_, found := a.view().ByID(name(200))
		Expect(found).To(BeFalse())
		Expect(r.pages()).To(Equal(15))
		a.view()
		Expect(r.pages()).To(Equal(18), "it is not missed for ever")
	})

	It("believes one page at once", func() {
		r := &remote{configs: configs(0, 100)}
		a := r.serve().asker("a", begin)
		a.view()
		r.remove(func(string) bool { return true })
		Expect(a.view().Len()).To(BeZero())
		Expect(r.pages()).To(Equal(2))
	})

	It("does not look twice for what this process removed", func() {
		r := &remote{configs: configs(0, 250)}
		b := r.serve()
		a := b.asker("a", begin)
		a.view()
		r.before = func(r *remote, pages int) {
			if pages == 3 {
				r.remove(func(id string) bool { return id == name(3) })
				b.Remove(here, name(3))
			}
		}
		Expect(a.view().Len()).To(Equal(249))
		Expect(r.pages()).To(BeNumerically("<=", 7))
	})

	It("ends while deletions go on all the time", func() {
		r := &remote{configs: configs(0, 2000)}
		b := r.serve()
		gone := 0
		r.before = func(r *remote, _ int) {
			for range 30 {
				id := name(gone)
				r.remove(func(other string) bool { return other == id })
				b.Remove(here, id)
				gone++
			}
		}
		v := b.asker("a", begin).view()
		holds(v, names(min(gone, 2000), 2000)...)
	})

	Describe("of an API that is not as documented", func() {
		It("ends where every page is the same", func() {
			r := &remote{odd: func(_ live.Query, p *live.Page) { p.Total, p.Configs = 500, configs(0, 100) }}
			v := r.serve().asker("a", begin).of("", "").view()
			Expect(v.Len()).To(Equal(100))
			Expect(r.pages()).To(BeNumerically("<=", 4))
		})

		It("asks for the domain, too, where it gets fewer than there are", func() {
			r := &remote{configs: configs(0, 250)}
			r.configs[249].PublishDomain = "b.example.com"
			r.odd = func(q live.Query, p *live.Page) {
				if q.PublishDomain == "" && q.Offset > 0 {
					p.Configs = nil
				}
			}
			v := r.serve().asker("a", begin).of("b.example.com", name(249)).view()
			holds(v, name(249))
		})

		It("goes by what comes where the total is too small", func() {
			r := &remote{configs: configs(0, 250), odd: func(_ live.Query, p *live.Page) { p.Total = 0 }}
			v := r.serve().asker("a", begin).view()
			holds(v, names(0, 250)...)
			Expect(r.pages()).To(Equal(3))
		})

		It("reads all where pages are smaller than asked for", func() {
			r := &remote{configs: configs(0, 95), odd: func(_ live.Query, p *live.Page) { p.Configs = p.Configs[:min(10, len(p.Configs))] }}
			holds(r.serve().asker("a", begin).view(), names(0, 95)...)
			Expect(r.pages()).To(Equal(10))
		})

		It("does not believe an empty list of many", func() {
			r := &remote{odd: func(_ live.Query, p *live.Page) { p.Total = 7 }}
			a := r.serve().asker("a", begin)
			a.waits().wakes(1)
			_, err, _ := a.look()
			Expect(err).To(MatchError(ContainSubstring("the API's list is empty")))
			e, _ := live.AsError(err)
			Expect(e.Class).To(Equal(live.ClassUnavailable))
		})

		It("takes the later of two sights", func() {
			r := &remote{configs: configs(0, 150)}
			r.odd = func(q live.Query, p *live.Page) {
				if q.Offset > 0 {
					c := config(name(7))
					c.NotifyCallbackURL = "later"
					p.Configs = append(p.Configs, c)
				}
			}
			c, _ := r.serve().asker("a", begin).view().ByID(name(7))
			Expect(c.NotifyCallbackURL).To(Equal("later"))
		})
	})
})
