package inventory_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/live-operator/live-operator/internal/inventory"
	"github.com/live-operator/live-operator/internal/live"
)

// store is the remote side under stress. A write takes effect at one time, and
// a page shows one time.
type store struct {
	mu    sync.Mutex
	apps  map[string]string // by ID
	fails func(by string) bool
}

func (s *store) List(_ context.Context, _ live.Target, a live.Authorizer, q live.Query) (live.Page, live.Meta, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fails(string(a.(token))) {
		return live.Page{}, live.Meta{}, failure(live.ClassUnavailable)
	}
	var all []live.Config
	for id, app := range s.apps {
		if q.PublishDomain == "" || q.PublishDomain == "a.example.com" {
			all = append(all, live.Config{ID: id, PublishDomain: "a.example.com", App: app})
		}
	}
	slices.SortFunc(all, func(a, b live.Config) int {
		if a.ID < b.ID {
			return -1
		}
		return 1
	})
	return live.Page{Total: len(all), Configs: all[min(q.Offset, len(all)):min(q.Offset+q.Limit, len(all))]}, live.Meta{}, nil
}

// Each goroutine owns some configurations that nobody else writes. Whatever
// lists are under way, and whoever made them, it must always see its own last
// write to them.
var _ = It("Shows everybody their own last write, however many look, list and write at the same time", func() {
	const writers, each, rounds = 8, 30, 150
	var failing atomic.Int64
	s := &store{apps: map[string]string{}, fails: func(by string) bool { return by == "bad" || failing.Add(1)%7 == 0 }}
	ctx, cancel := context.WithCancel(context.Background())
	DeferCleanup(cancel)
	i := inventory.New(inventory.Options{Lister: s, Budget: unlimited(), Context: ctx})

	var asked, woken atomic.Int64
	// look looks until there is an answer.
	look := func(by string, notBefore time.Time) (*inventory.View, error) {
		for {
			wake := make(chan struct{})
			v, err, pending := i.Look(here, credential(by), notBefore, "a.example.com", "live", func() { woken.Add(1); close(wake) })
			if !pending {
				return v, err
			}
			asked.Add(1)
			Eventually(wake).Should(BeClosed(), "the list has ended")
		}
	}

	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			defer GinkgoRecover()
			random := rand.New(rand.NewPCG(uint64(GinkgoRandomSeed()+int64(w)), 0))
			own := map[string]string{}
			by := fmt.Sprint("credential-", w%3)
			for round := range rounds {
				id := fmt.Sprintf("%02d-%02d", w, random.IntN(each))
				app := fmt.Sprint("app-", round)
				gone := random.IntN(4) == 0
				s.mu.Lock()
				if gone {
					delete(s.apps, id)
				} else {
					s.apps[id] = app
				}
				s.mu.Unlock()
				if gone {
					delete(own, id)
					i.Remove(here, id)
				} else {
					own[id] = app
					i.Put(here, live.Config{ID: id, PublishDomain: "a.example.com", App: app})
				}
				notBefore := time.Time{}
				if random.IntN(5) == 0 {
					notBefore = time.Now()
				}
				v, err := look(by, notBefore)
				if err != nil {
					e, ok := live.AsError(err)
					Expect(ok && e.Class == live.ClassUnavailable).To(BeTrue())
					continue
				}
				for n := range each {
					id := fmt.Sprintf("%02d-%02d", w, n)
					c, found := v.ByID(id)
					app, want := own[id]
					Expect(found).To(Equal(want), "%s in round %d", id, round)
					Expect(c.App).To(Equal(app), "%s in round %d", id, round)
				}
			}
		})
	}
	for range 2 {
		wg.Go(func() {
			defer GinkgoRecover()
			for range rounds {
				v, err := look("bad", time.Now())
				Expect(v).To(BeNil())
				Expect(err).To(HaveOccurred())
				i.Stats()
				Expect(i.ListedAt(here, "bad")).To(BeZero())
			}
		})
	}
	wg.Wait()
	Expect(woken.Load()).To(Equal(asked.Load()), "everybody who waits is woken just once")
	Expect(i.Stats()[0].Lists).To(BeZero())
})
