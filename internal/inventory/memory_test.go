package inventory_test

import (
	"context"
	"fmt"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/live-operator/live-operator/internal/inventory"
	"github.com/live-operator/live-operator/internal/live"
)

var _ = Describe("The memory of an inventory", func() {
	var b *bench
	BeforeEach(func() { b = newBench() })
	list := func(by string) {
		GinkgoHelper()
		a := b.asker(by, b.later()).waits()
		b.lists.next().showsAll(configs(0, 3)...)
		a.wakes(1)
	}

	It("is described for metrics", func() {
		Expect(b.Stats()).To(BeEmpty())
		list("a")
		list("b")
		b.Put(here, config("new"))
		a := b.asker("a", b.later()).waits()
		_, _, _ = b.Look(live.Target{Region: "cn-east-3", ProjectID: "z"}, credential("a"), begin, "", "", nil)
		Expect(b.Stats()).To(Equal([]inventory.Stats{
			{Target: live.Target{Region: "cn-east-3", ProjectID: "z"}, Lists: 1},
			{Target: here, Configs: 4, ListedAt: begin.Add(2 * time.Second), Credentials: 2, Lists: 1},
		}))
		Expect(a.woken.Load()).To(BeZero())
	})

	It("lets go of a project that nobody asks for", func() {
		list("a")
		b.clock.Step(inventory.DefaultIdleAfter)
		_, _, _ = b.Look(there, credential("a"), time.Time{}, "", "", nil)
		b.lists.next().showsAll()
		stats := b.Stats()
		Expect(stats).To(HaveLen(1))
		Expect(stats[0].Target).To(Equal(there))
	})

	It("lets go of versions of a Secret that nobody uses, and keeps those in use", func() {
		for n := range 5 {
			list(fmt.Sprint("secret/", n))
		}
		Expect(b.Stats()[0].Credentials).To(Equal(5))
		for range 30 {
			b.clock.Step(time.Hour)
			Expect(b.ListedAt(here, "secret/4")).NotTo(BeZero())
			b.asker("secret/4", time.Time{}).sees(names(0, 3)...)
		}
		Expect(b.Stats()[0].Credentials).To(Equal(1))
		b.asker("secret/3", time.Time{}).waits()
	})

	It("lets go of the lists of domains that nobody asks for", func() {
		r := &remote{configs: configs(0, 5000)}
		b = r.serve()
		for n := range 100 {
			r.configs[n].PublishDomain = "b.example.com"
		}
		b.asker("a", begin).of("b.example.com", name(0)).view()
		Expect(r.pages()).To(Equal(2))
		for range 30 {
			b.clock.Step(time.Hour)
			b.ListedAt(here, "a")
			b.asker("a", begin).of("", "").view()
		}
		before := r.pages()
		a := b.asker("a", begin).of("b.example.com", name(0))
		a.waits().wakes(1)
		a.sees(names(0, 100)...)
		Expect(r.pages()).To(Equal(before+1), "its list was dropped")
	})

	It("forgets a project when told to, and wakes who waits for it", func() {
		list("a")
		a := b.asker("a", b.later()).waits()
		b.lists.next()
		queued := b.asker("a", b.later()).waits()
		b.Forget(here)
		b.Forget(there)
		Expect(b.Stats()).To(BeEmpty())
		a.wakes(1)
		queued.wakes(1)
		a.waits()
		b.lists.next().showsAll(config("x"))
		a.wakes(2).sees("x")
	})

	It("goes by the defaults where nothing is said", func() {
		called := make(chan live.Query, 1)
		i := inventory.New(inventory.Options{Budget: unlimited(), PageSize: 1000, Lister: listerFunc(
			func(_ context.Context, _ live.Target, _ live.Authorizer, q live.Query) (live.Page, live.Meta, error) {
				called <- q
				return live.Page{}, live.Meta{}, nil
			})})
		before := time.Now()
		done := make(chan struct{})
		_, _, pending := i.Look(here, credential("a"), before, "", "", func() { close(done) })
		Expect(pending).To(BeTrue())
		Eventually(called).Should(Receive(Equal(live.Query{Limit: 100})))
		Eventually(done).Should(BeClosed(), "the list has ended")
		v, err, pending := i.Look(here, credential("a"), before, "", "", nil)
		Expect(pending).To(BeFalse())
		Expect(err).NotTo(HaveOccurred())
		Expect(v.Len()).To(BeZero())
		Expect(v.Date).To(BeZero())
		Expect(v.ListedAt.String()).To(ContainSubstring(" m=+"), "the time keeps its monotonic reading")
	})
})

type listerFunc func(context.Context, live.Target, live.Authorizer, live.Query) (live.Page, live.Meta, error)

func (f listerFunc) List(ctx context.Context, t live.Target, a live.Authorizer, q live.Query) (live.Page, live.Meta, error) {
	return f(ctx, t, a, q)
}
