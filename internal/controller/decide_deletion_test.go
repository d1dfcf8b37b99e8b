package controller

import (
	"fmt"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/live-operator/live-operator/api/v1alpha1"
)

const (
	unset      = v1alpha1.DeletionPolicy("")
	deleteIt   = v1alpha1.DeletionDelete
	retainIt   = v1alpha1.DeletionRetain
	noOrigin   = v1alpha1.Origin("")
	unreadable = "not a time"
)

var _ = Describe("Delete: by policy and origin", func() {
	for _, c := range []struct {
		policy  v1alpha1.DeletionPolicy
		origin  v1alpha1.Origin
		deletes bool
	}{
		{unset, created, true},
		{unset, adopted, false},
		{unset, noOrigin, true},
		{deleteIt, created, true},
		{deleteIt, adopted, true},
		{deleteIt, noOrigin, true},
		{retainIt, created, false},
		{retainIt, adopted, false},
		{retainIt, noOrigin, false},
	} {
		It(fmt.Sprintf("policy %q, origin %q: the configuration is deleted is %v, and never under Observe", c.policy, c.origin, c.deletes), func() {
			spec := theSpec()
			spec.DeletionPolicy = c.policy
			Expect(deletes(&spec, c.origin)).To(Equal(c.deletes))
			spec.ManagementPolicy = v1alpha1.ManagementObserve
			Expect(deletes(&spec, c.origin)).To(BeFalse())
			if c.origin == noOrigin {
				return
			}
			want := expected{action: actionRelease}
			if c.deletes {
				want = expected{action: actionDelete, id: ownID}
			}
			decides(given(owning(ownID, c.origin), deletion(c.policy), deleting), want)
			By("observing")
			decides(given(owning(ownID, c.origin), deletion(c.policy), deleting, observe), expected{action: actionRelease})
			By("whatever else is to be said of the resource")
			decides(given(owning(ownID, c.origin), deletion(c.policy), deleting, specID(otherID), specChanged, due, listing(),
				func(f *facts) { f.keyProblem = "no key" }), want)
		})
	}
})

var _ = DescribeTable("Delete: what holds the resource, and what frees it",
	decides,
	Entry("no finalizer: there is nothing to do", given(owning(ownID, created), func(f *facts) { f.deleting = true }),
		expected{action: actionNone, keep: true}),
	Entry("nothing was ever made", given(deleting), expected{action: actionRelease}),
	Entry("nothing was ever made, deletionPolicy Delete", given(deleting, deletion(deleteIt)), expected{action: actionRelease}),
	Entry("a sighting is not deleted, deletionPolicy Delete", given(deleting, sighting(otherID), deletion(deleteIt)), expected{action: actionRelease}),
	Entry("what spec.id names and was never taken over is not deleted", given(deleting, specID(otherID), deletion(deleteIt)), expected{action: actionRelease}),
	Entry("what another resource holds is not deleted", given(deleting, owning(ownID, created), heldBy("streaming", "sport", ownID)), expected{action: actionRelease}),
	Entry("suspended: no call, and the condition says what to do", given(deleting, owning(ownID, created), suspend),
		expected{action: actionFail, reason: v1alpha1.ReasonDeletionBlocked, says: []string{"suspended", "spec.suspend: false", "Retain"}}),
	Entry("suspended, and a POST may have been made: no call", given(deleting, marked(markTime), suspend),
		expected{action: actionFail, reason: v1alpha1.ReasonDeletionBlocked}),
	Entry("suspended, Retain", given(deleting, owning(ownID, created), suspend, deletion(retainIt)), expected{action: actionRelease}),
	Entry("suspended, adopted", given(deleting, owning(ownID, adopted), suspend), expected{action: actionRelease}),
	Entry("suspended, Observe", given(deleting, owning(ownID, created), suspend, observe), expected{action: actionRelease}),
	Entry("suspended, nothing was ever made", given(deleting, suspend), expected{action: actionRelease}),
	Entry("Retain frees without a look at what a POST may have made", given(deleting, marked(markTime), deletion(retainIt)), expected{action: actionRelease}),
	Entry("Retain frees where listing is forbidden", given(deleting, marked(markTime), deletion(retainIt), listForbidden), expected{action: actionRelease}),
)

var _ = DescribeTable("Delete: a POST was announced, and what came of it was never written down",
	decides,
	Entry("it is looked for", given(deleting, marked(markTime)), expected{action: actionLook}),
	Entry("found", given(deleting, marked(markTime), listing(theConfig(ownID))), expected{action: actionDelete, id: ownID}),
	Entry("found, while the POST might still be on its way", given(deleting, marked(markTime), quietUntil(listedAt.Add(time.Hour)), listing(theConfig(ownID))),
		expected{action: actionDelete, id: ownID}),
	Entry("not found", given(deleting, marked(markTime), listing()), expected{action: actionRelease}),
	Entry("not found, and the POST might still be on its way", given(deleting, marked(markTime), quietUntil(listedAt.Add(time.Second)), listing()),
		expected{action: actionWait, until: listedAt.Add(time.Second), reason: v1alpha1.ReasonDeletionBlocked}),
	Entry("not found, when the POST can't be on its way any more", given(deleting, marked(markTime), quietUntil(listedAt), listing()),
		expected{action: actionRelease}),
	Entry("one older than the mark is somebody else's", given(deleting, marked(markTime), listing(theConfig(otherID, createdAt("2026-03-01T11:59:59Z")))),
		expected{action: actionRelease}),
	Entry("one older than the mark is somebody else's, IfExists", given(deleting, marked(markTime), ifExists, deletion(deleteIt), listing(theConfig(otherID, createdAt("2026-03-01T11:59:59Z")))),
		expected{action: actionRelease}),
	Entry("one that does not tell its time is somebody else's", given(deleting, marked(markTime), listing(theConfig(otherID, createdAt("")))),
		expected{action: actionRelease}),
	Entry("one whose time can't be read is somebody else's", given(deleting, marked(markTime), listing(theConfig(otherID, createdAt(unreadable)))),
		expected{action: actionRelease}),
	Entry("one that another resource holds is that one's", given(deleting, marked(markTime), heldBy("streaming", "sport", ownID), listing(theConfig(ownID))),
		expected{action: actionRelease}),
	Entry("one of another app is not it", given(deleting, marked(markTime), listing(theConfig(ownID, withApp("*")))), expected{action: actionRelease}),
	Entry("one that spec.id names was somebody else's before, whatever its age", given(deleting, marked(markTime), specID(ownID), listing(theConfig(ownID))),
		expected{action: actionRelease}),
	Entry("listing is forbidden", given(deleting, marked(markTime), listForbidden),
		expected{action: actionFail, reason: v1alpha1.ReasonDeletionBlocked, says: []string{"live:record:listCallbacks", "Retain"}}),
	Entry("a list from before that is good enough to delete by", given(deleting, marked(markTime), listForbidden, listing(theConfig(ownID))),
		expected{action: actionDelete, id: ownID}),
	Entry("a sighting does not stand in for it", given(deleting, marked(markTime), sighting(otherID), listing(theConfig(ownID))),
		expected{action: actionDelete, id: ownID}),
)

var _ = It("Delete: a suspended resource still shows that it is suspended", func() {
	v := decide(given(deleting, owning(ownID, created), suspend)).verdict
	Expect(v.suspended).To(BeTrue(), "the condition Suspended is True while spec.suspend is true")
})
