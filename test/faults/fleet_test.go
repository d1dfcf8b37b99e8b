package faults

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/live-operator/live-operator/api/v1alpha1"
	"github.com/live-operator/live-operator/test/builder"
	"github.com/live-operator/live-operator/test/livesim"
)

// fleet is many resources in a few projects, whose owner keeps changing them.
type fleet struct {
	sim       *livesim.Simulator
	namespace string
	projects  []string
	traps     map[string]livesim.Config // by project
	random    *rand.Rand

	// wanted is the URL that each resource is to have in the end, by name; those
	// that were deleted are not in it.
	wanted map[string]string
	steps  []func(context.Context)
}

// projectsOfFleet is small, so that lists serve many, and more than one.
const projectsOfFleet = 4

// newFleet makes a fleet of that many resources, none of which exists yet, and
// the steps by which its owner creates, changes and deletes them, in random
// order: half of them are changed, and a third is deleted.
func newFleet(ctx context.Context, s *livesim.Simulator, size int, random *rand.Rand) *fleet {
	GinkgoHelper()
	f := &fleet{sim: s, random: random, wanted: map[string]string{}, traps: map[string]livesim.Config{}}
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "fleet-"}}
	Expect(cluster.Client.Create(ctx, namespace)).To(Succeed())
	f.namespace = namespace.Name
	DeferCleanup(abandon, f.namespace)
	for range projectsOfFleet {
		project, token := newID(), "canary-"+newID()
		s.AddToken(token, project)
		Expect(cluster.Client.Create(ctx, builder.Secret(project).InNamespace(f.namespace).WithToken(token).Build())).To(Succeed())
		id := s.Seed(project, livesim.Config{PublishDomain: "trap.example.com", App: "live", NotifyCallbackURL: strangeURL})
		f.traps[project], _ = s.Config(project, id)
		f.projects = append(f.projects, project)
	}
	lives := make([][]func(context.Context), size)
	for i := range lives {
		name, project := fmt.Sprintf("member-%03d", i), f.projects[i%len(f.projects)]
		lives[i] = append(lives[i], f.create(name, project))
		if i%2 == 0 {
			lives[i] = append(lives[i], f.change(name, secondURL))
		}
		if i%3 == 0 {
			lives[i] = append(lives[i], f.remove(name))
		}
	}
	for len(lives) > 0 {
		i := random.IntN(len(lives))
		f.steps = append(f.steps, lives[i][0])
		if lives[i] = lives[i][1:]; len(lives[i]) == 0 {
			lives = slices.Delete(lives, i, i+1)
		}
	}
	return f
}

func (f *fleet) create(name, project string) func(context.Context) {
	return func(ctx context.Context) {
		f.wanted[name] = firstURL
		Expect(cluster.Client.Create(ctx, builder.Config(name).InNamespace(f.namespace).InProject(project).WithCredentials(project).
			WithDomain(name+".example.com").WithApp("live").WithURL(firstURL).Build())).To(Succeed())
	}
}

func (f *fleet) change(name, url string) func(context.Context) {
	return func(ctx context.Context) {
		f.wanted[name] = url
		Expect(cluster.Client.Patch(ctx, f.named(name), client.RawPatch("application/merge-patch+json",
			fmt.Appendf(nil, `{"spec":{"notifyCallbackURL":%q}}`, url)))).To(Succeed())
	}
}

func (f *fleet) remove(name string) func(context.Context) {
	return func(ctx context.Context) {
		delete(f.wanted, name)
		Expect(cluster.Client.Delete(ctx, f.named(name))).To(Succeed())
	}
}

func (f *fleet) named(name string) *v1alpha1.RecordCallbackConfig {
	return &v1alpha1.RecordCallbackConfig{ObjectMeta: metav1.ObjectMeta{Namespace: f.namespace, Name: name}}
}

// nameOf is the name of the resource that a configuration is for.
func nameOf(remote livesim.Config) string {
	name, _, _ := strings.Cut(remote.PublishDomain, ".")
	return name
}

// take makes the next steps, that many.
func (f *fleet) take(ctx context.Context, n int) {
	GinkgoHelper()
	n = min(n, len(f.steps))
	for _, step := range f.steps[:n] {
		step(ctx)
	}
	f.steps = f.steps[n:]
}

// eventuallySettled waits until each resource that is wanted is Ready as it now
// stands, and no other is there.
func (f *fleet) eventuallySettled(ctx context.Context) {
	GinkgoHelper()
	Eventually(func() string { return f.unsettled(ctx) }).WithContext(ctx).WithTimeout(2*time.Minute).WithPolling(200*time.Millisecond).
		Should(BeEmpty(), "waiting for the fleet to be as its owner wants it")
}

func (f *fleet) list(ctx context.Context) []v1alpha1.RecordCallbackConfig {
	GinkgoHelper()
	var list v1alpha1.RecordCallbackConfigList
	Expect(cluster.Client.List(ctx, &list, client.InNamespace(f.namespace))).To(Succeed())
	return list.Items
}

// unsettled names some resources that are not as they should be.
func (f *fleet) unsettled(ctx context.Context) string {
	items := f.list(ctx)
	var waiting []string
	for i := range items {
		o := &items[i]
		if _, wanted := f.wanted[o.Name]; !wanted || !synced(o) {
			waiting = append(waiting, fmt.Sprintf("%s: %+v", o.Name, o.Status.Conditions))
		}
	}
	if len(items) < len(f.wanted) {
		waiting = append(waiting, "some are missing")
	}
	return strings.Join(waiting[:min(len(waiting), 3)], "\n")
}

// check compares the projects with what the owner wants: exactly the desired
// set exists, each POST that succeeded is owned or was deleted, none was made
// twice, and nothing foreign was touched.
func (f *fleet) check(ctx context.Context) {
	GinkgoHelper()
	owned := map[string]string{}
	items := f.list(ctx)
	for i := range items {
		owned[items[i].Status.ID] = items[i].Name
	}
	found := map[string]string{}
	for _, project := range f.projects {
		for _, remote := range f.sim.Configs(project) {
			if remote.ID == f.traps[project].ID {
				Expect(remote).To(Equal(f.traps[project]), "what somebody else made is touched")
				continue
			}
			name := nameOf(remote)
			Expect(found).NotTo(HaveKey(name), "made twice")
			Expect(owned).To(HaveKeyWithValue(remote.ID, name), "not owned by its resource")
			found[name] = remote.NotifyCallbackURL
		}
	}
	Expect(found).To(Equal(f.wanted), "configurations, and their URLs")

	created, deleted := map[string]string{}, map[string]bool{}
	for _, call := range f.writes() {
		switch {
		case !call.Acted:
		case call.Operation == livesim.Delete:
			deleted[call.ID] = true
		case call.Operation == livesim.Create:
			Expect(created).NotTo(HaveKey(call.PublishDomain), "a second POST succeeded")
			created[call.PublishDomain] = call.ID
		}
	}
	for domain, id := range created {
		_, kept := owned[id]
		Expect(kept || deleted[id]).To(BeTrue(), "what was created for %s is nobody's", domain)
	}
}

// writes are the calls that change something, in the order of arrival.
func (f *fleet) writes() []livesim.Call {
	return slices.DeleteFunc(f.sim.Calls(livesim.Create, livesim.Update, livesim.Delete), func(c livesim.Call) bool {
		return !slices.Contains(f.projects, c.Project)
	})
}
