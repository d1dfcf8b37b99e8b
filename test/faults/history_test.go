package faults

import (
	"context"
	"sync"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/tools/cache"
	watchtools "k8s.io/client-go/tools/watch"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/live-operator/live-operator/api/v1alpha1"
)

// history is every version of every resource of a namespace, so that what the
// status said in passing is not missed. Safe for concurrent use.
type history struct {
	mu      sync.Mutex
	names   map[string][]*v1alpha1.RecordCallbackConfig
	deleted map[string]bool
}

// newNamespace makes a namespace, and follows its resources until the end of
// the container.
func newNamespace(ctx context.Context) (string, *history) {
	GinkgoHelper()
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "faults-"}}
	Expect(cluster.Client.Create(ctx, namespace)).To(Succeed())
	DeferCleanup(abandon, namespace.Name)
	h := &history{names: map[string][]*v1alpha1.RecordCallbackConfig{}, deleted: map[string]bool{}}
	var list v1alpha1.RecordCallbackConfigList
	Expect(cluster.Client.List(ctx, &list, client.InNamespace(namespace.Name))).To(Succeed())
	// It takes up again where a watch was cut off, and misses nothing.
	watched, err := watchtools.NewRetryWatcherWithContext(context.WithoutCancel(ctx), list.ResourceVersion, &cache.ListWatch{
		WatchFuncWithContext: func(ctx context.Context, options metav1.ListOptions) (watch.Interface, error) {
			return cluster.Client.Watch(ctx, &v1alpha1.RecordCallbackConfigList{}, client.InNamespace(namespace.Name), &client.ListOptions{Raw: &options})
		},
	})
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(watched.Stop)
	go h.follow(watched.ResultChan())
	return namespace.Name, h
}

// abandon removes the resources of a namespace whose simulator is gone, so that
// no other operator has to do with them.
func abandon(ctx context.Context, namespace string) {
	GinkgoHelper()
	var list v1alpha1.RecordCallbackConfigList
	Expect(cluster.Client.List(ctx, &list, client.InNamespace(namespace))).To(Succeed())
	for i := range list.Items {
		o := &list.Items[i]
		Expect(client.IgnoreNotFound(cluster.Client.Patch(ctx, o, client.RawPatch("application/merge-patch+json",
			[]byte(`{"metadata":{"finalizers":null}}`))))).To(Succeed())
		Expect(client.IgnoreNotFound(cluster.Client.Delete(ctx, o))).To(Succeed())
	}
}

func (h *history) follow(events <-chan watch.Event) {
	for e := range events {
		o, ok := e.Object.(*v1alpha1.RecordCallbackConfig)
		if !ok {
			continue
		}
		h.mu.Lock()
		h.names[o.Name] = append(h.names[o.Name], o)
		h.deleted[o.Name] = e.Type == watch.Deleted
		h.mu.Unlock()
	}
}

// since are the versions of that resource from the one of that index on.
func (h *history) since(name string, index int) []*v1alpha1.RecordCallbackConfig {
	h.mu.Lock()
	defer h.mu.Unlock()
	all := h.names[name]
	return append([]*v1alpha1.RecordCallbackConfig(nil), all[min(index, len(all)):]...)
}

// last is the newest version, nil where there is none; gone tells that it was
// deleted.
func (h *history) last(name string) (o *v1alpha1.RecordCallbackConfig, gone bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if all := h.names[name]; len(all) > 0 {
		o = all[len(all)-1]
	}
	return o, h.deleted[name]
}

// length is how many versions there are.
func (h *history) length(name string) int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.names[name])
}
