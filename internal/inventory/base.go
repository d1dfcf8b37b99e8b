package inventory

import (
	"cmp"
	"slices"
	"sort"
	"strings"
	"time"

	"github.com/live-operator/live-operator/internal/live"
)

// base is the result of one list. It does not change.
type base struct {
	scope scope
	// began is when the list began, seq how many own writes there were then, and
	// date the API's time.
	began time.Time
	seq   uint64
	date  time.Time
	// partial: there is more in the scope than could be listed; total is what the
	// API said then.
	partial bool
	total   int

	// Sorted slices take far less memory than maps of as many entries.
	configs []live.Config // by ID
	byKey   []int32       // of configs, by domain, app and age
}

// newBase arranges what was found. Words that many configurations share are
// kept once.
func newBase(found map[string]live.Config, s scope) *base {
	b := &base{scope: s, configs: make([]live.Config, 0, len(found)), byKey: make([]int32, 0, len(found))}
	words := interner{words: map[string]string{}, lists: map[string][]string{}, pointers: map[string]*string{}}
	for _, c := range found {
		b.configs = append(b.configs, words.config(c))
	}
	slices.SortFunc(b.configs, func(x, y live.Config) int { return cmp.Compare(x.ID, y.ID) })
	for n := range b.configs {
		b.byKey = append(b.byKey, int32(n))
	}
	slices.SortFunc(b.byKey, func(x, y int32) int {
		p, q := &b.configs[x], &b.configs[y]
		if order := keyOf(p).compare(keyOf(q)); order != 0 {
			return order
		}
		return older(p, q)
	})
	return b
}

// find is the configuration with that ID, nil without one.
func (b *base) find(id string) *live.Config {
	at := sort.Search(len(b.configs), func(n int) bool { return b.configs[n].ID >= id })
	if at == len(b.configs) || b.configs[at].ID != id {
		return nil
	}
	return &b.configs[at]
}

// withKey calls f with the configurations of that key.
func (b *base) withKey(k key, f func(*live.Config)) {
	at := sort.Search(len(b.byKey), func(n int) bool { return keyOf(&b.configs[b.byKey[n]]).compare(k) >= 0 })
	for ; at < len(b.byKey) && keyOf(&b.configs[b.byKey[at]]) == k; at++ {
		f(&b.configs[b.byKey[at]])
	}
}

// interner keeps equal words once.
type interner struct {
	words    map[string]string
	lists    map[string][]string
	pointers map[string]*string
}

func (n interner) config(c live.Config) live.Config {
	c.ID = n.word(c.ID)
	c.PublishDomain = n.word(c.PublishDomain)
	c.App = n.word(c.App)
	c.NotifyCallbackURL = n.word(c.NotifyCallbackURL)
	c.NotifyEventSubscription = n.list(c.NotifyEventSubscription)
	c.OnDemandCallbackURL = n.pointer(c.OnDemandCallbackURL)
	c.SignType = n.pointer(c.SignType)
	c.CreateTime = n.word(c.CreateTime)
	c.UpdateTime = n.word(c.UpdateTime)
	return c
}

// word is a copy of s: s may be part of a longer string, such as a whole page.
func (n interner) word(s string) string {
	known, ok := n.words[s]
	if !ok {
		known = strings.Clone(s)
		n.words[known] = known
	}
	return known
}

func (n interner) list(l []string) []string {
	if l == nil {
		return nil
	}
	name := strings.Join(l, "\x00")
	known, ok := n.lists[name]
	if !ok || len(known) != len(l) {
		known = make([]string, len(l))
		for at, s := range l {
			known[at] = n.word(s)
		}
		n.lists[name] = known
	}
	return known
}

func (n interner) pointer(s *string) *string {
	if s == nil {
		return nil
	}
	known, ok := n.pointers[*s]
	if !ok {
		word := n.word(*s)
		known = &word
		n.pointers[word] = known
	}
	return known
}

// detach is c with nothing that the caller could still change.
func detach(c live.Config) live.Config {
	c.NotifyEventSubscription = slices.Clone(c.NotifyEventSubscription)
	for _, p := range []**string{&c.OnDemandCallbackURL, &c.SignType} {
		if *p != nil {
			s := **p
			*p = &s
		}
	}
	return c
}
