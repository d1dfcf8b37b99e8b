package credentials_test

import (
	"context"
	"errors"
	"net/http"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	clocktesting "k8s.io/utils/clock/testing"

	"github.com/live-operator/live-operator/internal/credentials"
	"github.com/live-operator/live-operator/internal/live"
)

var _ = Describe("Who may try a credential", func() {
	var (
		clock *clocktesting.FakeClock
		cache *credentials.Cache
		cred  *credentials.Credential
	)
	BeforeEach(func() {
		clock = clocktesting.NewFakeClock(start)
		cache = cacheAt(clock, "")
		cred = read(cache, "uid", "1", tokenData("token"))
	})

	// used is a lease under which a request was made.
	used := func(t live.Target) *credentials.Lease {
		GinkgoHelper()
		lease := begin(cred, t)
		req, err := http.NewRequest(http.MethodGet, "https://live.example.com/v1/p/record/callbacks", nil)
		Expect(err).NotTo(HaveOccurred())
		Expect(lease.Authorize(context.Background(), req)).To(Succeed())
		return lease
	}
	works := func(t live.Target) {
		GinkgoHelper()
		Expect(used(t).Done(nil)).To(BeFalse())
	}
	refused := func(t live.Target) (again bool) {
		GinkgoHelper()
		return used(t).Done(unauthorized())
	}
	waits := func(t live.Target) time.Duration {
		GinkgoHelper()
		lease, wait, err := cred.Begin(t)
		Expect(err).NotTo(HaveOccurred())
		Expect(lease).To(BeNil(), "has to wait for its turn")
		Expect(wait).To(BeNumerically(">", 0))
		return wait
	}
	rests := func(t live.Target) time.Duration {
		GinkgoHelper()
		lease, wait, err := cred.Begin(t)
		Expect(lease).To(BeNil())
		e, ok := live.AsError(err)
		Expect(ok).To(BeTrue(), "a *live.Error that says why, not %v", err)
		Expect(e.Class).To(Equal(live.ClassUnauthorized))
		until, why, resting := cred.Resting(t)
		Expect(resting).To(BeTrue())
		Expect(why).To(BeIdenticalTo(e))
		Expect(until).To(Equal(clock.Now().Add(wait)))
		return wait
	}

	It("is one at a time for a project until it has worked there", func() {
		first := used(projectA)
		Expect(waits(projectA)).To(Equal(200 * time.Millisecond))
		clock.Step(3 * time.Second)
		Expect(waits(projectA)).To(Equal(3*time.Second), "the longer it takes, the longer until the next question")
		clock.Step(time.Minute)
		Expect(waits(projectA)).To(Equal(5 * time.Second))
		first.Done(nil)
		for range 16 {
			begin(cred, projectA)
		}
	})

	It("is the next one when a lease was not used", func() {
		lease := begin(cred, projectA)
		waits(projectA)
		Expect(lease.Done(nil)).To(BeFalse())
		begin(cred, projectA)
		waits(projectA)
	})

	It("is three projects at a time until it has worked in one", func() {
		first := used(projectA)
		used(projectB)
		used(projectC)
		other := live.Target{Region: "cn-north-4", ProjectID: "project-d"}
		waits(other)
		first.Done(nil)
		begin(cred, other)
	})

	It("is another project when three of them hang", func() {
		for _, t := range []live.Target{projectA, projectB, projectC} {
			used(t)
		}
		other := live.Target{Region: "cn-north-4", ProjectID: "project-d"}
		waits(other)
		clock.Step(10 * time.Second)
		begin(cred, other)
		waits(projectA)
	})

	It("is one more after the first failure, then nobody for 5 minutes, then one", func() {
		Expect(refused(projectA)).To(BeTrue(), "the Secret is to be read again")
		_, _, resting := cred.Resting(projectA)
		Expect(resting).To(BeFalse())
		Expect(refused(projectA)).To(BeFalse())
		Expect(rests(projectA)).To(Equal(5 * time.Minute))
		Expect(rests(projectB)).To(Equal(5*time.Minute), "it has worked nowhere, so it rests everywhere")

		clock.Step(4*time.Minute + 59*time.Second)
		Expect(rests(projectA)).To(Equal(time.Second))
		clock.Step(time.Second)
		probe := used(projectB)
		waits(projectA)
		waits(projectB)
		Expect(probe.Done(unauthorized())).To(BeFalse())
		Expect(rests(projectA)).To(Equal(5 * time.Minute))

		clock.Step(5 * time.Minute)
		works(projectA)
		works(projectB)
		_, _, resting = cred.Resting(projectA)
		Expect(resting).To(BeFalse())
	})

	It("is one of all those that failed at the same time", func() {
		works(projectA)
		var leases []*credentials.Lease
		for range 16 {
			leases = append(leases, used(projectA))
		}
		again := 0
		for _, lease := range leases {
			if lease.Done(unauthorized()) {
				again++
			}
		}
		Expect(again).To(Equal(1))
		retry := used(projectA)
		waits(projectA)
		retry.Done(nil)
		begin(cred, projectA)
	})

	It("does not change by what began before the failure", func() {
		works(projectA)
		early, alsoEarly := used(projectA), used(projectA)
		Expect(refused(projectA)).To(BeTrue())
		Expect(early.Done(nil)).To(BeFalse())
		Expect(alsoEarly.Done(unauthorized())).To(BeFalse())
		Expect(refused(projectA)).To(BeFalse())
		rests(projectA)
	})

	It("is everybody else while one project is refused", func() {
		works(projectA)
		Expect(refused(projectB)).To(BeTrue())
		Expect(refused(projectB)).To(BeFalse())
		Expect(rests(projectB)).To(Equal(5 * time.Minute))
		works(projectA)
		clock.Step(9 * time.Second)
		Expect(waits(projectC)).To(Equal(time.Second), "no other new project is tried for 10 s")
		clock.Step(time.Second)
		works(projectC)
	})

	It("is nobody once two projects refuse what worked in them, but for one appeal", func() {
		for _, t := range []live.Target{projectA, projectB, projectC} {
			works(t)
		}
		Expect(refused(projectA)).To(BeTrue())
		Expect(refused(projectA)).To(BeFalse())
		rests(projectA)
		Expect(refused(projectB)).To(BeFalse(), "the Secret was read again already")
		rests(projectB)
		appeal := used(projectC)
		waits(projectC)
		rests(projectA)
		Expect(appeal.Done(nil)).To(BeFalse())
		works(projectC)
		rests(projectA)
		rests(projectB)
	})

	It("is nobody after an appeal that failed", func() {
		for _, t := range []live.Target{projectA, projectB, projectC} {
			works(t)
		}
		refused(projectA)
		refused(projectA)
		refused(projectB)
		Expect(refused(projectC)).To(BeFalse())
		for _, t := range []live.Target{projectA, projectB, projectC} {
			Expect(rests(t)).To(Equal(5 * time.Minute))
		}
	})

	It("is one more when a person asks, once a minute at most", func() {
		refused(projectA)
		Expect(cred.Nudge(projectA)).To(BeFalse(), "it does not rest")
		refused(projectA)
		Expect(cred.Nudge(projectA)).To(BeTrue())
		probe := used(projectA)
		waits(projectA)
		Expect(probe.Done(unauthorized())).To(BeFalse())
		Expect(cred.Nudge(projectA)).To(BeFalse())
		rests(projectA)
		clock.Step(time.Minute)
		Expect(cred.Nudge(projectA)).To(BeTrue())
		works(projectA)
	})

	It("is all of them when the Secret changes", func() {
		refused(projectA)
		refused(projectA)
		rests(projectA)
		cred = read(cache, "uid", "2", tokenData("another"))
		Expect(refused(projectA)).To(BeTrue(), "a new version has its own second try")
	})

	It("is one of them when the Secret was touched and holds what it held", func() {
		refused(projectA)
		refused(projectA)
		cred = read(cache, "uid", "2", tokenData("token\n"))
		Expect(refused(projectA)).To(BeFalse())
		rests(projectA)
		cred = read(cache, "uid", "3", tokenData("token"))
		Expect(rests(projectA)).To(Equal(5*time.Minute), "something that touches it all the time buys no calls")
	})

	DescribeTable("depends on what a call says about the credentials",
		func(err error, proof bool) {
			used(projectA).Done(err)
			begin(cred, projectA)
			lease, _, beginErr := cred.Begin(projectA)
			Expect(beginErr).NotTo(HaveOccurred())
			Expect(lease != nil).To(Equal(proof), "a second one at the same time")
		},
		Entry("a success", nil, true),
		Entry("a missing permission", &live.Error{Operation: live.OperationList, HTTPStatus: 403, Class: live.ClassForbidden}, true),
		Entry("a missing configuration", &live.Error{Operation: live.OperationShow, HTTPStatus: 404, Class: live.ClassNotFound}, true),
		Entry("a rejection by the service", &live.Error{Operation: live.OperationUpdate, HTTPStatus: 400, Code: "LIVE.100011001", Class: live.ClassRejected}, true),
		Entry("a 400 of who knows whom", &live.Error{Operation: live.OperationUpdate, HTTPStatus: 400, Class: live.ClassRejected}, false),
		Entry("a throttled call", &live.Error{Operation: live.OperationUpdate, HTTPStatus: 429, Class: live.ClassThrottled}, false),
		Entry("an API that is down", &live.Error{Operation: live.OperationUpdate, Class: live.ClassUnavailable}, false),
		Entry("an IAM that is down", &live.Error{Operation: live.OperationAuthenticate, Class: live.ClassUnavailable}, false),
		Entry("an end of the context", context.Canceled, false),
		Entry("any other error", errors.New("something"), false),
	)

	It("is waited for by those who can", func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		first := used(projectA)
		got := make(chan *credentials.Lease)
		go func() {
			defer GinkgoRecover()
			lease, err := cred.Wait(ctx, projectA)
			Expect(err).NotTo(HaveOccurred())
			got <- lease
		}()
		Consistently(got, 50*time.Millisecond).ShouldNot(Receive(), "while the first is under way")
		first.Done(nil)
		Eventually(got, 5*time.Second).Should(Receive(Not(BeNil())), "when the first has ended")
	})

	It("is waited for no longer than the context allows", func() {
		used(projectA)
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		_, err := cred.Wait(ctx, projectA)
		Expect(err).To(MatchError(context.Canceled))
		e, ok := live.AsError(err)
		Expect(ok).To(BeTrue())
		Expect(e.Class).To(Equal(live.ClassUnavailable))
	})

	It("is told to those who wait when it begins to rest", func() {
		refused(projectA)
		refused(projectA)
		_, err := cred.Wait(context.Background(), projectA)
		e, ok := live.AsError(err)
		Expect(ok).To(BeTrue())
		Expect(e.Class).To(Equal(live.ClassUnauthorized))
	})

	It("is the next one when a call panics", func() {
		Expect(func() {
			_ = cred.For(projectA).Call(context.Background(), func(live.Authorizer) error { panic("a bug") })
		}).To(Panic())
		begin(cred, projectA)
	})
})
