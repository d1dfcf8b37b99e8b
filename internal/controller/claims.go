package controller

import (
	"context"
	"slices"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/live-operator/live-operator/api/v1alpha1"
	"github.com/live-operator/live-operator/internal/live"
)

// claims settles which resource holds a configuration, between the moment of a
// call and the moment when every cache shows its outcome. The zero value is
// ready. Safe for concurrent use.
type claims struct {
	mu     sync.Mutex
	locked map[string]bool
	held   map[string]claim
}

// claim is a resource that holds a configuration.
type claim struct {
	types.NamespacedName
	uid     types.UID
	created time.Time
}

func claimOf(obj *v1alpha1.RecordCallbackConfig) claim {
	return claim{NamespacedName: client.ObjectKeyFromObject(obj), uid: obj.UID, created: obj.CreationTimestamp.Time}
}

// before tells which of two that both hold a configuration goes first: the
// older one.
func (c claim) before(d claim) bool {
	if !c.created.Equal(d.created) {
		return c.created.Before(d.created)
	}
	return c.uid < d.uid
}

// lock takes all the names, or none if another pass has one of them. It never
// waits.
func (cs *claims) lock(names ...string) (unlock func(), ok bool) {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	if slices.ContainsFunc(names, func(n string) bool { return cs.locked[n] }) {
		return nil, false
	}
	if cs.locked == nil {
		cs.locked = map[string]bool{}
	}
	for _, n := range names {
		cs.locked[n] = true
	}
	return func() {
		cs.mu.Lock()
		defer cs.mu.Unlock()
		for _, n := range names {
			delete(cs.locked, n)
		}
	}, true
}

// hold says that c holds the configuration of that name.
func (cs *claims) hold(name string, c claim) {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	if cs.held == nil {
		cs.held = map[string]claim{}
	}
	cs.held[name] = c
}

// holder is who was last said to hold the configuration of that name.
func (cs *claims) holder(name string) (claim, bool) {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	c, ok := cs.held[name]
	return c, ok
}

// release says that uid no longer holds the configuration of that name.
func (cs *claims) release(name string, uid types.UID) {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	if cs.held[name].uid == uid {
		delete(cs.held, name)
	}
}

// configName is the name of a configuration by its ID, keyName by its domain
// and app.
func configName(t live.Target, id string) string {
	return "id " + t.Region + "/" + t.ProjectID + "/" + id
}

func keyName(t live.Target, domain, app string) string {
	return "key " + t.Region + "/" + t.ProjectID + "/" + domain + "/" + wildcard(app)
}

func targetOf(obj *v1alpha1.RecordCallbackConfig) live.Target {
	return live.Target{Region: obj.Spec.Region, ProjectID: obj.Spec.ProjectID}
}

// holderOf finds the other resource that holds the configuration before obj
// does: one whose status already names it. Of two such, the older one holds it.
func (r *Reconciler) holderOf(ctx context.Context, obj *v1alpha1.RecordCallbackConfig, id string) (*holder, error) {
	name := configName(targetOf(obj), id)
	self := claimOf(obj)
	var others []claim
	for _, key := range r.rivals.of(name) {
		if key == self.NamespacedName {
			continue
		}
		rival := &v1alpha1.RecordCallbackConfig{}
		if err := r.Client.Get(ctx, key, rival); apierrors.IsNotFound(err) {
			continue
		} else if err != nil {
			return nil, err
		}
		// It may only want it, or be another's rival.
		if owns(&rival.Status) && rival.Status.ID == id && targetOf(rival) == targetOf(obj) {
			others = append(others, claimOf(rival))
		}
	}
	if c, ok := r.claims.holder(name); ok {
		switch there, err := r.exists(ctx, c); {
		case err != nil:
			return nil, err
		case there:
			others = append(others, c)
		default:
			r.claims.release(name, c.uid)
		}
	}
	holds := owns(&obj.Status) && obj.Status.ID == id
	for _, other := range others {
		if other.uid != self.uid && (!holds || other.before(self)) {
			return &holder{namespace: other.Namespace, name: other.Name, sameNamespace: other.Namespace == obj.Namespace}, nil
		}
	}
	return nil, nil
}

// exists tells whether the resource of a claim is still there.
func (r *Reconciler) exists(ctx context.Context, c claim) (bool, error) {
	obj := &v1alpha1.RecordCallbackConfig{}
	err := r.Client.Get(ctx, c.NamespacedName, obj)
	return err == nil && obj.UID == c.uid, client.IgnoreNotFound(err)
}
