package controller

import (
	"context"
	"fmt"
	"sync"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/live-operator/live-operator/api/v1alpha1"
)

var _ = Describe("What passes remember", func() {
	now := markTime

	DescribeTable("a cached object that does not show the last own write yet",
		func(written, cached string, age time.Duration, stale bool) {
			m := &memory{}
			if written != "" {
				m.wrote(written, now)
			}
			Expect(m.stale(cached, now.Add(age))).To(Equal(stale))
		},
		Entry("is stale", "101", "100", time.Millisecond, true),
		Entry("is compared as a number, not as words", "1000", "999", time.Millisecond, true),
		Entry("is not, when it shows the write", "101", "101", time.Millisecond, false),
		Entry("is not, when it shows somebody's later write", "101", "102", time.Millisecond, false),
		Entry("is not, when nothing was written", "", "100", time.Millisecond, false),
		Entry("is waited for until 10 s", "101", "100", 10*time.Second, true),
		Entry("is not waited for longer: a restored API server may be behind for good", "101", "100", 10*time.Second+1, false),
		Entry("is not, when the versions can't be compared", "101", "x", time.Millisecond, false),
	)

	It("counts the corrections of one difference in a row", func() {
		m := &memory{}
		for n := range 3 {
			m.correct([]string{"app", "signType"})
			Expect(m.corrections).To(Equal(n + 1))
		}
		m.correct([]string{"app"})
		Expect(m.corrections).To(Equal(1))
		Expect(m.corrected).To(Equal([]string{"app"}))
		m.correct([]string{"app", "signType"})
		Expect(m.corrections).To(Equal(1), "not in a row")
	})

	It("asks for the newest list that anything asked for", func() {
		m := &memory{}
		m.lookFrom(now)
		m.lookFrom(now.Add(-time.Hour))
		Expect(m.lookAfter).To(Equal(now))
		m.lookFrom(now.Add(time.Hour))
		Expect(m.lookAfter).To(Equal(now.Add(time.Hour)))
	})

	It("forgets failures with a success", func() {
		m := &memory{failures: 7, refused: 1, holdUntil: now, corrections: 2, gone: absence{id: ownID}}
		m.succeeded()
		Expect(*m).To(Equal(memory{corrections: 2, gone: absence{id: ownID}}))
	})
})

var _ = Describe("The memories of all resources", func() {
	name := types.NamespacedName{Namespace: "streaming", Name: "sport"}

	It("are one for each resource", func() {
		var ms memories
		m := ms.of(name, "uid-1")
		m.failures = 3
		Expect(ms.of(name, "uid-1")).To(BeIdenticalTo(m))
		Expect(ms.of(types.NamespacedName{Namespace: "other", Name: "sport"}, "uid-1")).NotTo(BeIdenticalTo(m))
	})

	It("start empty for a resource that was made anew under an old name", func() {
		var ms memories
		ms.of(name, "uid-1").failures = 3
		Expect(ms.of(name, "uid-2").failures).To(BeZero())
		Expect(ms.forget(name).uid).To(BeEquivalentTo("uid-2"))
	})

	It("are forgotten with the resource, and tell whose they were", func() {
		var ms memories
		Expect(ms.forget(name)).To(BeNil())
		ms.of(name, "uid-1").failures = 3
		Expect(ms.forget(name).uid).To(BeEquivalentTo("uid-1"))
		Expect(ms.forget(name)).To(BeNil())
		Expect(ms.of(name, "uid-1").failures).To(BeZero())
	})

	It("may be asked for by all workers", func() {
		var ms memories
		var wg sync.WaitGroup
		for worker := range 16 {
			wg.Go(func() {
				for i := range 200 {
					mine := types.NamespacedName{Namespace: fmt.Sprint(worker), Name: fmt.Sprint(i % 5)}
					ms.of(mine, "uid").failures++
					if i%7 == 0 {
						ms.forget(mine)
					}
				}
			})
		}
		wg.Wait()
		for worker := range 16 {
			for i := range 5 {
				ms.forget(types.NamespacedName{Namespace: fmt.Sprint(worker), Name: fmt.Sprint(i)})
			}
		}
		Expect(ms.m).To(BeEmpty())
	})
})

var _ = DescribeTable("The mark of a resource",
	func(annotation string, want time.Time) {
		obj := &v1alpha1.RecordCallbackConfig{}
		Expect(markOf(obj)).To(BeZero())
		obj.Annotations = map[string]string{v1alpha1.AnnotationCreatePending: annotation}
		Expect(markOf(obj)).To(BeTemporally("==", want))
	},
	Entry("is the API's time", "2026-03-01T12:00:00Z", markTime),
	Entry("may have a zone", "2026-03-01T20:00:00+08:00", markTime),
	Entry("is none when empty", "", time.Time{}),
	Entry("is none when it is no time", "true", time.Time{}),
	Entry("is none when it has no zone", "2026-03-01T12:00:00", time.Time{}),
)

var _ = Describe("What a pass gathers from its memory", func() {
	// gathered is a pass over a resource that holds ownID, whose credentials were
	// not used yet.
	gathered := func(m *memory, change func(*v1alpha1.RecordCallbackConfig)) *pass {
		GinkgoHelper()
		obj := &v1alpha1.RecordCallbackConfig{
			ObjectMeta: metav1.ObjectMeta{Namespace: "streaming", Name: "sport", UID: "uid-1", Generation: 2, Annotations: map[string]string{}},
			Spec:       theSpec(),
		}
		obj.Status.ID, obj.Status.Origin, obj.Status.AppliedGeneration = ownID, created, 2
		v := synced(ownID)
		v.apply(&obj.Status, 2)
		if change != nil {
			change(obj)
		}
		r := &Reconciler{ResyncInterval: 10 * time.Minute, CallTimeout: 30 * time.Second, started: markTime}
		p := newPass(r, obj, m, markTime.Add(time.Hour))
		Expect(p.gather(context.Background())).To(Succeed())
		return p
	}
	force := func(value string) func(*v1alpha1.RecordCallbackConfig) {
		return func(obj *v1alpha1.RecordCallbackConfig) {
			obj.Annotations[v1alpha1.AnnotationReconcileRequestedAt] = value
		}
	}
	recently := markTime.Add(time.Hour - time.Minute)

	It("is due when it was not compared for an interval, and not before", func() {
		Expect(gathered(&memory{comparedAt: recently}, nil).f.due).To(BeFalse())
		Expect(gathered(&memory{comparedAt: recently.Add(-10 * time.Minute)}, nil).f.due).To(BeTrue())
		Expect(gathered(&memory{}, nil).f.due).To(BeTrue(), "an interval after the start everything was compared")
	})

	It("is never due for an interval of 0", func() {
		never := func(obj *v1alpha1.RecordCallbackConfig) { obj.Spec.ResyncInterval = &metav1.Duration{} }
		Expect(gathered(&memory{}, never).f.due).To(BeFalse())
	})

	It("is due when the conditions do not say how it stands", func() {
		rejected := func(obj *v1alpha1.RecordCallbackConfig) {
			v := stalled(v1alpha1.ReasonRejected, "Mend.")
			v.apply(&obj.Status, 2)
		}
		Expect(gathered(&memory{comparedAt: recently}, rejected).f.due).To(BeTrue())
	})

	It("is forced by each new value once, which counts corrections anew", func() {
		m := &memory{comparedAt: recently, corrections: 3, corrected: []string{"app"}}
		p := gathered(m, force("one"))
		Expect(p.f.forced).To(BeTrue())
		Expect(p.f.due).To(BeTrue())
		Expect(p.f.corrections).To(BeZero())
		Expect(p.lookAfter()).To(BeTemporally("==", p.now), "a list from before will not do")

		m.correct([]string{"app"})
		Expect(gathered(m, force("one")).f.corrections).To(Equal(1), "the same request is still under way")

		handled := func(obj *v1alpha1.RecordCallbackConfig) {
			force("one")(obj)
			obj.Status.LastHandledReconcileAt = "one"
		}
		Expect(gathered(m, handled).f.forced).To(BeFalse())
	})

	It("waits for a POST of an earlier process that was killed", func() {
		m := &memory{}
		p := gathered(m, func(obj *v1alpha1.RecordCallbackConfig) {
			obj.Annotations[v1alpha1.AnnotationCreatePending] = "2026-03-01T11:00:00Z"
			obj.Status = v1alpha1.RecordCallbackConfigStatus{}
		})
		Expect(p.f.mark).To(BeTemporally("==", markTime.Add(-time.Hour)))
		Expect(p.f.quietUntil).To(BeTemporally("==", markTime.Add(30*time.Second)))
		Expect(m.uncertain).To(BeTrue())
	})

	It("waits for nothing once the configuration is known", func() {
		p := gathered(&memory{}, func(obj *v1alpha1.RecordCallbackConfig) {
			obj.Annotations[v1alpha1.AnnotationCreatePending] = "2026-03-01T11:00:00Z"
		})
		Expect(p.f.quietUntil).To(BeZero())
	})

	It("knows what the service just said that it does not have, until something changes", func() {
		said := absence{id: ownID, generation: 2, at: recently}
		Expect(gathered(&memory{gone: said, comparedAt: recently}, nil).f.sight.shown).To(BeTrue())
		By("another configuration")
		other := said
		other.id = otherID
		Expect(gathered(&memory{gone: other, comparedAt: recently}, nil).f.sight.shown).To(BeFalse())
		By("another generation")
		older := said
		older.generation = 1
		Expect(gathered(&memory{gone: older, comparedAt: recently}, nil).f.sight.shown).To(BeFalse())
		By("a reconcile that was asked for since: it may have been restored")
		Expect(gathered(&memory{gone: said, comparedAt: recently}, force("one")).f.sight.shown).To(BeFalse())
		By("a comparison that is due: it may have been restored")
		long := said
		long.at = recently.Add(-time.Hour)
		p := gathered(&memory{gone: long, comparedAt: long.at}, nil)
		Expect(p.f.due).To(BeTrue())
		Expect(p.f.sight.shown).To(BeFalse())
	})

	It("believes the answer that a forced reconcile just got", func() {
		m := &memory{comparedAt: recently}
		p := gathered(m, force("one"))
		m.gone = absence{id: ownID, generation: 2, at: p.now.Add(time.Millisecond)}
		Expect(gathered(m, force("one")).f.sight.shown).To(BeTrue(), "or it would ask for ever")
	})

	It("does not try a list again that was just forbidden, until forced", func() {
		m := &memory{listForbiddenAt: recently, comparedAt: recently}
		Expect(gathered(m, nil).f.sight.listForbidden).To(BeTrue())
		Expect(gathered(m, force("one")).f.sight.listForbidden).To(BeFalse())
		m = &memory{listForbiddenAt: recently.Add(-time.Hour), comparedAt: recently}
		Expect(gathered(m, nil).f.sight.listForbidden).To(BeFalse())
	})

	It("takes a status that could not be written for the truth", func() {
		unsaved := &v1alpha1.RecordCallbackConfigStatus{ID: ownID, Origin: created, AppliedGeneration: 2}
		p := gathered(&memory{unsaved: unsaved, comparedAt: recently}, func(obj *v1alpha1.RecordCallbackConfig) {
			obj.Status = v1alpha1.RecordCallbackConfigStatus{}
		})
		Expect(p.f.status.ID).To(Equal(ownID))
		Expect(p.before.Status.ID).To(BeEmpty(), "it is still to be written")
	})
})
