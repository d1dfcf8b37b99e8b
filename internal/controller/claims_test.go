package controller

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"

	"github.com/live-operator/live-operator/api/v1alpha1"
	"github.com/live-operator/live-operator/internal/live"
)

var _ = Describe("Locks", func() {
	It("are taken all or none", func() {
		var cs claims
		unlock, ok := cs.lock("a", "b")
		Expect(ok).To(BeTrue())

		_, ok = cs.lock("c", "b")
		Expect(ok).To(BeFalse())
		unlockC, ok := cs.lock("c")
		Expect(ok).To(BeTrue(), "the failed attempt must not keep c")

		unlock()
		_, ok = cs.lock("a", "b")
		Expect(ok).To(BeTrue())
		_, ok = cs.lock("c")
		Expect(ok).To(BeFalse())
		unlockC()
		_, ok = cs.lock("c")
		Expect(ok).To(BeTrue())
	})

	It("may name a thing twice, and nothing at all", func() {
		var cs claims
		unlock, ok := cs.lock("a", "a")
		Expect(ok).To(BeTrue())
		unlock()
		_, ok = cs.lock("a")
		Expect(ok).To(BeTrue())
		_, ok = cs.lock()
		Expect(ok).To(BeTrue())
	})

	It("leave nothing behind", func() {
		var cs claims
		for i := range 100 {
			unlock, _ := cs.lock(fmt.Sprint("a", i), "b")
			unlock()
		}
		Expect(cs.locked).To(BeEmpty())
	})

	It("let one in at a time, whatever the order of names", func() {
		var cs claims
		var inside [6]atomic.Int32
		var entered atomic.Int64
		var wg sync.WaitGroup
		for worker := range 16 {
			wg.Go(func() {
				defer GinkgoRecover()
				random := rand.New(rand.NewPCG(uint64(GinkgoRandomSeed()), uint64(worker)))
				c := claim{uid: types.UID(fmt.Sprint(worker))}
				for range 2000 {
					order := random.Perm(len(inside))[:1+random.IntN(3)]
					names := make([]string, 0, len(order))
					for _, i := range order {
						names = append(names, fmt.Sprint("name", i))
					}
					unlock, ok := cs.lock(names...)
					if !ok {
						continue
					}
					entered.Add(1)
					for _, i := range order {
						if inside[i].Add(1) != 1 {
							Fail("two inside at a time")
						}
						cs.hold(names[0], c)
						if h, ok := cs.holder(names[0]); !ok || h.uid != c.uid {
							Fail("another holds what is locked")
						}
					}
					cs.release(names[0], c.uid)
					for _, i := range order {
						inside[i].Add(-1)
					}
					unlock()
				}
			})
		}
		wg.Wait()
		Expect(entered.Load()).To(BeNumerically(">", 16))
		Expect(cs.locked).To(BeEmpty())
		Expect(cs.held).To(BeEmpty())
	})
})

var _ = Describe("Claims", func() {
	first := claim{uid: "uid-1", created: markTime}
	second := claim{uid: "uid-2", created: markTime.Add(time.Second)}

	It("are of the last who said so", func() {
		var cs claims
		_, ok := cs.holder("a")
		Expect(ok).To(BeFalse())
		cs.hold("a", first)
		cs.hold("a", second)
		h, ok := cs.holder("a")
		Expect(ok).To(BeTrue())
		Expect(h).To(Equal(second))
	})

	It("are released by the holder only", func() {
		var cs claims
		cs.release("a", first.uid)
		cs.hold("a", first)
		cs.release("a", second.uid)
		_, ok := cs.holder("a")
		Expect(ok).To(BeTrue())
		cs.release("a", first.uid)
		_, ok = cs.holder("a")
		Expect(ok).To(BeFalse())
	})

	It("go to the older of two, and for the same age to the same one from either side", func() {
		Expect(first.before(second)).To(BeTrue())
		Expect(second.before(first)).To(BeFalse())
		twin := claim{uid: "uid-0", created: first.created.In(time.FixedZone("", 8*60*60))}
		Expect(twin.before(first)).To(BeTrue())
		Expect(first.before(twin)).To(BeFalse())
	})

	It("have names that do not run into each other", func() {
		t := live.Target{Region: "r", ProjectID: "p"}
		Expect(configName(t, "x")).NotTo(Equal(configName(live.Target{Region: "r", ProjectID: "q"}, "x")))
		Expect(configName(t, "x")).NotTo(Equal(configName(live.Target{Region: "s", ProjectID: "p"}, "x")))
		Expect(configName(t, "d/a")).NotTo(Equal(keyName(t, "d", "a")))
	})
})

// resource is made at markTime plus age.
func resource(namespace, name string, age time.Duration, changes ...func(*v1alpha1.RecordCallbackConfig)) *v1alpha1.RecordCallbackConfig {
	obj := &v1alpha1.RecordCallbackConfig{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: namespace, Name: name, UID: types.UID(namespace + "/" + name), Generation: 1,
			CreationTimestamp: metav1.NewTime(markTime.Add(age)),
		},
		Spec: theSpec(),
	}
	for _, change := range changes {
		change(obj)
	}
	return obj
}

// holding: its status says that the configuration is its own.
func holding(id string) func(*v1alpha1.RecordCallbackConfig) {
	return func(obj *v1alpha1.RecordCallbackConfig) {
		obj.Status.ID, obj.Status.Origin = id, created
	}
}

var _ = Describe("The other holder of a configuration", func() {
	reconciler := func(objs ...*v1alpha1.RecordCallbackConfig) *Reconciler {
		scheme := runtime.NewScheme()
		Expect(v1alpha1.AddToScheme(scheme)).To(Succeed())
		b := fake.NewClientBuilder().WithScheme(scheme)
		r := &Reconciler{rivals: newRivals()}
		for _, obj := range objs {
			b = b.WithObjects(obj)
			r.rivals.replace(nil, obj)
		}
		r.Client = b.Build()
		return r
	}
	holderOf := func(r *Reconciler, obj *v1alpha1.RecordCallbackConfig) *holder {
		GinkgoHelper()
		h, err := r.holderOf(context.Background(), obj, ownID)
		Expect(err).NotTo(HaveOccurred())
		return h
	}

	It("is nobody, where nobody's status says so", func() {
		sport, news := resource("streaming", "sport", 0), resource("streaming", "news", time.Hour)
		Expect(holderOf(reconciler(sport, news), news)).To(BeNil())
	})

	It("is not oneself", func() {
		sport := resource("streaming", "sport", 0, holding(ownID))
		r := reconciler(sport)
		r.claims.hold(configName(targetOf(sport), ownID), claimOf(sport))
		Expect(holderOf(r, sport)).To(BeNil())
	})

	It("is whose status holds it, though it is younger than who wants it", func() {
		sport, news := resource("streaming", "sport", time.Hour, holding(ownID)), resource("streaming", "news", 0)
		Expect(holderOf(reconciler(sport, news), news)).To(Equal(&holder{namespace: "streaming", name: "sport", sameNamespace: true}))
		Expect(holderOf(reconciler(sport, news), sport)).To(BeNil())
	})

	It("is the older one, where two statuses hold it", func() {
		sport, news := resource("streaming", "sport", 0, holding(ownID)), resource("streaming", "news", time.Hour, holding(ownID))
		Expect(holderOf(reconciler(sport, news), sport)).To(BeNil())
		Expect(holderOf(reconciler(sport, news), news)).To(Equal(&holder{namespace: "streaming", name: "sport", sameNamespace: true}))
	})

	It("may be in another namespace, and then is not to be named", func() {
		sport, news := resource("tenant-b", "sport", 0, holding(ownID)), resource("streaming", "news", time.Hour)
		Expect(holderOf(reconciler(sport, news), news)).To(Equal(&holder{namespace: "tenant-b", name: "sport"}))
	})

	It("is not one that only observes it", func() {
		sighted := resource("streaming", "sport", 0, func(obj *v1alpha1.RecordCallbackConfig) { obj.Status.ID = ownID })
		news := resource("streaming", "news", time.Hour)
		Expect(holderOf(reconciler(sighted, news), news)).To(BeNil())
	})

	It("is not one of another project, or region, whose configuration has the same ID", func() {
		sport := resource("streaming", "sport", 0, holding(ownID), func(obj *v1alpha1.RecordCallbackConfig) { obj.Spec.ProjectID = "project-b" })
		film := resource("streaming", "film", 0, holding(ownID), func(obj *v1alpha1.RecordCallbackConfig) { obj.Spec.Region = "cn-east-3" })
		news := resource("streaming", "news", time.Hour)
		Expect(holderOf(reconciler(sport, film, news), news)).To(BeNil())
	})

	It("is who just took it, before its status shows it", func() {
		sport, news := resource("streaming", "sport", time.Hour), resource("streaming", "news", 0)
		r := reconciler(sport, news)
		r.claims.hold(configName(targetOf(sport), ownID), claimOf(sport))
		Expect(holderOf(r, news)).To(Equal(&holder{namespace: "streaming", name: "sport", sameNamespace: true}))
	})

	It("is not a resource that is gone, whatever it said last", func() {
		gone, news := resource("streaming", "sport", 0), resource("streaming", "news", time.Hour)
		r := reconciler(news)
		r.claims.hold(configName(targetOf(gone), ownID), claimOf(gone))
		Expect(holderOf(r, news)).To(BeNil(), "its deletion may wake the others before it is forgotten")
	})

	It("is not what went before under the same name", func() {
		gone := resource("streaming", "sport", 0, func(obj *v1alpha1.RecordCallbackConfig) { obj.UID = "uid-before" })
		sport := resource("streaming", "sport", time.Hour)
		r := reconciler(sport)
		r.claims.hold(configName(targetOf(gone), ownID), claimOf(gone))
		Expect(holderOf(r, sport)).To(BeNil(), "made anew, a resource must not wait for itself")
	})
})
