package inventory

import (
	"cmp"
	"slices"
	"sort"

	"github.com/live-operator/live-operator/internal/live"
)

// write is an own write.
type write struct {
	seq uint64
	id  string
	// config is what the API holds since; nil: nothing.
	config *live.Config
}

// layer is a set of own writes on top of an older set. Layers never change, so
// that views can share them without a lock. A new write makes a layer of its
// own, which is merged with those below that are not larger: so there are few
// of them, and n writes cost about n*log(n), however large the project is.
type layer struct {
	byID  []*write // one for each ID
	byKey []*write // those that hold a configuration, by domain, app, ID
	older *layer
}

// with is l and a newer write.
func (l *layer) with(w *write) *layer {
	top := &layer{byID: []*write{w}, older: l}
	if w.config != nil {
		top.byKey = top.byID
	}
	for top.older != nil && len(top.older.byID) <= len(top.byID) {
		top = merge(top, top.older)
	}
	return top
}

// since is what of l came after so many writes, in one layer.
func (l *layer) since(seq uint64) *layer {
	if l == nil {
		return nil
	}
	for l.older != nil {
		l = merge(l, l.older)
	}
	later := func(all []*write) (some []*write) {
		for _, w := range all {
			if w.seq > seq {
				some = append(some, w)
			}
		}
		return some
	}
	l = &layer{byID: later(l.byID), byKey: later(l.byKey)}
	if len(l.byID) == 0 {
		return nil
	}
	return l
}

// find is the newest write of that ID; nil without one.
func (l *layer) find(id string) *write {
	for ; l != nil; l = l.older {
		if w := l.own(id); w != nil {
			return w
		}
	}
	return nil
}

// own is the write of that ID in this very layer.
func (l *layer) own(id string) *write {
	at, found := slices.BinarySearchFunc(l.byID, id, func(w *write, id string) int { return cmp.Compare(w.id, id) })
	if !found {
		return nil
	}
	return l.byID[at]
}

// all calls f with the newest write of each ID.
func (l *layer) all(f func(*write)) {
	for at := l; at != nil; at = at.older {
		for _, w := range at.byID {
			if l.find(w.id) == w {
				f(w)
			}
		}
	}
}

// withKey calls f with the writes that hold a configuration of that key. Some
// may have been superseded.
func (l *layer) withKey(k key, f func(*write)) {
	for ; l != nil; l = l.older {
		at := sort.Search(len(l.byKey), func(n int) bool { return keyOf(l.byKey[n].config).compare(k) >= 0 })
		for ; at < len(l.byKey) && keyOf(l.byKey[at].config) == k; at++ {
			f(l.byKey[at])
		}
	}
}

// merge makes one layer of two. What is in both is the newer's.
func merge(newer, older *layer) *layer {
	superseded := func(w *write) bool { return newer.own(w.id) != nil }
	return &layer{
		byID: mergeSorted(newer.byID, older.byID, superseded, func(a, b *write) int { return cmp.Compare(a.id, b.id) }),
		byKey: mergeSorted(newer.byKey, older.byKey, superseded, func(a, b *write) int {
			return cmp.Or(keyOf(a.config).compare(keyOf(b.config)), cmp.Compare(a.id, b.id))
		}),
		older: older.older,
	}
}

// mergeSorted merges two sorted slices, without those of older that skip names.
func mergeSorted(newer, older []*write, skip func(*write) bool, compare func(a, b *write) int) []*write {
	merged := make([]*write, 0, len(newer)+len(older))
	for _, w := range older {
		if skip(w) {
			continue
		}
		for len(newer) > 0 && compare(newer[0], w) < 0 {
			merged, newer = append(merged, newer[0]), newer[1:]
		}
		merged = append(merged, w)
	}
	return append(merged, newer...)
}
