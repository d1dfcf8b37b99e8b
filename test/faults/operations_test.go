package faults

import (
	"github.com/live-operator/live-operator/api/v1alpha1"
	"github.com/live-operator/live-operator/test/livesim"
)

// operation is one column of the matrix: how the operator comes to make that
// call, and to make it again.
type operation struct {
	name string
	live livesim.Operation
	// before is the call that the operator makes first on the way to this one,
	// where there is one: until it is answered, the door must stand.
	before livesim.Operation
	// prepare brings the resource to where just this call is missing.
	prepare func(*cell)
	// trigger makes the operator want it.
	trigger func(*cell)
}

const (
	firstURL   = "https://callback.example.com/first"
	secondURL  = "https://callback.example.com/second"
	strangeURL = "https://someone.example.com/"
)

var operations = []*operation{
	{
		name: "Create", live: livesim.Create, before: livesim.List,
		prepare: func(c *cell) { c.accessKey() },
		trigger: func(c *cell) { c.apply(c.config()) },
	},
	{
		name: "Update", live: livesim.Update,
		prepare: func(c *cell) {
			c.accessKey()
			c.apply(c.config())
			c.eventuallySynced()
		},
		trigger: func(c *cell) {
			c.change(func(o *v1alpha1.RecordCallbackConfig) { o.Spec.NotifyCallbackURL = secondURL })
			c.wantURL = secondURL
		},
	},
	{
		name: "List", live: livesim.List,
		prepare: func(c *cell) {
			c.accessKey()
			c.apply(c.config())
			c.eventuallySynced()
		},
		trigger: func(c *cell) {
			c.drift()
			c.force()
		},
	},
	{
		// Where listing is forbidden, drift is looked for by Show.
		name: "Show", live: livesim.Show, before: livesim.List,
		prepare: func(c *cell) {
			c.accessKey().Deny(livesim.ByService, livesim.List)
			id := c.group.sim.Seed(c.project, livesim.Config{PublishDomain: c.domain(), App: "live", NotifyCallbackURL: strangeURL})
			c.apply(c.config().WithID(id).WithDeletion(v1alpha1.DeletionDelete))
			c.eventuallySynced()
		},
		trigger: func(c *cell) {
			c.drift()
			c.force()
		},
	},
	{
		name: "Delete", live: livesim.Delete,
		prepare: func(c *cell) {
			c.accessKey()
			c.apply(c.config())
			c.eventuallySynced()
		},
		trigger: func(c *cell) { c.remove() },
	},
	{
		name: "IAM", live: livesim.Authenticate,
		prepare: func(c *cell) { c.user() },
		trigger: func(c *cell) { c.apply(c.config()) },
	},
}

// expectation is what the status must say while a fault lasts.
type expectation struct {
	// reason of Ready; empty where the operator gets by without a word.
	reason string
	// retried: Reconciling and not Stalled.
	retried bool
	// heals: it gets by in the end even while the fault lasts.
	heals bool
	// forced: it takes a person, or the next comparison, to try what was refused.
	forced bool
}

// reasons are what the design's table says of each class.
var reasons = map[class]string{
	unavailable:  v1alpha1.ReasonAPIUnavailable,
	throttled:    v1alpha1.ReasonThrottled,
	unauthorized: v1alpha1.ReasonUnauthorized,
	forbidden:    v1alpha1.ReasonForbidden,
	rejected:     v1alpha1.ReasonRejected,
	notFound:     v1alpha1.ReasonNotFound,
}

// expect derives what a cell must come to.
func expect(o *operation, f *fault, lasting bool) expectation {
	c := classOf(o.live, f, lasting)
	want := expectation{
		reason:  reasons[c],
		retried: c == unavailable || c == throttled,
		// A list shows what the lost answer did not, and it is the resource's own
		// by its mark: there is no second POST to meet the fault.
		heals: o.live == livesim.Create && f.acts,
	}
	want.forced = want.reason != "" && !want.retried || f.class == forbidden && o.live == livesim.Show
	if o.live == livesim.Delete && want.reason != "" {
		want.reason = v1alpha1.ReasonDeletionBlocked
	}
	return want
}

// classOf is the class of a fault, as that operation meets it.
func classOf(o livesim.Operation, f *fault, lasting bool) class {
	switch {
	case f.body && o == livesim.Delete:
		return harmless // 204 has no body.
	case f.script.Skew != 0 && o == livesim.Authenticate:
		return harmless // IAM tells by its own clock when a token begins and ends.
	case f.class == unauthorized && !lasting && o != livesim.Authenticate:
		return harmless // The Secret is read once more, and the call made again. A password is not.
	case f.class == throttled && !lasting && (o == livesim.List || o == livesim.Authenticate):
		return harmless // A list, for which the token is, waits a little before it has failed.
	case f.class == forbidden && (o == livesim.List || o == livesim.Show):
		return harmless // Who may not list is shown, and who may not read can still write.
	case f.class == notFound:
		switch o {
		case livesim.Delete:
			return harmless // Gone is what was wanted.
		case livesim.Show:
			return notFound
		case livesim.Update, livesim.Authenticate:
			return unavailable // A list still shows it; IAM holds no configurations.
		default:
			return rejected // The call names no configuration that could be missing.
		}
	}
	return f.class
}
