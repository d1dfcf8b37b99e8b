package inventory_test

import (
	"context"
	"slices"
	"sync"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/live-operator/live-operator/internal/inventory"
	"github.com/live-operator/live-operator/internal/live"
	"github.com/live-operator/live-operator/internal/ratelimit"
)

// watched is a Budget that remembers who asked for a turn, and who left.
type watched struct {
	inventory.Budget
	mu       sync.Mutex
	projects []string
	owners   []string
	left     []string
	kind     ratelimit.Priority
}

func (w *watched) Take(project, owner string, p ratelimit.Priority) time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.projects, w.owners, w.kind = append(w.projects, project), append(w.owners, owner), p
	return w.Budget.Take(project, owner, p)
}

func (w *watched) Forget(owner string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.left = append(w.left, owner)
	w.Budget.Forget(owner)
}

func (w *watched) gone() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.left)
}

var _ = Describe("A list and the budget of its project", func() {
	var (
		b      *bench
		budget *watched
		cancel context.CancelFunc
	)
	const project = "cn-north-4/project-1"
	throttled := func(after time.Duration) *live.Error {
		e := failure(live.ClassThrottled)
		e.HTTPStatus, e.RetryAfter = 429, after
		return e
	}
	// passes moves the clock on for a list that waits.
	passes := func(d time.Duration) {
		GinkgoHelper()
		Eventually(b.clock.HasWaiters).Should(BeTrue(), "the list waits for its turn")
		b.clock.Step(d)
	}
	BeforeEach(func() {
		b = newBench(func(o *inventory.Options) {
			var ctx context.Context
			ctx, cancel = context.WithCancel(context.Background())
			DeferCleanup(cancel)
			budget = &watched{}
			o.Budget, o.Context = budget, ctx
		})
		budget.Budget = ratelimit.New(ratelimit.Options{QPS: 1, Burst: 1, Clock: b.clock})
	})

	It("waits for its turn before each page, and holds nobody up", func() {
		a := b.asker("a", begin).waits()
		b.lists.next().shows(150, configs(0, 100)...)
		b.lists.rests()
		b.asker("a", begin).waits()
		passes(time.Second + time.Millisecond)
		b.lists.next().shows(150, configs(100, 150)...)
		a.wakes(1).sees(names(0, 150)...)
		Expect(budget.projects).To(HaveEach(project))
		Expect(inventory.Project(here)).To(Equal(project))
		Expect(budget.owners).To(HaveEach(budget.owners[0]), "one list has one place in line")
		Expect(budget.kind).To(Equal(ratelimit.Listing))
	})

	It("serves those who ask while it still waits for the turn of its first page", func() {
		budget.Pause(project, 3*time.Second)
		first := b.asker("a", begin).waits()
		second := b.asker("a", b.later()).waits()
		b.Put(here, config("new"))
		passes(2 * time.Second)
		b.lists.next().showsAll(configs(0, 1)...)
		Expect(first.wakes(1).sees(name(0)).ListedAt).To(Equal(begin.Add(3 * time.Second)))
		second.wakes(1).sees(name(0))
		b.lists.rests()
	})

	It("pauses the project for a throttled page, and goes on with that page", func() {
		a := b.asker("a", begin).waits()
		b.lists.next().shows(150, configs(0, 100)...)
		passes(time.Second + time.Millisecond)
		c := b.lists.next()
		c.fails(throttled(7 * time.Second))
		Eventually(b.clock.HasWaiters).Should(BeTrue(), "the list waits for the end of the pause")
		Expect(budget.Budget.(*ratelimit.Budget).Paused(project)).To(Equal(7 * time.Second))
		passes(7 * time.Second)
		d := b.lists.next()
		Expect(d.query).To(Equal(c.query))
		d.shows(150, configs(100, 150)...)
		Expect(a.wakes(1).sees(names(0, 150)...).ListedAt).To(Equal(begin))
	})

	It("begins when its first page is sent again that was throttled", func() {
		a := b.asker("a", begin).waits()
		b.lists.next().fails(throttled(0))
		passes(2 * time.Second)
		c := b.lists.next()
		b.asker("a", b.clock.Now()).waits()
		c.showsAll(configs(0, 1)...)
		Expect(a.wakes(1).sees(name(0)).ListedAt).To(Equal(begin.Add(2 * time.Second)))
		b.lists.rests()
	})

	It("lets the pauses start small again after a success", func() {
		a := b.asker("a", begin).waits()
		b.lists.next().fails(throttled(0))
		passes(2 * time.Second)
		b.lists.next().showsAll()
		a.wakes(1)
		Expect(budget.Pause(project, 0)).To(Equal(2 * time.Second))
	})

	It("gives up after a few pauses", func() {
		a := b.asker("a", begin).waits()
		var last *live.Error
		for n := range 3 {
			last = throttled(time.Second)
			b.lists.next().fails(last)
			if n < 2 {
				passes(time.Second + time.Millisecond)
			}
		}
		a.wakes(1).fails(last)
	})

	It("gives up at once where the pause is longer than a list may take", func() {
		a := b.asker("a", begin).waits()
		err := throttled(time.Hour)
		b.lists.next().fails(err)
		a.wakes(1).fails(err)

		By("and does not even begin while it lasts")
		a = b.asker("a", b.later()).waits()
		a.wakes(1)
		_, got, _ := a.look()
		e, ok := live.AsError(got)
		Expect(ok).To(BeTrue())
		Expect(e.Class).To(Equal(live.ClassThrottled))
		Expect(e.RetryAfter).To(BeNumerically("~", time.Hour, 2*time.Second))
		Expect(budget.gone()).To(HaveLen(1), "it leaves its place in line")
		b.lists.rests()
	})

	It("ends when the process does, wherever it is", func() {
		waiting := b.asker("a", begin).waits()
		b.lists.next().fails(throttled(10 * time.Second))
		Eventually(b.clock.HasWaiters).Should(BeTrue(), "the list waits for the end of the pause")
		sent, _, pending := b.Look(there, credential("a"), begin, "", "", nil)
		Expect(pending).To(BeTrue())
		Expect(sent).To(BeNil())
		b.lists.next()
		cancel()
		waiting.wakes(1)
		_, err, _ := waiting.look()
		Expect(err).To(MatchError(context.Canceled))
		Eventually(func() error {
			_, err, _ := b.Look(there, credential("a"), begin, "", "", nil)
			return err
		}).Should(MatchError(context.Canceled), "the call was ended")
	})

	It("ends in time though an answer never comes", func() {
		b = newBench(func(o *inventory.Options) { o.ListTimeout = 50 * time.Millisecond })
		a := b.asker("a", begin).waits()
		b.lists.next()
		a.wakes(1)
		_, err, _ := a.look()
		Expect(err).To(MatchError(context.DeadlineExceeded))
	})
})
