package controller

import (
	. "github.com/onsi/ginkgo/v2"

	"github.com/live-operator/live-operator/api/v1alpha1"
	"github.com/live-operator/live-operator/internal/live"
)

const oldURL = "https://old.example.com/"

func withEvents(events ...string) func(*live.Config) {
	return func(c *live.Config) { c.NotifyEventSubscription = events }
}

var _ = DescribeTable("Drift: compared when due, corrected or reported",
	decides,
	Entry("due: a list is needed", given(owning(ownID, created), due), expected{action: actionLook, id: ownID}),
	Entry("forced: a list is needed", given(owning(ownID, created), forced), expected{action: actionLook, id: ownID}),
	Entry("nothing differs", given(owning(ownID, created), due, listing(theConfig(ownID))),
		expected{action: actionNone, id: ownID, reason: v1alpha1.ReasonSynced}),
	Entry("nothing differs, forced: no write", given(owning(ownID, created), forced, listing(theConfig(ownID))),
		expected{action: actionNone, id: ownID, reason: v1alpha1.ReasonSynced}),
	Entry("only the order of events differs", given(owning(ownID, created), due, listing(theConfig(ownID, withEvents("RECORD_FAILED", "RECORD_FILE_COMPLETE")))),
		expected{action: actionNone, id: ownID, reason: v1alpha1.ReasonSynced}),
	Entry("Correct writes, and names the fields", given(owning(ownID, created), due, listing(theConfig(ownID, withURL(oldURL), withEvents("RECORD_OVER")))),
		expected{action: actionUpdate, id: ownID, drift: []string{"notifyCallbackURL", "notifyEventSubscription"}}),
	Entry("a drift policy that is not set is Correct",
		given(owning(ownID, created), due, spec(func(s *v1alpha1.RecordCallbackConfigSpec) { s.DriftPolicy = "" }), listing(theConfig(ownID, withURL(oldURL)))),
		expected{action: actionUpdate, id: ownID, drift: []string{"notifyCallbackURL"}}),
	Entry("Correct writes an adopted configuration, too", given(owning(ownID, adopted), specID(ownID), due, listing(theConfig(ownID, withURL(oldURL)))),
		expected{action: actionUpdate, id: ownID, drift: []string{"notifyCallbackURL"}}),
	Entry("Report only says so", given(owning(ownID, created), reporting, due, listing(theConfig(ownID, withURL(oldURL)))),
		expected{action: actionNone, id: ownID, reason: v1alpha1.ReasonDrifted, says: []string{"notifyCallbackURL", "Report"}}),
	Entry("Report only says so, forced", given(owning(ownID, created), reporting, forced, listing(theConfig(ownID, withURL(oldURL)))),
		expected{action: actionNone, id: ownID, reason: v1alpha1.ReasonDrifted}),
	Entry("Report ends when nothing differs", given(owning(ownID, created), reporting, due, wasReady(v1alpha1.ReasonDrifted), listing(theConfig(ownID))),
		expected{action: actionNone, id: ownID, reason: v1alpha1.ReasonSynced}),
	Entry("a list that misses the configuration is not believed over Show",
		given(owning(ownID, created), due, listing(), showing(theConfig(ownID, withURL(oldURL)))),
		expected{action: actionUpdate, id: ownID, drift: []string{"notifyCallbackURL"}}),
)

var _ = DescribeTable("DriftPersists: three corrections of the same difference that do not stick",
	decides,
	Entry("the third is still made", given(owning(ownID, created), due, corrected(2, "notifyCallbackURL"), listing(theConfig(ownID, withURL(oldURL)))),
		expected{action: actionUpdate, id: ownID, drift: []string{"notifyCallbackURL"}}),
	Entry("a fourth is not", given(owning(ownID, created), due, corrected(3, "notifyCallbackURL"), listing(theConfig(ownID, withURL(oldURL)))),
		expected{action: actionFail, reason: v1alpha1.ReasonDriftPersists, says: []string{"notifyCallbackURL", "3 corrections", v1alpha1.AnnotationReconcileRequestedAt}}),
	Entry("another difference is another matter", given(owning(ownID, created), due, corrected(3, "signType"), listing(theConfig(ownID, withURL(oldURL)))),
		expected{action: actionUpdate, id: ownID, drift: []string{"notifyCallbackURL"}}),
	Entry("a restarted operator goes on not to write", given(owning(ownID, created), due, wasReady(v1alpha1.ReasonDriftPersists), listing(theConfig(ownID, withURL(oldURL)))),
		expected{action: actionFail, reason: v1alpha1.ReasonDriftPersists}),
	Entry("nor does it write another difference then", given(owning(ownID, created), due, wasReady(v1alpha1.ReasonDriftPersists), listing(theConfig(ownID, withEvents("RECORD_OVER")))),
		expected{action: actionFail, reason: v1alpha1.ReasonDriftPersists}),
	Entry("until somebody forces it", given(owning(ownID, created), forced, wasReady(v1alpha1.ReasonDriftPersists), listing(theConfig(ownID, withURL(oldURL)))),
		expected{action: actionUpdate, id: ownID, drift: []string{"notifyCallbackURL"}}),
	Entry("until it agrees", given(owning(ownID, created), due, wasReady(v1alpha1.ReasonDriftPersists), corrected(3, "notifyCallbackURL"), listing(theConfig(ownID))),
		expected{action: actionNone, id: ownID, reason: v1alpha1.ReasonSynced}),
	Entry("until Report is asked for", given(owning(ownID, created), due, reporting, wasReady(v1alpha1.ReasonDriftPersists), listing(theConfig(ownID, withURL(oldURL)))),
		expected{action: actionNone, id: ownID, reason: v1alpha1.ReasonDrifted}),
)

var _ = DescribeTable("Reading where it is forbidden",
	decides,
	Entry("listing: Show instead", given(owning(ownID, adopted), specID(ownID), due, listForbidden), expected{action: actionShow, id: ownID}),
	Entry("listing: what Show shows is corrected", given(owning(ownID, adopted), due, listForbidden, showing(theConfig(ownID, withURL(oldURL)))),
		expected{action: actionUpdate, id: ownID, drift: []string{"notifyCallbackURL"}}),
	Entry("listing: what Show shows agrees", given(owning(ownID, adopted), due, listForbidden, showing(theConfig(ownID))),
		expected{action: actionNone, id: ownID, reason: v1alpha1.ReasonSynced}),
	Entry("listing and showing: not at all, and the message says so",
		given(owning(ownID, adopted), specID(ownID), due, listForbidden, showForbidden),
		expected{action: actionNone, id: ownID, reason: v1alpha1.ReasonSynced,
			says: []string{"Changes by others are not looked for", "live:record:listCallbacks", "live:record:getCallback"}}),
	Entry("showing: a list is enough", given(owning(ownID, created), due, showForbidden, listing(theConfig(ownID))),
		expected{action: actionNone, id: ownID, reason: v1alpha1.ReasonSynced}),
)

var _ = DescribeTable("Gone: checked by Show, then created again where it may be",
	decides,
	Entry("a list lacks it: Show has the word", given(owning(ownID, created), due, listing()), expected{action: actionShow, id: ownID}),
	Entry("a list lacks it, and a change is to be written: Show has the word",
		given(owning(ownID, created), specChanged, listing()), expected{action: actionShow, id: ownID}),
	Entry("gone", given(owning(ownID, created), due, listing(), shownGone), expected{action: actionRecreate, id: ownID}),
	Entry("gone, where Show is forbidden: the list has the word", given(owning(ownID, created), due, listing(), showForbidden),
		expected{action: actionRecreate, id: ownID}),
	Entry("gone says a PUT: the domain and app are looked for first", given(owning(ownID, created), specChanged, shownGone),
		expected{action: actionLook}),
	Entry("gone says a PUT, where listing is forbidden", given(owning(ownID, created), specChanged, shownGone, listForbidden),
		expected{action: actionFail, reason: v1alpha1.ReasonForbidden, says: []string{"live:record:listCallbacks"}}),
	Entry("gone, and somebody made another: it is not touched", given(owning(ownID, created), due, shownGone, listing(theConfig(otherID))),
		expected{action: actionFail, reason: v1alpha1.ReasonAlreadyExists, says: []string{otherID}}),
	Entry("gone, and somebody made another since the mark: it is not touched either",
		given(owning(ownID, created), marked(markTime), due, shownGone, listing(theConfig(otherID, createdAt("2026-04-01T00:00:00Z")))),
		expected{action: actionFail, reason: v1alpha1.ReasonAlreadyExists}),
	Entry("gone, and somebody made another, IfExists", given(owning(ownID, created), ifExists, due, shownGone, listing(theConfig(otherID))),
		expected{action: actionAdopt, id: otherID, origin: adopted}),
	Entry("gone, and another resource has made another, IfExists",
		given(owning(ownID, created), ifExists, due, shownGone, heldBy("streaming", "sport", otherID), listing(theConfig(otherID))),
		expected{action: actionFail, reason: v1alpha1.ReasonConflict}),
	Entry("gone, and it was adopted by spec.id: only a person knows",
		given(owning(ownID, adopted), specID(ownID), due, listing(), shownGone),
		expected{action: actionFail, reason: v1alpha1.ReasonNotFound, says: []string{ownID, "without spec.id"}}),
	Entry("gone under a change, and it was adopted by spec.id", given(owning(ownID, adopted), specID(ownID), specChanged, shownGone),
		expected{action: actionFail, reason: v1alpha1.ReasonNotFound}),
	Entry("gone, and it was adopted by domain and app", given(owning(ownID, adopted), ifExists, due, listing(), shownGone),
		expected{action: actionRecreate, id: ownID}),
	Entry("gone under Report", given(owning(ownID, created), reporting, due, listing(), shownGone),
		expected{action: actionNone, id: ownID, reason: v1alpha1.ReasonDrifted, says: []string{"no longer exists", "Correct"}}),
	Entry("gone under Report, and the spec changed: created again", given(owning(ownID, created), reporting, specChanged, listing(), shownGone),
		expected{action: actionRecreate, id: ownID}),
)

// Created again it would have a new ID, which spec.id, that can't be changed
// or removed, does not name: the resource would never be Ready again.
var _ = It("Gone: what the operator created and spec.id has named since is not created again under another ID", func() {
	decides(given(owning(ownID, created), specID(ownID), due, listing(), shownGone),
		expected{action: actionFail, reason: v1alpha1.ReasonNotFound, says: []string{ownID}})
})

// The service said once that it does not have the configuration, and shows it
// now: a replica lagged behind.
var _ = It("Gone: a list that shows the very configuration ends it", func() {
	decides(given(owning(ownID, created), specChanged, shownGone, listing(theConfig(ownID))),
		expected{action: actionUpdate, id: ownID})
})
