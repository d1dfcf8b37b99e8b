package faults

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"slices"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/live-operator/live-operator/api/v1alpha1"
	"github.com/live-operator/live-operator/test/builder"
	"github.com/live-operator/live-operator/test/harness"
	"github.com/live-operator/live-operator/test/livesim"
)

// soakMinutes is how long the operator soaks; make soak MINUTES=60 sets it.
var soakMinutes = flag.Float64("soak-minutes", 0.5, "how long the operator soaks, in minutes")

const (
	// soakSize is how many resources there are at first and, about, ever after.
	soakSize = 60
	// soakPace is how often something happens.
	soakPace = 50 * time.Millisecond
)

var _ = Describe("A soak", func() {
	It("of changes, rotations, drift and faults leaves what is wanted, and the process as it was", func(spec SpecContext) {
		ctx, cancel := context.WithTimeout(spec, time.Duration(*soakMinutes*float64(time.Minute))+5*time.Minute)
		defer cancel()
		s := newSoak(ctx)
		s.f.take(ctx, len(s.f.steps))
		s.f.eventuallySettled(ctx)

		// What grows with the first of everything has grown before it is measured.
		s.run(ctx, 5*time.Second)
		s.settle(ctx)
		before := s.usage(ctx)
		s.run(ctx, time.Duration(*soakMinutes*float64(time.Minute)))
		s.settle(ctx)
		AddReportEntry("what happened", s.happened)
		AddReportEntry("used by the process before", before)

		Eventually(func(g Gomega) {
			after := s.usage(ctx)
			g.Expect(after.goroutines).To(BeNumerically("<=", before.goroutines+before.goroutines/10+10), "goroutines")
			g.Expect(after.files).To(BeNumerically("<=", before.files+before.files/10+10), "file descriptors")
			g.Expect(after.resident).To(BeNumerically("<=", before.resident+before.resident/5+(16<<20)), "bytes of resident memory")
		}).WithContext(ctx).WithTimeout(2*time.Minute).Should(Succeed(), "idle connections end, and memory is given back")
		AddReportEntry("used by the process after", s.usage(ctx))
	})
})

// soak is a fleet to which things keep happening.
type soak struct {
	f       *fleet
	sim     *livesim.Simulator
	proxy   *harness.Proxy
	op      *harness.Operator
	metrics string
	random  *rand.Rand
	tokens  map[string]*livesim.Credential // by project
	made    int
	// happened is how often each thing was done.
	happened map[string]int
}

func newSoak(ctx context.Context) *soak {
	GinkgoHelper()
	plain, err := harness.BuildPlain(ctx)
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(plain.Remove)
	s := &soak{random: newRandom(), tokens: map[string]*livesim.Credential{}, happened: map[string]int{}}
	s.sim = livesim.New(livesim.Options{CallLog: 10_000, Behavior: livesim.Behavior{AllowDuplicates: true}})
	s.sim.Start()
	DeferCleanup(s.sim.Close)
	s.proxy, err = harness.NewProxy(cluster)
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(func() { Expect(s.proxy.Close()).To(Succeed()) })
	s.f = newFleet(ctx, s.sim, soakSize, s.random)
	s.made = soakSize
	free, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	Expect(err).NotTo(HaveOccurred())
	s.metrics = free.Addr().String()
	Expect(free.Close()).To(Succeed())
	s.op, err = plain.Start(ctx, s.proxy.Kubeconfig, "--live-endpoint="+s.sim.URL(), "--api-timeout=1s", "--resync-interval=1m",
		"--api-qps=50", "--api-burst=50", "--metrics-bind-address="+s.metrics, "--metrics-secure=false", "--zap-log-level=error")
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(func() { Expect(s.op.Stop()).To(Succeed()) })
	return s
}

// run makes something happen again and again, for that long, and checks what
// must hold at any time.
func (s *soak) run(ctx context.Context, d time.Duration) {
	GinkgoHelper()
	things := []struct {
		name string
		do   func(context.Context)
	}{
		{"create", s.create}, {"change", s.change}, {"change", s.change}, {"change", s.change}, {"delete", s.remove},
		{"rotate a Secret", func(ctx context.Context) { s.rotate(ctx, s.anyProject()) }}, {"drift", s.drift}, {"remove remotely", s.removeRemotely}, {"fault", s.fault},
		{"force", func(ctx context.Context) { s.force(ctx, s.anyName()) }}, {"cut the API server's connections", func(context.Context) { s.proxy.CutConnections() }},
	}
	tick := time.NewTicker(soakPace)
	defer tick.Stop()
	for end := time.Now().Add(d); time.Now().Before(end); {
		select {
		case <-s.op.Done():
			Fail("the operator ended\n" + s.op.Log())
		case <-tick.C:
		}
		thing := things[s.random.IntN(len(things))]
		thing.do(ctx)
		s.happened[thing.name]++
		s.check()
	}
}

// check is what must hold at any time.
func (s *soak) check() {
	GinkgoHelper()
	for _, project := range s.f.projects {
		domains := map[string]bool{}
		trapped := false
		for _, remote := range s.sim.Configs(project) {
			if remote.ID == s.f.traps[project].ID {
				trapped = true
				Expect(remote).To(Equal(s.f.traps[project]), "what somebody else made is touched")
			}
			Expect(domains).NotTo(HaveKey(remote.PublishDomain), "made twice")
			domains[remote.PublishDomain] = true
		}
		Expect(trapped).To(BeTrue(), "what somebody else made is gone")
	}
}

// settle ends the faults, and waits until everything is as it should.
func (s *soak) settle(ctx context.Context) {
	GinkgoHelper()
	s.sim.ClearFaults()
	for _, project := range s.f.projects {
		s.rotate(ctx, project) // Else one that was refused rests.
	}
	items := s.f.list(ctx)
	for i := range items {
		s.force(ctx, items[i].Name) // Else what was refused waits for a change.
	}
	Eventually(func(g Gomega) {
		g.Expect(s.f.unsettled(ctx)).To(BeEmpty())
		g.Expect(s.urls()).To(Equal(s.f.wanted))
	}).WithContext(ctx).WithTimeout(2*time.Minute).WithPolling(time.Second).Should(Succeed(), "waiting for the remote state to equal the specs")
	s.check()
}

// urls are those of the configurations that there are, besides traps.
func (s *soak) urls() map[string]string {
	found := map[string]string{}
	for _, project := range s.f.projects {
		for _, remote := range s.sim.Configs(project) {
			if remote.ID != s.f.traps[project].ID {
				found[nameOf(remote)] = remote.NotifyCallbackURL
			}
		}
	}
	return found
}

// names are of the resources that are wanted, in an order that the seed repeats.
func (s *soak) names() []string {
	var names []string
	for name := range s.f.wanted {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func (s *soak) anyName() string {
	names := s.names()
	return names[s.random.IntN(len(names))]
}

func (s *soak) anyProject() string { return s.f.projects[s.random.IntN(len(s.f.projects))] }

func (s *soak) create(ctx context.Context) {
	if len(s.f.wanted) >= soakSize {
		s.remove(ctx)
		return
	}
	name := fmt.Sprintf("member-%03d", s.made)
	s.made++
	s.f.create(name, s.anyProject())(ctx)
}

func (s *soak) remove(ctx context.Context) {
	if len(s.f.wanted) > soakSize/2 {
		s.f.remove(s.anyName())(ctx)
	}
}

func (s *soak) change(ctx context.Context) {
	name := s.anyName()
	s.f.change(name, fmt.Sprintf("https://callback.example.com/%d", s.random.IntN(1000)))(ctx)
}

// rotate replaces a token, and ends the old one when the new one is in place.
func (s *soak) rotate(ctx context.Context, project string) {
	token := "canary-" + newID()
	added := s.sim.AddToken(token, project)
	secret := builder.Secret(project).InNamespace(s.f.namespace).WithToken(token).Build()
	Expect(cluster.Client.Update(ctx, secret)).To(Succeed())
	if old := s.tokens[project]; old != nil {
		old.Revoke()
	}
	s.tokens[project] = added
}

func (s *soak) anyRemote() (project string, remote livesim.Config, found bool) {
	project = s.anyProject()
	configs := s.sim.Configs(project)
	remote = configs[s.random.IntN(len(configs))]
	return project, remote, remote.ID != s.f.traps[project].ID
}

func (s *soak) drift(context.Context) {
	if project, remote, found := s.anyRemote(); found {
		s.sim.Change(project, remote.ID, func(c *livesim.Config) { c.NotifyCallbackURL = strangeURL })
	}
}

func (s *soak) removeRemotely(context.Context) {
	if project, remote, found := s.anyRemote(); found {
		s.sim.Remove(project, remote.ID)
	}
}

// fault makes some calls of one project go wrong.
func (s *soak) fault(context.Context) {
	scripts := slices.DeleteFunc(slices.Clone(catalog), func(f fault) bool {
		// A lie about what exists, or a refusal for good, is not what passes by itself.
		return f.breaks != nil || f.class == notFound
	})
	f := scripts[s.random.IntN(len(scripts))].script
	f.Project, f.Times = s.anyProject(), 1+s.random.IntN(3)
	if f.Huge > 0 {
		f.Huge = 4 << 20
	}
	s.sim.Fail(f)
}

func (s *soak) force(ctx context.Context, name string) {
	Expect(client.IgnoreNotFound(cluster.Client.Patch(ctx, s.f.named(name), client.RawPatch("application/merge-patch+json",
		fmt.Appendf(nil, `{"metadata":{"annotations":{%q:%q}}}`, v1alpha1.AnnotationReconcileRequestedAt, newID()))))).To(Succeed())
}

func (s *soak) usage(ctx context.Context) usage {
	GinkgoHelper()
	u, err := usageOf(ctx, http.DefaultClient, s.op.PID(), "http://"+s.metrics+"/metrics")
	Expect(err).NotTo(HaveOccurred())
	return u
}
