package inventory_test

import (
	"fmt"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/live-operator/live-operator/internal/inventory"
	"github.com/live-operator/live-operator/internal/live"
)

var _ = Describe("Looking at a project", func() {
	var b *bench
	BeforeEach(func() { b = newBench() })

	It("starts a list, wakes who asked when it has ended, and shows it from then on", func() {
		a := b.asker("a", begin).waits()
		c := b.lists.next()
		Expect(c.target).To(Equal(here))
		Expect(c.by).To(Equal("a"))
		Expect(c.query).To(Equal(live.Query{Limit: 100}))
		Expect(a.woken.Load()).To(BeZero())
		c.answer <- answer{page: live.Page{Total: 1, Configs: configs(0, 1)}, meta: live.Meta{Date: begin.Add(time.Hour)}}

		view := a.wakes(1).sees(name(0))
		Expect(view.ListedAt).To(Equal(begin))
		Expect(view.Date).To(Equal(begin.Add(time.Hour)))
		Expect(b.ListedAt(here, "a")).To(Equal(begin))
		b.later()
		b.asker("a", time.Time{}).sees(name(0))
		b.asker("a", begin).sees(name(0))
		b.lists.rests()
		a.wakes(1)
	})

	It("makes one list for all who ask while it is under way", func() {
		var askers []*asker
		for range 50 {
			askers = append(askers, b.asker("a", begin).waits())
		}
		c := b.lists.next()
		for range 50 {
			askers = append(askers, b.asker("a", begin).waits())
		}
		c.showsAll(configs(0, 3)...)
		for _, a := range askers {
			a.wakes(1).sees(names(0, 3)...)
		}
		b.lists.rests()
		for _, a := range askers {
			a.wakes(1)
		}
	})

	It("queues one more list behind one that began too early", func() {
		first := b.asker("a", begin).waits()
		c := b.lists.next()
		now := b.later()
		second := b.asker("a", now).waits()
		third := b.asker("a", b.later()).waits()
		b.lists.rests()
		Expect(b.Stats()[0].Lists).To(Equal(2))
		c.showsAll(configs(0, 1)...)
		first.wakes(1).sees(name(0))
		Expect(second.woken.Load()+third.woken.Load()).To(BeZero(), "their list has not ended")

		c = b.lists.next()
		b.asker("a", now).waits()
		c.showsAll(configs(0, 2)...)
		second.wakes(1).sees(names(0, 2)...)
		third.wakes(1).sees(names(0, 2)...)
		first.wakes(1)
		b.lists.rests()
	})

	It("does not take a list for newer than what asked for it", func() {
		b.asker("a", begin).waits()
		b.lists.next().showsAll(configs(0, 1)...)
		Eventually(func() time.Time { return b.ListedAt(here, "a") }).Should(Equal(begin), "the list has ended")
		now := b.later()
		b.asker("a", begin).sees(name(0))
		a := b.asker("a", now).waits()
		b.later()
		b.lists.next().showsAll(configs(0, 2)...)
		Expect(a.wakes(1).sees(names(0, 2)...).ListedAt).To(BeTemporally(">=", now))
	})

	It("takes a time that is still to come for now, so that asking ends", func() {
		a := b.asker("a", begin.Add(time.Hour)).waits()
		b.lists.next().showsAll()
		a.wakes(1).sees()
	})

	It("keeps projects apart", func() {
		b.asker("a", begin).waits()
		b.lists.next().showsAll(configs(0, 1)...)
		Eventually(func() time.Time { return b.ListedAt(here, "a") }).ShouldNot(BeZero(), "the list has ended")
		Expect(b.ListedAt(there, "a")).To(BeZero())
		_, _, pending := b.Look(there, credential("a"), time.Time{}, "", "", nil)
		Expect(pending).To(BeTrue())
		c := b.lists.next()
		Expect(c.target).To(Equal(there))
		c.showsAll()
		Eventually(func() time.Time { return b.ListedAt(there, "a") }).ShouldNot(BeZero(), "a nil wake must do no harm")
	})

	Describe("when a list fails", func() {
		It("tells the error to those who asked for it, until a later try is asked for", func() {
			err := failure(live.ClassUnavailable)
			a, other := b.asker("a", begin).waits(), b.asker("a", begin).waits()
			b.lists.next().fails(err)
			a.wakes(1).fails(err)
			other.wakes(1).fails(err)
			b.asker("a", begin.Add(-time.Hour)).fails(err)
			b.lists.rests()

			again := b.asker("a", b.later()).waits()
			b.lists.next().showsAll(configs(0, 1)...)
			again.wakes(1).sees(name(0))
			a.sees(name(0))
		})

		It("leaves the older view to those who ask for no newer one", func() {
			b.asker("a", begin).waits()
			b.lists.next().showsAll(configs(0, 1)...)
			now := b.later()
			Eventually(func() time.Time { return b.ListedAt(here, "a") }).Should(Equal(begin), "the list has ended")

			err := failure(live.ClassUnavailable)
			a := b.asker("a", now).waits()
			b.lists.next().fails(err)
			a.wakes(1).fails(err)
			b.asker("a", begin).sees(name(0))
			Expect(b.ListedAt(here, "a")).To(Equal(begin))
			b.lists.rests()
		})

		It("still makes the list that is queued behind it", func() {
			err := failure(live.ClassUnavailable)
			first := b.asker("a", begin).waits()
			c := b.lists.next()
			second := b.asker("a", b.later()).waits()
			c.fails(err)
			first.wakes(1).fails(err)
			b.lists.next().showsAll(configs(0, 1)...)
			second.wakes(1).sees(name(0))
		})

		It("gives a *live.Error even where the lister does not", func() {
			a := b.asker("a", begin).waits()
			cause := fmt.Errorf("odd")
			b.lists.next().fails(cause)
			a.wakes(1)
			_, err, _ := a.look()
			e, ok := live.AsError(err)
			Expect(ok).To(BeTrue())
			Expect(e.Operation).To(Equal(live.OperationList))
			Expect(e.Class).To(Equal(live.ClassUnavailable))
			Expect(err).To(MatchError(cause))
		})
	})

	Describe("with several credentials", func() {
		// admit makes a first list with each.
		admit := func(ids ...string) {
			GinkgoHelper()
			for _, id := range ids {
				a := b.asker(id, b.clock.Now()).waits()
				b.lists.next().showsAll(configs(0, 1)...)
				a.wakes(1)
				b.later()
			}
		}

		It("shows nothing to one that has not listed the project itself", func() {
			admit("a")
			Expect(b.ListedAt(here, "b")).To(BeZero())
			stranger := b.asker("b", time.Time{}).waits()
			c := b.lists.next()
			Expect(c.by).To(Equal("b"))
			err := failure(live.ClassForbidden)
			c.fails(err)
			stranger.wakes(1).fails(err)
			Expect(b.ListedAt(here, "b")).To(BeZero())
			b.asker("a", begin).sees(name(0))
		})

		It("shows nothing to a changed Secret before it has proved itself", func() {
			admit("secret/1")
			b.asker("secret/2", time.Time{}).waits()
			Expect(b.lists.next().by).To(Equal("secret/2"))
		})

		It("shows to one that has listed it what another listed since", func() {
			admit("a", "b")
			now := b.later()
			a := b.asker("a", now).waits()
			b.lists.next().showsAll(configs(0, 3)...)
			a.wakes(1).sees(names(0, 3)...)
			b.asker("b", now).sees(names(0, 3)...)
			b.lists.rests()
		})

		It("lets one that has listed it wait for another's list", func() {
			admit("a", "b")
			now := b.later()
			x, y := b.asker("a", now).waits(), b.asker("b", now).waits()
			b.lists.next().showsAll(configs(0, 3)...)
			x.wakes(1).sees(names(0, 3)...)
			y.wakes(1).sees(names(0, 3)...)
			b.lists.rests()
		})

		It("does not tell one what another's failure was, and has it make its own list", func() {
			admit("a", "b")
			now := b.later()
			x, y := b.asker("a", now).waits(), b.asker("b", now).waits()
			c := b.lists.next()
			Expect(c.by).To(Equal("a"))
			err := failure(live.ClassUnavailable)
			c.fails(err)
			x.wakes(1).fails(err)
			y.wakes(1).waits()
			c = b.lists.next()
			Expect(c.by).To(Equal("b"))

			c.showsAll(configs(0, 2)...)
			y.wakes(2).sees(names(0, 2)...)
			x.sees(names(0, 2)...)
		})

		It("does not rely on the list of one whose last list failed", func() {
			admit("a", "b")
			err := failure(live.ClassUnavailable)
			x := b.asker("a", b.later()).waits()
			b.lists.next().fails(err)
			x.wakes(1).fails(err)

			now := b.later()
			b.asker("a", now).waits()
			Expect(b.lists.next().by).To(Equal("a"))
			y := b.asker("b", now).waits()
			c := b.lists.next()
			Expect(c.by).To(Equal("b"))
			c.showsAll(configs(0, 2)...)
			y.wakes(1).sees(names(0, 2)...)
		})

		It("does not rely on the list of one that has not listed it yet", func() {
			admit("a")
			now := b.later()
			stranger := b.asker("b", now).waits()
			foreign := b.lists.next()
			a := b.asker("a", now).waits()
			own := b.lists.next()
			Expect(own.by).To(Equal("a"))
			own.showsAll(configs(0, 2)...)
			a.wakes(1).sees(names(0, 2)...)
			Expect(stranger.woken.Load()).To(BeZero())
			foreign.fails(failure(live.ClassUnauthorized))
			stranger.wakes(1)
			a.sees(names(0, 2)...)
		})

		It("takes the project from the sight of one that the API refuses", func() {
			admit("a", "b")
			err := failure(live.ClassForbidden)
			a := b.asker("a", b.later()).waits()
			b.lists.next().fails(err)
			a.wakes(1).fails(err)
			Expect(b.ListedAt(here, "a")).To(BeZero())
			b.asker("a", begin).fails(err)
			b.asker("b", begin).sees(name(0))
		})

		It("keeps the newer of two lists, whichever ends first", func() {
			x := b.asker("a", begin).waits()
			early := b.lists.next()
			y := b.asker("b", b.later()).waits()
			late := b.lists.next()
			late.showsAll(configs(0, 2)...)
			y.wakes(1).sees(names(0, 2)...)
			early.showsAll(configs(0, 1)...)
			x.wakes(1).sees(names(0, 2)...)
			Expect(b.ListedAt(here, "a")).To(Equal(begin.Add(time.Second)))
		})

		It("spares a queued list that another's has made needless", func() {
			admit("a", "b")
			b.later()
			x := b.asker("a", b.clock.Now()).waits()
			slow := b.lists.next()
			now := b.later()
			y := b.asker("a", now).waits()
			z := b.asker("b", now)
			z.waits()
			b.lists.next().showsAll(configs(0, 5)...)
			z.wakes(1).sees(names(0, 5)...)
			slow.showsAll(configs(0, 1)...)
			x.wakes(1)
			y.wakes(1).sees(names(0, 5)...)
			b.lists.rests()
		})
	})

	It("prints no credential", func() {
		secret := inventory.Credential{ID: "uid/1", Authorizer: token("do-not-print")}
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
			Expect(fmt.Sprintf(verb, secret)).NotTo(ContainSubstring("do-not-print"))
			Expect(fmt.Sprintf(verb, &secret)).NotTo(ContainSubstring("do-not-print"))
		}
	})

	It("is not made without what it needs", func() {
		Expect(func() { inventory.New(inventory.Options{}) }).To(Panic())
	})
})
