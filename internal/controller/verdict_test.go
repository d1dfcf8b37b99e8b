package controller

import (
	"slices"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/live-operator/live-operator/api/v1alpha1"
)

// The conditions beside Ready that go with each of its reasons; of several
// sets, any one.
var conditionsOf = map[string][][]string{
	v1alpha1.ReasonSynced:              {{}},
	v1alpha1.ReasonPending:             {{v1alpha1.ConditionReconciling}},
	v1alpha1.ReasonThrottled:           {{v1alpha1.ConditionReconciling}},
	v1alpha1.ReasonAPIUnavailable:      {{v1alpha1.ConditionReconciling}},
	v1alpha1.ReasonCredentialsNotFound: {{v1alpha1.ConditionStalled}},
	v1alpha1.ReasonCredentialsInvalid:  {{v1alpha1.ConditionStalled}},
	v1alpha1.ReasonUnauthorized:        {{v1alpha1.ConditionStalled}},
	v1alpha1.ReasonForbidden:           {{v1alpha1.ConditionStalled}},
	v1alpha1.ReasonRejected:            {{v1alpha1.ConditionStalled}},
	v1alpha1.ReasonNotFound:            {{v1alpha1.ConditionStalled}},
	v1alpha1.ReasonAlreadyExists:       {{v1alpha1.ConditionStalled}},
	v1alpha1.ReasonConflict:            {{v1alpha1.ConditionStalled}},
	v1alpha1.ReasonKeyInvalid:          {{v1alpha1.ConditionStalled}},
	v1alpha1.ReasonDriftPersists:       {{v1alpha1.ConditionStalled}},
	v1alpha1.ReasonDrifted:             {{v1alpha1.ConditionDrifted}},
	v1alpha1.ReasonDeletionBlocked:     {{v1alpha1.ConditionReconciling}, {v1alpha1.ConditionStalled}},
}

// beside are the conditions of a status that are True, but for Ready, and
// Suspended, which depends on the spec alone.
func beside(s *v1alpha1.RecordCallbackConfigStatus) []string {
	kinds := []string{}
	for _, c := range s.Conditions {
		if c.Type != v1alpha1.ConditionReady && c.Type != v1alpha1.ConditionSuspended && c.Status == metav1.ConditionTrue {
			kinds = append(kinds, c.Type)
		}
	}
	slices.Sort(kinds)
	return kinds
}

// expectFlags sees that a verdict asks for the conditions that go with its
// reason, and for something to read.
func expectFlags(v *verdict) {
	GinkgoHelper()
	Expect(conditionsOf).To(HaveKey(v.reason))
	var s v1alpha1.RecordCallbackConfigStatus
	v.apply(&s, 1)
	Expect(conditionsOf[v.reason]).To(ContainElement(beside(&s)), "%s comes with other conditions", v.reason)
	Expect(v.ready).To(Equal(v.reason == v1alpha1.ReasonSynced))
	Expect(v.message).To(MatchRegexp(`^[A-Z].*\.$`), "a message is for a person")
	Expect(len(v.message)).To(BeNumerically("<=", 32768), "the API server takes no longer message")
}

// kstatus is the rule by which Argo CD, Flux and kubectl's users read a status.
func kstatus(s *v1alpha1.RecordCallbackConfigStatus, generation int64) string {
	is := func(kind string) bool { return meta.IsStatusConditionTrue(s.Conditions, kind) }
	switch {
	case s.ObservedGeneration != generation:
		return "InProgress"
	case is(v1alpha1.ConditionReconciling):
		return "InProgress"
	case is(v1alpha1.ConditionStalled):
		return "Failed"
	case is(v1alpha1.ConditionReady):
		return "Current"
	default:
		return "InProgress"
	}
}

// statusIn is a status after that verdict.
func statusIn(v verdict, generation int64) *v1alpha1.RecordCallbackConfigStatus {
	s := &v1alpha1.RecordCallbackConfigStatus{}
	v.apply(s, generation)
	return s
}

var _ = DescribeTable("Every verdict gives the conditions of its reason",
	func(v verdict, reason, kstatusSays string, others ...string) {
		slices.Sort(others)
		if others == nil {
			others = []string{}
		}
		By("from nothing, and from every other verdict")
		for _, before := range []*v1alpha1.RecordCallbackConfigStatus{
			{}, statusIn(synced(ownID), 1), statusIn(pending("Wait."), 1), statusIn(stalled(v1alpha1.ReasonRejected, "Mend."), 1),
			statusIn(drifted(ownID, []string{"app"}, "it is so", "something else"), 1), statusIn(suspended(), 1),
		} {
			v.apply(before, 2)
			ready := meta.FindStatusCondition(before.Conditions, v1alpha1.ConditionReady)
			Expect(ready).NotTo(BeNil())
			Expect(ready.Reason).To(Equal(reason))
			want := metav1.ConditionFalse
			if reason == v1alpha1.ReasonSynced {
				want = metav1.ConditionTrue
			}
			Expect(ready.Status).To(Equal(want))
			Expect(beside(before)).To(Equal(others))
			Expect(before.ObservedGeneration).To(BeEquivalentTo(2))
			for _, c := range before.Conditions {
				Expect(c.ObservedGeneration).To(BeEquivalentTo(2), c.Type)
				Expect(c.Message).NotTo(BeEmpty(), c.Type)
				if c.Type != v1alpha1.ConditionReady {
					Expect(c.Status).To(Equal(metav1.ConditionTrue), "%s is present only while it applies", c.Type)
				}
			}
			Expect(meta.FindStatusCondition(before.Conditions, v1alpha1.ConditionSuspended)).To(BeNil())
			Expect(kstatus(before, 2)).To(Equal(kstatusSays))
			Expect(kstatus(before, 3)).To(Equal("InProgress"), "a spec that was not handled yet")
		}
	},
	Entry("Synced", synced(ownID), v1alpha1.ReasonSynced, "Current"),
	Entry("Synced, unseen", unseen(ownID), v1alpha1.ReasonSynced, "Current"),
	Entry("Pending", pending("Wait."), v1alpha1.ReasonPending, "InProgress", v1alpha1.ConditionReconciling),
	Entry("retried", retrying(v1alpha1.ReasonAPIUnavailable, "Wait."), v1alpha1.ReasonAPIUnavailable, "InProgress", v1alpha1.ConditionReconciling),
	Entry("stalled", stalled(v1alpha1.ReasonRejected, "Mend."), v1alpha1.ReasonRejected, "Failed", v1alpha1.ConditionStalled),
	Entry("Conflict", conflict(ownID, &holder{name: "sport"}), v1alpha1.ReasonConflict, "Failed", v1alpha1.ConditionStalled),
	Entry("DriftPersists", driftPersists(ownID, []string{"app"}), v1alpha1.ReasonDriftPersists, "Failed", v1alpha1.ConditionStalled),
	Entry("Drifted", drifted(ownID, []string{"app"}, "it is so", "something else"), v1alpha1.ReasonDrifted, "InProgress", v1alpha1.ConditionDrifted),
	Entry("DeletionBlocked, retried", blocked("Wait.", true), v1alpha1.ReasonDeletionBlocked, "InProgress", v1alpha1.ConditionReconciling),
	Entry("DeletionBlocked, stalled", blocked("Mend.", false), v1alpha1.ReasonDeletionBlocked, "Failed", v1alpha1.ConditionStalled),
)

var _ = Describe("A verdict in the status", func() {
	It("is not written again when it did not change", func() {
		s := statusIn(synced(ownID), 1)
		s.Conditions[0].LastTransitionTime = metav1.NewTime(time.Unix(1, 0))
		before := s.DeepCopy()
		again := synced(ownID)
		again.apply(s, 1)
		Expect(s).To(Equal(before))
	})

	It("keeps the time of a transition while only the words change", func() {
		s := statusIn(stalled(v1alpha1.ReasonRejected, "Mend."), 1)
		then := metav1.NewTime(time.Unix(1, 0))
		for i := range s.Conditions {
			s.Conditions[i].LastTransitionTime = then
		}
		v := stalled(v1alpha1.ReasonForbidden, "Grant.")
		v.apply(s, 2)
		for _, c := range s.Conditions {
			Expect(c.LastTransitionTime).To(Equal(then), c.Type)
			Expect(c.Message).To(Equal("Grant."), c.Type)
		}
	})

	It("keeps the conditions where there is nothing new, and sees the generation", func() {
		s := statusIn(synced(ownID), 1)
		conditions := slices.Clone(s.Conditions)
		v := unchanged()
		v.apply(s, 1)
		Expect(s.Conditions).To(Equal(conditions))
		Expect(s.ObservedGeneration).To(BeEquivalentTo(1))
	})

	It("says Suspended beside what was true when it was suspended", func() {
		s := statusIn(synced(ownID), 1)
		v := suspended()
		v.apply(s, 2)
		Expect(meta.IsStatusConditionTrue(s.Conditions, v1alpha1.ConditionSuspended)).To(BeTrue())
		Expect(meta.FindStatusCondition(s.Conditions, v1alpha1.ConditionSuspended).ObservedGeneration).To(BeEquivalentTo(2))
		Expect(meta.IsStatusConditionTrue(s.Conditions, v1alpha1.ConditionReady)).To(BeTrue())
		Expect(kstatus(s, 2)).To(Equal("Current"))
	})

	It("says Suspended of what was never handled, which is not Ready", func() {
		s := statusIn(suspended(), 1)
		ready := meta.FindStatusCondition(s.Conditions, v1alpha1.ConditionReady)
		Expect(ready).NotTo(BeNil())
		Expect(ready.Status).To(Equal(metav1.ConditionFalse))
		Expect(ready.Message).To(ContainSubstring("spec.suspend: false"))
		Expect(kstatus(s, 1)).To(Equal("InProgress"))
	})

	It("does not say that work is under way while suspended, and keeps a stall", func() {
		s := statusIn(retrying(v1alpha1.ReasonThrottled, "Wait."), 1)
		v := suspended()
		v.apply(s, 2)
		Expect(beside(s)).To(BeEmpty())

		s = statusIn(stalled(v1alpha1.ReasonRejected, "Mend."), 1)
		v.apply(s, 2)
		Expect(beside(s)).To(Equal([]string{v1alpha1.ConditionStalled}))
	})

	It("ends Suspended with the suspension, and with nothing else", func() {
		s := statusIn(synced(ownID), 1)
		on, off := suspended(), unchanged()
		on.apply(s, 2)
		off.apply(s, 3)
		Expect(meta.FindStatusCondition(s.Conditions, v1alpha1.ConditionSuspended)).To(BeNil())
		Expect(meta.IsStatusConditionTrue(s.Conditions, v1alpha1.ConditionReady)).To(BeTrue())
	})

	It("tells the reason of this generation's Ready only", func() {
		s := statusIn(driftPersists(ownID, []string{"app"}), 4)
		Expect(readyReason(s, 4)).To(Equal(v1alpha1.ReasonDriftPersists))
		Expect(readyReason(s, 5)).To(BeEmpty())
		Expect(readyReason(&v1alpha1.RecordCallbackConfigStatus{}, 0)).To(BeEmpty())
	})

	It("names the fields that drifted, and why they are left", func() {
		v := drifted(ownID, []string{"app", "signType"}, "spec.driftPolicy is Report", "spec.driftPolicy: Correct")
		Expect(v.message).To(And(ContainSubstring("app, signType"), ContainSubstring("because spec.driftPolicy is Report"), ContainSubstring("set spec.driftPolicy: Correct")))
		Expect(meta.FindStatusCondition(statusIn(v, 1).Conditions, v1alpha1.ConditionDrifted).Message).To(Equal(v.message))
	})
})
