package lifecycle

import (
	"fmt"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/live-operator/live-operator/test/builder"
	"github.com/live-operator/live-operator/test/livesim"
)

// The workers of these operators, and how many of them one project that hangs
// may hold, and all such together.
const (
	fairWorkers = 16
	hungShare   = 2
	hungTotal   = 8
)

// open are the tenant's calls that were not answered yet, of those operations or
// of all.
func (t *tenant) open(operations ...livesim.Operation) int {
	n := 0
	for _, call := range t.calls(operations...) {
		if !call.Done {
			n++
		}
	}
	return n
}

var _ = Describe("A project whose API hangs", Serial, func() {
	// Its calls hang for as long as the spec wants: the operator does not give
	// them up, and has no limit of calls that would hold any back.
	hangs := func(ctx SpecContext, flags ...string) *livesim.Simulator {
		GinkgoHelper()
		s := replaceAPI(ctx, livesim.Behavior{}, append(flags, "--api-timeout=10m", "--api-qps=0",
			fmt.Sprint("--max-concurrent-reconciles=", fairWorkers))...)
		// An operator that is told to stop sees its calls through.
		DeferCleanup(func() { s.ClearFaults() })
		return s
	}
	applyMany := func(ctx SpecContext, t *tenant, n int) {
		GinkgoHelper()
		for i := range n {
			t.apply(ctx, t.config(fmt.Sprint("many-", i)).WithApp(fmt.Sprint("app-", i)))
		}
	}
	eventuallyAllReady := func(ctx SpecContext, t *tenant, n int) {
		GinkgoHelper()
		for i := range n {
			t.eventuallyReady(ctx, fmt.Sprint("many-", i))
		}
	}

	It("holds its share of the workers, and the others become Ready meanwhile", func(ctx SpecContext) {
		s := hangs(ctx)
		hung, other := newTenantOf(ctx, s, proxy), newTenantOf(ctx, s, proxy)
		s.Fail(livesim.Fault{Operation: livesim.Create, Project: hung.project, Hang: true})
		// A list that it answered is worth one more.
		const answers = 2
		applyMany(ctx, hung, 40)
		Eventually(func() int { return hung.open(livesim.Create) }).WithContext(ctx).Should(BeNumerically(">", 0), "calls hang")

		applyMany(ctx, other, 40)
		eventuallyAllReady(ctx, other, 40)
		Expect(hung.open(livesim.Create)).To(And(BeNumerically(">", 0), BeNumerically("<=", hungShare+answers)), "they still hang")
		Expect(hung.calls(livesim.Create)).To(HaveLen(hung.open(livesim.Create)), "so there never were more at a time")

		By("going on with all that wait when it answers again")
		s.ClearFaults()
		eventuallyAllReady(ctx, hung, 40)
		Expect(hung.calls(livesim.Create)).To(HaveLen(40))
	}, SpecTimeout(3*time.Minute))

	It("shares half of the workers with all others that hang", func(ctx SpecContext) {
		s := hangs(ctx)
		s.Fail(livesim.Fault{Operation: livesim.Update, Hang: true})
		const projects = fairWorkers
		calls := func() int { return s.Counts()[livesim.Update] }
		for range projects {
			t := newTenantOf(ctx, s, proxy)
			// What is taken over by its ID is written at once: nothing shows before
			// how the API answers.
			id := s.Seed(t.project, livesim.Config{PublishDomain: "publish.example.com", App: "live"})
			t.apply(ctx, t.config("hung").WithID(id))
		}
		Eventually(calls).WithContext(ctx).Should(Equal(hungTotal), "calls hang")

		other := newTenantOf(ctx, s, proxy)
		applyMany(ctx, other, 20)
		eventuallyAllReady(ctx, other, 20)
		Expect(calls()).To(Equal(hungTotal), "they still hang, and there never were more at a time")

		By("giving all of them their turn when they answer again")
		s.ClearFaults()
		Eventually(calls).WithContext(ctx).Should(Equal(projects), "each is woken")
	}, SpecTimeout(3*time.Minute))

	It("does not hold the workers where it is IAM that hangs", func(ctx SpecContext) {
		s := hangs(ctx)
		hung, other := newTenantOf(ctx, s, proxy), newTenantOf(ctx, s, proxy)
		s.AddUser("domain", "user", "password", hung.project)
		hung.create(ctx, builder.Secret("user").InNamespace(hung.namespace).WithPassword("domain", "user", "password").Build())
		s.Fail(livesim.Fault{Operation: livesim.Authenticate, Hang: true})
		for i := range 2 * fairWorkers {
			id := s.Seed(hung.project, livesim.Config{PublishDomain: "publish.example.com", App: fmt.Sprint("app-", i)})
			hung.apply(ctx, hung.config(fmt.Sprint("many-", i)).WithApp(fmt.Sprint("app-", i)).WithID(id).WithCredentials("user"))
		}
		authenticating := func() int {
			n := 0
			for _, call := range s.Calls(livesim.Authenticate) {
				if !call.Done {
					n++
				}
			}
			return n
		}
		Eventually(authenticating).WithContext(ctx).Should(Equal(1), "one asks IAM for all")
		applyMany(ctx, other, 20)
		eventuallyAllReady(ctx, other, 20)
		Expect(authenticating()).To(Equal(1), "it still hangs")
	}, SpecTimeout(3*time.Minute))
})
