package inventory

import (
	"cmp"
	"time"

	"github.com/live-operator/live-operator/internal/live"
)

// View is what a project held at one time. It never changes, so it is safe for
// concurrent use. The configurations that it gives share memory with it: what
// their slices and pointers lead to must not be changed.
type View struct {
	// ListedAt is when the list behind it began, in the time of Options.Clock.
	// Own writes that ended since, up to the time of Look, show in it, too.
	ListedAt time.Time
	// Date is the API's own time of the list's first page, in whole seconds; zero
	// where the answer had no Date header.
	Date time.Time

	base   *base
	writes *layer
}

// ByID is the configuration with that ID.
func (v *View) ByID(id string) (live.Config, bool) {
	if c := v.find(id); c != nil {
		return *c, true
	}
	return live.Config{}, false
}

// ByKey is the configuration of that domain and app. Of several, which the API
// should not allow, it is the oldest by create_time, and of those the one with
// the smallest ID; a create_time that can't be read comes last. The app "**", as
// an example of the vendor's writes it, is the same as "*".
func (v *View) ByKey(domain, app string) (live.Config, bool) {
	k := newKey(domain, app)
	var first *live.Config
	consider := func(c *live.Config) {
		if v.find(c.ID) == c && (first == nil || older(c, first) < 0) {
			first = c
		}
	}
	v.base.withKey(k, consider)
	v.writes.withKey(k, func(w *write) { consider(w.config) })
	if first == nil {
		return live.Config{}, false
	}
	return *first, true
}

// Len is how many configurations the view shows. It looks at each of them.
func (v *View) Len() (n int) {
	v.each(func(*live.Config) { n++ })
	return n
}

// each calls f with every configuration that the view shows.
func (v *View) each(f func(*live.Config)) {
	for n := range v.base.configs {
		if c := &v.base.configs[n]; v.find(c.ID) == c {
			f(c)
		}
	}
	v.writes.all(func(w *write) {
		if w.config != nil && w.seq > v.base.seq && v.base.scope.holds(w.config) {
			f(w.config)
		}
	})
}

// find is the configuration with that ID, nil without one. A write that ended
// before the list began is older than what the list shows.
func (v *View) find(id string) *live.Config {
	if w := v.writes.find(id); w != nil && w.seq > v.base.seq {
		return w.config
	}
	return v.base.find(id)
}

// holds tells whether a list of the scope should show c.
func (s scope) holds(c *live.Config) bool {
	return (s.domain == "" || s.domain == c.PublishDomain) && (s.app == "" || newKey(s.domain, s.app) == keyOf(c))
}

// key is what a stream is matched by.
type key struct{ domain, app string }

func newKey(domain, app string) key {
	if app == "**" {
		app = "*"
	}
	return key{domain, app}
}

func keyOf(c *live.Config) key { return newKey(c.PublishDomain, c.App) }

func (k key) compare(other key) int {
	return cmp.Or(cmp.Compare(k.domain, other.domain), cmp.Compare(k.app, other.app))
}

// older compares two configurations by age, see ByKey.
func older(a, b *live.Config) int {
	created, errA := live.ParseTime(a.CreateTime)
	other, errB := live.ParseTime(b.CreateTime)
	switch {
	case errA == nil && errB == nil && !created.Equal(other):
		return created.Compare(other)
	case errA == nil && errB != nil:
		return -1
	case errA != nil && errB == nil:
		return 1
	}
	return cmp.Compare(a.ID, b.ID)
}
