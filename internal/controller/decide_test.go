package controller

import (
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/live-operator/live-operator/api/v1alpha1"
	"github.com/live-operator/live-operator/internal/live"
)

const (
	created = v1alpha1.OriginCreated
	adopted = v1alpha1.OriginAdopted
)

var _ = DescribeTable("Identity: status.id, else spec.id, else the domain and app",
	decides,
	Entry("status.id comes before the configuration of the domain and app",
		given(owning(ownID, created), specChanged, listing(theConfig(otherID), theConfig(ownID, withApp("moved")))),
		expected{action: actionUpdate, id: ownID}),
	Entry("spec.id comes before the configuration of the domain and app",
		given(specID(ownID), listing(theConfig(otherID))),
		expected{action: actionAdopt, id: ownID, origin: adopted}),
	Entry("spec.id that is the status's own is no question",
		given(owning(ownID, adopted), specID(ownID), specChanged),
		expected{action: actionUpdate, id: ownID}),
	Entry("without any ID, the configuration of the domain and app is looked for in a list",
		given(),
		expected{action: actionLook}),
	Entry("a status.id that was only a sighting is no identity",
		given(sighting(otherID)),
		expected{action: actionLook}),
	Entry("a sighting does not stand against spec.id",
		given(sighting(otherID), specID(ownID)),
		expected{action: actionAdopt, id: ownID, origin: adopted}),
	Entry("a spec.id set later that differs is a conflict, and nothing is written",
		given(owning(ownID, created), specID(otherID), specChanged),
		expected{action: actionFail, reason: v1alpha1.ReasonConflict, says: []string{ownID, otherID, "Nothing was written", "Retain"}}),
	Entry("it stays one when both exist",
		given(owning(ownID, adopted), specID(otherID), specChanged, due, listing(theConfig(ownID), theConfig(otherID, withApp("x")))),
		expected{action: actionFail, reason: v1alpha1.ReasonConflict}),
)

var _ = DescribeTable("Update: one PUT for one change, without a read",
	decides,
	Entry("the spec changed", given(owning(ownID, created), specChanged), expected{action: actionUpdate, id: ownID}),
	Entry("the spec of an adopted configuration changed", given(owning(ownID, adopted), specChanged), expected{action: actionUpdate, id: ownID}),
	Entry("the callback key changed", given(keyed, owning(ownID, created), keyChanged), expected{action: actionUpdate, id: ownID}),
	Entry("the spec began to name a key", given(owning(ownID, created), keyed), expected{action: actionUpdate, id: ownID}),
	Entry("the spec no longer names a key", given(keyed, owning(ownID, created), specChanged, func(f *facts) { f.keyDigest = "" }),
		expected{action: actionUpdate, id: ownID}),
	Entry("neither a comparison that is due", given(owning(ownID, created), specChanged, due), expected{action: actionUpdate, id: ownID}),
	Entry("nor a forced reconcile makes it read first", given(owning(ownID, created), specChanged, forced), expected{action: actionUpdate, id: ownID}),
	Entry("nor what may not be read", given(owning(ownID, adopted), specID(ownID), specChanged, due, listForbidden, showForbidden),
		expected{action: actionUpdate, id: ownID}),
	Entry("a change under driftPolicy Report is still a change", given(owning(ownID, created), reporting, specChanged),
		expected{action: actionUpdate, id: ownID}),
	Entry("a change ends DriftPersists", given(owning(ownID, created), wasReady(v1alpha1.ReasonDriftPersists), specChanged, corrected(3, "signType")),
		expected{action: actionUpdate, id: ownID}),
	Entry("a change that a list shows to be made already is written all the same: the answer is not the spec's",
		given(owning(ownID, created), specChanged, listing(theConfig(ownID))),
		expected{action: actionUpdate, id: ownID}),
	Entry("nothing changed and nothing is due: nothing is done, and the conditions stay",
		given(owning(ownID, created), wasReady(v1alpha1.ReasonSynced)),
		expected{action: actionNone, id: ownID, keep: true}),
	Entry("a callback key that can't be used stops the write",
		given(owning(ownID, created), specChanged, func(f *facts) { f.keyProblem = "Mend the Secret." }),
		expected{action: actionFail, reason: v1alpha1.ReasonKeyInvalid, says: []string{"Mend the Secret."}}),
	Entry("a callback key that can't be used stops a create",
		given(listing(), func(f *facts) { f.keyProblem = "Mend the Secret." }),
		expected{action: actionFail, reason: v1alpha1.ReasonKeyInvalid}),
	Entry("a callback key that can't be used stops an adoption",
		given(specID(ownID), func(f *facts) { f.keyProblem = "Mend the Secret." }),
		expected{action: actionFail, reason: v1alpha1.ReasonKeyInvalid}),
)

var _ = DescribeTable("Create: only what a list shows to be absent",
	decides,
	Entry("absent", given(listing()), expected{action: actionCreate}),
	Entry("only other apps of the domain exist", given(listing(theConfig(otherID, withApp("*")))), expected{action: actionCreate}),
	Entry("no list yet", given(due), expected{action: actionLook}),
	Entry("no list, though Show said something", given(shownGone), expected{action: actionLook}),
	Entry("listing is forbidden", given(listForbidden),
		expected{action: actionFail, reason: v1alpha1.ReasonForbidden, says: []string{"live:record:listCallbacks", "spec.id"}}),
	Entry("listing and showing are forbidden", given(listForbidden, showForbidden),
		expected{action: actionFail, reason: v1alpha1.ReasonForbidden}),
	Entry("marked and still absent", given(marked(markTime), listing()), expected{action: actionCreate}),
	Entry("an earlier POST may be on its way, and the list began before that is over",
		given(marked(markTime), quietUntil(listedAt.Add(time.Second)), listing()),
		expected{action: actionWait, until: listedAt.Add(time.Second), reason: v1alpha1.ReasonPending}),
	Entry("an earlier POST may be on its way, and there is no list",
		given(marked(markTime), quietUntil(listedAt)),
		expected{action: actionLook}),
	Entry("a list that began when no POST can be on its way any more",
		given(marked(markTime), quietUntil(listedAt), listing()),
		expected{action: actionCreate}),
)

var _ = DescribeTable("The mark: what was created since is the resource's own",
	func(mark time.Time, createTime string, own bool) {
		f := given(marked(mark), listing(theConfig(ownID, createdAt(createTime))))
		if own {
			decides(f, expected{action: actionAdopt, id: ownID, origin: created})
		} else {
			decides(f, expected{action: actionFail, reason: v1alpha1.ReasonAlreadyExists, says: []string{ownID, "left untouched"}})
		}
	},
	Entry("created in the second of the mark", markTime, "2026-03-01T12:00:00Z", true),
	Entry("created later", markTime, "2026-03-01T12:00:01Z", true),
	Entry("created a year later: the mark stays for good", markTime, "2027-03-01T12:00:00Z", true),
	Entry("created one second before", markTime, "2026-03-01T11:59:59Z", false),
	Entry("created long before", markTime, "2021-01-01T00:00:00Z", false),
	Entry("a mark with a fraction counts as its second", markTime.Add(999*time.Millisecond), "2026-03-01T12:00:00Z", true),
	Entry("a fraction before the mark's second is before it", markTime, "2026-03-01T11:59:59.999Z", false),
	Entry("a fraction of a create_time counts as its second", markTime.Add(500*time.Millisecond), "2026-03-01T12:00:00.1Z", true),
	Entry("another zone is compared as an instant, after", markTime, "2026-03-01T20:00:00+08:00", true),
	Entry("another zone is compared as an instant, before", markTime, "2026-03-01T12:00:01+08:00", false),
	Entry("no create_time proves nothing", markTime, "", false),
	Entry("a create_time that is no time proves nothing", markTime, "yesterday", false),
	Entry("a create_time without zone proves nothing", markTime, "2026-03-01T12:00:01", false),
	Entry("no mark proves nothing", time.Time{}, "2027-03-01T12:00:00Z", false),
)

var _ = DescribeTable("Ownership after the status is lost",
	decides,
	Entry("the mark gives it back, for any adoption policy", given(marked(markTime), ifExists, listing(theConfig(ownID))),
		expected{action: actionAdopt, id: ownID, origin: created}),
	Entry("the mark gives it back before any waiting", given(marked(markTime), quietUntil(listedAt.Add(time.Hour)), listing(theConfig(ownID))),
		expected{action: actionAdopt, id: ownID, origin: created}),
	Entry("not where another resource holds it", given(marked(markTime), heldBy("streaming", "sport", ownID), listing(theConfig(ownID))),
		expected{action: actionFail, reason: v1alpha1.ReasonConflict}),
	Entry("not where it is of another app", given(marked(markTime), listing(theConfig(ownID, withApp("*")))),
		expected{action: actionCreate}),
	Entry("spec.id gives it back without a list", given(specID(ownID), marked(markTime)),
		expected{action: actionAdopt, id: ownID, origin: adopted}),
)

var _ = DescribeTable("Adopt: by spec.id, or by domain and app where the policy says so",
	decides,
	Entry("spec.id needs no read", given(specID(ownID)), expected{action: actionAdopt, id: ownID, origin: adopted}),
	Entry("spec.id needs no permission to read", given(specID(ownID), listForbidden, showForbidden),
		expected{action: actionAdopt, id: ownID, origin: adopted}),
	Entry("spec.id that another resource holds", given(specID(ownID), heldBy("streaming", "sport", ownID)),
		expected{action: actionFail, reason: v1alpha1.ReasonConflict, says: []string{"sport", ownID}}),
	Entry("IfExists takes over what exists", given(ifExists, listing(theConfig(ownID, withURL("https://old.example.com/")))),
		expected{action: actionAdopt, id: ownID, origin: adopted}),
	Entry("IfExists takes over even what can't tell its age", given(ifExists, marked(markTime), listing(theConfig(ownID, createdAt("")))),
		expected{action: actionAdopt, id: ownID, origin: adopted}),
	Entry("IfExists creates what does not exist", given(ifExists, listing()), expected{action: actionCreate}),
	Entry("IfExists does not take what another resource holds", given(ifExists, heldBy("streaming", "sport", ownID), listing(theConfig(ownID))),
		expected{action: actionFail, reason: v1alpha1.ReasonConflict}),
	Entry("Never leaves what exists alone, though it is just as the spec says", given(listing(theConfig(otherID))),
		expected{action: actionFail, reason: v1alpha1.ReasonAlreadyExists, says: []string{otherID, "spec.id: " + otherID, "spec.adoptionPolicy: IfExists"}}),
	Entry("Never leaves it alone when forced, too", given(forced, listing(theConfig(otherID))),
		expected{action: actionFail, reason: v1alpha1.ReasonAlreadyExists}),
	Entry("Never leaves it alone when it was sighted before, too", given(sighting(otherID), listing(theConfig(otherID))),
		expected{action: actionFail, reason: v1alpha1.ReasonAlreadyExists}),
	Entry("an adoption policy that is not set is Never",
		given(spec(func(s *v1alpha1.RecordCallbackConfigSpec) { s.AdoptionPolicy = "" }), listing(theConfig(otherID))),
		expected{action: actionFail, reason: v1alpha1.ReasonAlreadyExists}),
)

var _ = DescribeTable("Two resources, one configuration: the holder is named only within its namespace",
	decides,
	Entry("an owner whose configuration an older resource holds does not write",
		given(owning(ownID, adopted), specChanged, heldBy("streaming", "sport", ownID)),
		expected{action: actionFail, reason: v1alpha1.ReasonConflict, says: []string{"The resource sport", "Delete one of the two"}}),
	Entry("nor look", given(owning(ownID, adopted), due, heldBy("streaming", "sport", ownID)),
		expected{action: actionFail, reason: v1alpha1.ReasonConflict}),
	Entry("the domain and app of another resource's configuration, in the namespace",
		given(heldBy("streaming", "sport", otherID), listing(theConfig(otherID))),
		expected{action: actionFail, reason: v1alpha1.ReasonConflict, says: []string{"The resource sport", otherID}}),
	Entry("the domain and app of another resource's configuration, in another namespace",
		given(heldBy("tenant-b", "secret-project", otherID), listing(theConfig(otherID))),
		expected{action: actionFail, reason: v1alpha1.ReasonConflict, says: []string{"A resource in another namespace"}, silent: []string{"secret-project", "tenant-b"}}),
	Entry("spec.id in another namespace", given(specID(ownID), heldBy("tenant-b", "secret-project", ownID)),
		expected{action: actionFail, reason: v1alpha1.ReasonConflict, silent: []string{"secret-project", "tenant-b"}}),
	Entry("another's other configuration is nobody's business", given(owning(ownID, created), specChanged, heldBy("streaming", "sport", otherID)),
		expected{action: actionUpdate, id: ownID}),
)

var _ = DescribeTable("Suspended and observing: never a write",
	decides,
	Entry("suspended, never handled", given(suspend), expected{action: actionNone, keep: true}),
	Entry("suspended, with a change to write", given(owning(ownID, created), specChanged, suspend), expected{action: actionNone, keep: true}),
	Entry("suspended, forced", given(owning(ownID, created), specChanged, suspend, forced), expected{action: actionNone, keep: true}),
	Entry("suspended, observing", given(suspend, observe, due), expected{action: actionNone, keep: true}),
	Entry("observing what is absent creates nothing", given(observe, due, listing()),
		expected{action: actionFail, reason: v1alpha1.ReasonNotFound, says: []string{theDomain, theApp, "Manage"}}),
	Entry("observing needs a list", given(observe, due), expected{action: actionLook}),
	Entry("observing what agrees", given(observe, due, listing(theConfig(otherID))),
		expected{action: actionNone, id: otherID, reason: v1alpha1.ReasonSynced}),
	Entry("observing what differs", given(observe, due, listing(theConfig(otherID, withURL("https://old.example.com/")))),
		expected{action: actionNone, id: otherID, reason: v1alpha1.ReasonDrifted, says: []string{"notifyCallbackURL", "Observe"}}),
	Entry("observing, with IfExists: it is still only observed", given(observe, due, ifExists, listing(theConfig(otherID, withURL("https://old.example.com/")))),
		expected{action: actionNone, id: otherID, reason: v1alpha1.ReasonDrifted}),
	Entry("observing by spec.id", given(observe, due, specID(ownID), listing(theConfig(otherID), theConfig(ownID, withApp("*")))),
		expected{action: actionNone, id: ownID, reason: v1alpha1.ReasonDrifted, says: []string{"app"}}),
	Entry("observing by a spec.id that is not there", given(observe, due, specID(ownID), listing(theConfig(otherID))),
		expected{action: actionFail, reason: v1alpha1.ReasonNotFound, says: []string{ownID}}),
	Entry("observing by spec.id without a list, where listing is forbidden", given(observe, due, specID(ownID), listForbidden),
		expected{action: actionShow, id: ownID}),
	Entry("observing by spec.id what Show shows", given(observe, due, specID(ownID), listForbidden, showing(theConfig(ownID))),
		expected{action: actionNone, id: ownID, reason: v1alpha1.ReasonSynced}),
	Entry("observing where nothing may be read", given(observe, due, specID(ownID), listForbidden, showForbidden),
		expected{action: actionFail, reason: v1alpha1.ReasonForbidden, says: []string{"live:record:listCallbacks", "live:record:getCallback"}}),
	Entry("observing by domain and app where listing is forbidden", given(observe, due, listForbidden),
		expected{action: actionFail, reason: v1alpha1.ReasonForbidden}),
	Entry("observing what it created while it managed", given(observe, due, owning(ownID, created), listing(theConfig(ownID, withApp("moved")), theConfig(otherID))),
		expected{action: actionNone, id: ownID, reason: v1alpha1.ReasonDrifted}),
	Entry("observing a changed spec", given(observe, due, owning(ownID, created), specChanged, listing(theConfig(ownID))),
		expected{action: actionNone, id: ownID, reason: v1alpha1.ReasonSynced}),
	Entry("observing what is gone", given(observe, due, owning(ownID, created), listing()),
		expected{action: actionFail, reason: v1alpha1.ReasonNotFound, says: []string{ownID}}),
	Entry("observing by domain and app what was made anew: a sighting binds to nothing",
		given(observe, due, sighting(ownID), wasReady(v1alpha1.ReasonSynced), listing(theConfig(otherID))),
		expected{action: actionNone, id: otherID, reason: v1alpha1.ReasonSynced}),
	Entry("observing when it is not yet time", given(observe, sighting(ownID), wasReady(v1alpha1.ReasonSynced)),
		expected{action: actionNone, keep: true}),
)

// An observed configuration is written into status.id by its decision's id. If
// that could be another one than the resource owns, the origin of the one would
// become the origin of the other, and a deletion would take what nobody made.
var _ = It("Observing, a resource that owns one configuration never reports another as its own", func() {
	f := given(observe, due, owning(ownID, created), specID(otherID), specChanged,
		listing(theConfig(ownID), theConfig(otherID, withApp("theirs"))))
	decides(f, expected{action: actionFail, reason: v1alpha1.ReasonConflict, says: []string{ownID, otherID}})
})

var _ = Describe("What decide leaves alone", func() {
	It("leaves the facts alone", func() {
		f := given(owning(ownID, created), due, wasReady(v1alpha1.ReasonSynced), corrected(2, "signType"),
			listing(theConfig(ownID, func(c *live.Config) {
				c.NotifyEventSubscription = []string{"RECORD_OVER", "RECORD_FAILED", "RECORD_FAILED"}
			})))
		status, spec := f.status.DeepCopy(), f.spec.DeepCopy()
		remote, _ := f.sight.byID(ownID)
		events := append([]string(nil), remote.NotifyEventSubscription...)

		Expect(decide(f).drift).To(Equal([]string{"notifyEventSubscription"}))

		Expect(&f.status).To(Equal(status))
		Expect(&f.spec).To(Equal(spec))
		Expect(remote.NotifyEventSubscription).To(Equal(events), "a list is shared by all resources of its project")
	})
})
