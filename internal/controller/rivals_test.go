package controller

import (
	"context"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/live-operator/live-operator/api/v1alpha1"
)

var _ = Describe("Rivals", func() {
	var (
		r     *rivals
		queue workqueue.TypedRateLimitingInterface[reconcile.Request]
		sport = resource("streaming", "sport", 0)
		news  = resource("streaming", "news", time.Hour)
	)

	BeforeEach(func() {
		r = newRivals()
		queue = workqueue.NewTypedRateLimitingQueue(workqueue.DefaultTypedControllerRateLimiter[reconcile.Request]())
		DeferCleanup(queue.ShutDown)
	})

	create := func(obj client.Object) {
		r.handler().Create(context.Background(), event.CreateEvent{Object: obj}, queue)
	}
	update := func(old, current client.Object) {
		r.handler().Update(context.Background(), event.UpdateEvent{ObjectOld: old, ObjectNew: current}, queue)
	}
	remove := func(obj client.Object) {
		r.handler().Delete(context.Background(), event.DeleteEvent{Object: obj}, queue)
	}
	key := func(obj *v1alpha1.RecordCallbackConfig) types.NamespacedName { return client.ObjectKeyFromObject(obj) }
	byKey := func() []types.NamespacedName { return r.of(keyName(targetOf(sport), theDomain, theApp)) }
	byID := func() []types.NamespacedName { return r.of(configName(targetOf(sport), ownID)) }

	It("are all that want the same domain and app", func() {
		create(sport)
		create(news)
		create(news) // As when a watch begins anew.
		Expect(byKey()).To(ConsistOf(key(sport), key(news)))
		Expect(byID()).To(BeEmpty())
	})

	It("are known by the ID once they hold it, and no longer once they do not", func() {
		create(sport)
		holder := resource("streaming", "sport", 0, holding(ownID))
		update(sport, holder)
		Expect(byID()).To(ConsistOf(key(sport)))
		Expect(byKey()).To(ConsistOf(key(sport)))
		update(holder, sport)
		Expect(byID()).To(BeEmpty())
	})

	It("are woken by a deletion, and leave nothing behind", func() {
		create(sport)
		create(news)
		remove(sport)
		Expect(queue.Len()).To(Equal(1))
		woken, _ := queue.Get()
		Expect(woken.NamespacedName).To(Equal(key(news)))
		remove(news)
		Expect(r.byName).To(BeEmpty())
	})

	It("are woken by nothing else", func() {
		create(sport)
		create(news)
		update(sport, resource("streaming", "sport", 0, holding(ownID)))
		Expect(queue.Len()).To(BeZero())
	})

	It("do not change under whoever looks at them", func() {
		create(sport)
		create(news)
		seen := byKey()
		remove(sport)
		Expect(seen).To(ConsistOf(key(sport), key(news)))
	})
})
