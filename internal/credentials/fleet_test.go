package credentials_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	clocktesting "k8s.io/utils/clock/testing"

	"github.com/live-operator/live-operator/internal/credentials"
	"github.com/live-operator/live-operator/internal/live"
)

// fleet is many resources that share a Secret, handled by 16 workers in fake
// time: a pass takes no time, and who is told to come back does so when told.
type fleet struct {
	clock  *clocktesting.FakeClock
	client *live.Client
	cred   *credentials.Credential
	due    map[int]time.Time
	target map[int]live.Target
	ready  map[int]bool
}

func newFleet(clock *clocktesting.FakeClock, client *live.Client, cred *credentials.Credential, targets ...live.Target) *fleet {
	f := &fleet{clock: clock, client: client, cred: cred, due: map[int]time.Time{}, target: map[int]live.Target{}, ready: map[int]bool{}}
	for i, t := range targets {
		f.due[i], f.target[i] = clock.Now(), t
	}
	return f
}

// runFor lets so much time pass.
func (f *fleet) runFor(d time.Duration) {
	GinkgoHelper()
	const workers = 16
	end := f.clock.Now().Add(d)
	for {
		next := end
		for _, at := range f.due {
			if at.Before(next) {
				next = at
			}
		}
		if !next.Before(end) {
			f.clock.SetTime(end)
			return
		}
		if next.After(f.clock.Now()) {
			f.clock.SetTime(next)
		}
		var batch []int
		for i, at := range f.due {
			if !at.After(f.clock.Now()) && len(batch) < workers {
				batch = append(batch, i)
			}
		}
		var mu sync.Mutex
		var passes sync.WaitGroup
		for _, i := range batch {
			passes.Go(func() {
				defer GinkgoRecover()
				wait, ready, told := f.pass(f.target[i])
				mu.Lock()
				defer mu.Unlock()
				f.due[i] = f.clock.Now().Add(wait)
				if told {
					f.ready[i] = ready
				}
			})
		}
		passes.Wait()
	}
}

// pass is what a reconciler does; told is false where it learns nothing.
func (f *fleet) pass(t live.Target) (wait time.Duration, ready, told bool) {
	lease, wait, err := f.cred.Begin(t)
	if lease == nil {
		Expect(wait).To(BeNumerically(">", 0))
		return wait, false, err != nil
	}
	_, _, err = f.client.List(context.Background(), t, lease, live.Query{})
	lease.Done(err)
	if err != nil {
		return 0, false, true
	}
	return 10 * time.Minute, true, true
}

func (f *fleet) readyCount() (n int) {
	for _, ok := range f.ready {
		if ok {
			n++
		}
	}
	return n
}

// projects spreads n resources over so many projects.
func projects(n, over int) []live.Target {
	targets := make([]live.Target, n)
	for i := range targets {
		targets[i] = live.Target{Region: "cn-north-4", ProjectID: fmt.Sprintf("project-%d", i%over)}
	}
	return targets
}

// refusals are the times of calls that were not accepted, since then.
func refusals(calls []apiCall, since time.Time) (times []time.Time) {
	for _, c := range calls {
		if !c.accepted && !c.at.Before(since) {
			times = append(times, c.at)
		}
	}
	return times
}

// mostIn is the most of the times that lie in any window of that length.
func mostIn(times []time.Time, window time.Duration) (most int) {
	for _, from := range times {
		n := 0
		for _, at := range times {
			if !at.Before(from) && at.Before(from.Add(window)) {
				n++
			}
		}
		most = max(most, n)
	}
	return most
}

var _ = Describe("Many resources that share a Secret", func() {
	var (
		clock *clocktesting.FakeClock
		api   *liveAPI
	)
	BeforeEach(func() {
		clock = clocktesting.NewFakeClock(start)
		api = newLiveAPI(clock)
	})

	DescribeTable("cost few calls while the Secret is wrong, and one every 5 minutes after",
		func(d map[string][]byte, targets []live.Target) {
			api.accepts(nobody)
			server := newIAM(clock, "the right one")
			f := newFleet(clock, api.client(), read(cacheAt(clock, server.URL), "uid", "1", d), targets...)

			f.runFor(time.Minute)
			Expect(len(refusals(api.seen(), start))+len(server.seen())).To(And(BeNumerically(">", 0), BeNumerically("<=", 5)),
				"calls in the first minute, all together")

			f.runFor(29 * time.Minute)
			times := refusals(api.seen(), start.Add(time.Minute))
			for _, c := range server.seen() {
				if !c.at.Before(start.Add(time.Minute)) {
					times = append(times, c.at)
				}
			}
			Expect(times).To(HaveLen(5), "one at each of the minutes 5, 10, 15, 20 and 25")
			Expect(mostIn(times, 5*time.Minute)).To(Equal(1))
			Expect(f.readyCount()).To(BeZero())
		},
		Entry("a token, 1,000 resources of a project", tokenData("wrong"), projects(1000, 1)),
		Entry("a token, 1,000 resources of 10 projects", tokenData("wrong"), projects(1000, 10)),
		Entry("a token, 1,000 projects", tokenData("wrong"), projects(1000, 1000)),
		Entry("an access key, 1,000 resources of a project", keyData(), projects(1000, 1)),
		Entry("an access key, 1,000 projects", keyData(), projects(1000, 1000)),
		Entry("a password that IAM refuses, 1,000 resources of a project", userData("wrong"), projects(1000, 1)),
		Entry("a password that IAM refuses, 1,000 projects", userData("wrong"), projects(1000, 1000)),
	)

	It("cost few calls while IAM's tokens are refused by the API", func() {
		api.accepts(nobody)
		server := newIAM(clock, "right")
		f := newFleet(clock, api.client(), read(cacheAt(clock, server.URL), "uid", "1", userData("right")), projects(1000, 1)...)
		f.runFor(time.Minute)
		Expect(api.seen()).To(HaveLen(2), "the token, and one that replaced it")
		Expect(server.seen()).To(HaveLen(2))
		f.runFor(29 * time.Minute)
		Expect(mostIn(refusals(api.seen(), start.Add(time.Minute)), 5*time.Minute)).To(Equal(1))
	})

	It("are all ready soon after the Secret is right", func() {
		api.accepts(withToken("right"))
		cache := cacheAt(clock, "")
		f := newFleet(clock, api.client(), read(cache, "uid", "1", tokenData("wrong")), projects(1000, 3)...)
		f.runFor(time.Minute)
		Expect(f.readyCount()).To(BeZero())

		f.cred = read(cache, "uid", "2", tokenData("right"))
		for i := range f.due {
			f.due[i] = clock.Now() // The watch on Secrets wakes them.
		}
		f.runFor(10 * time.Second)
		Expect(f.readyCount()).To(Equal(1000))
	})

	It("are all ready soon when the Secret is right from the start", func() {
		f := newFleet(clock, api.client(), read(cacheAt(clock, ""), "uid", "1", tokenData("right")), projects(1000, 200)...)
		f.runFor(20 * time.Second)
		Expect(f.readyCount()).To(Equal(1000))
	})

	It("cost few calls more when a token ends that worked in 200 projects", func() {
		api.accepts(withToken("right"))
		f := newFleet(clock, api.client(), read(cacheAt(clock, ""), "uid", "1", tokenData("right")), projects(1000, 200)...)
		f.runFor(time.Hour)
		Expect(f.readyCount()).To(Equal(1000))

		ended := clock.Now()
		api.accepts(nobody)
		f.runFor(30 * time.Minute)
		times := refusals(api.seen(), ended)
		Expect(times[0].Sub(ended)).To(BeNumerically("<=", 10*time.Minute))
		Expect(mostIn(times, time.Minute)).To(BeNumerically("<=", 16+2), "those in flight, once more, and one appeal")
		Expect(mostIn(refusals(api.seen(), times[0].Add(time.Minute)), 5*time.Minute)).To(Equal(1))
	})

	It("do not rest because some name a project that the token is not for", func() {
		api.accepts(func(r *http.Request) bool { return !strings.HasPrefix(r.URL.Path, "/v1/wrong") })
		targets := projects(100, 10)
		for i := range 20 {
			targets = append(targets, live.Target{Region: "cn-north-4", ProjectID: fmt.Sprintf("wrong-%d", i)})
		}
		f := newFleet(clock, api.client(), read(cacheAt(clock, ""), "uid", "1", tokenData("right")), targets...)
		f.runFor(5 * time.Minute)
		Expect(f.readyCount()).To(Equal(100))
		f.runFor(25 * time.Minute)
		Expect(f.readyCount()).To(Equal(100))
		Expect(mostIn(refusals(api.seen(), start.Add(5*time.Minute)), time.Minute)).To(BeNumerically("<=", 6))
	})

	It("keep working after two projects no longer accept the token", func() {
		f := newFleet(clock, api.client(), read(cacheAt(clock, ""), "uid", "1", tokenData("right")), projects(100, 10)...)
		f.runFor(30 * time.Minute)
		Expect(f.readyCount()).To(Equal(100))
		api.accepts(func(r *http.Request) bool {
			return !strings.HasPrefix(r.URL.Path, "/v1/project-0/") && !strings.HasPrefix(r.URL.Path, "/v1/project-1/")
		})
		f.runFor(30 * time.Minute)
		Expect(f.readyCount()).To(Equal(80))
		f.runFor(time.Hour)
		Expect(f.readyCount()).To(Equal(80))
	})
})
