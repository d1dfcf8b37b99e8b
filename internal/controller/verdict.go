package controller

import (
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/live-operator/live-operator/api/v1alpha1"
)

// verdict is what the conditions say. Its message is for a person, says what to
// do, and holds no request ID, time or secret, so that it does not churn.
type verdict struct {
	// keep: the conditions are right as they are.
	keep    bool
	ready   bool
	reason  string
	message string
	// reconciling and stalled are the kstatus conditions beside Ready.
	reconciling, stalled bool
	drifted              bool
	suspended            bool
	// notice is a reason to tell by an event, though Ready stays True.
	notice string
}

func unchanged() verdict { return verdict{keep: true} }

func suspended() verdict { return verdict{keep: true, suspended: true} }

func synced(id string) verdict {
	return verdict{ready: true, reason: v1alpha1.ReasonSynced,
		message: fmt.Sprintf("The configuration %s agrees with the spec.", id)}
}

// unseen is for credentials that may write but not read.
func unseen(id string) verdict {
	return verdict{ready: true, reason: v1alpha1.ReasonSynced, notice: "DriftUnseen",
		message: fmt.Sprintf("The configuration %s was written as the spec says. Changes by others are not looked for, because the credentials may neither list nor show configurations. "+
			"To have them found, grant the IAM action live:record:listCallbacks or live:record:getCallback.", id)}
}

func pending(message string) verdict {
	return verdict{reason: v1alpha1.ReasonPending, message: message, reconciling: true}
}

func stalled(reason, message string) verdict {
	return verdict{reason: reason, message: message, stalled: true}
}

func retrying(reason, message string) verdict {
	return verdict{reason: reason, message: message, reconciling: true}
}

func blocked(message string, retried bool) verdict {
	return verdict{reason: v1alpha1.ReasonDeletionBlocked, message: message, reconciling: retried, stalled: !retried}
}

func drifted(id string, fields []string, why, instead string) verdict {
	return verdict{reason: v1alpha1.ReasonDrifted, drifted: true,
		message: fmt.Sprintf("The configuration %s differs from the spec in %s. It is not corrected, because %s. "+
			"To have it corrected, set %s; to keep it as it is, change the spec.", id, strings.Join(fields, ", "), why, instead)}
}

func driftPersists(id string, fields []string) verdict {
	return stalled(v1alpha1.ReasonDriftPersists, fmt.Sprintf(
		"The configuration %s differs in %s again after %d corrections, so it is no longer corrected. "+
			"Find who else writes it, or what the API makes of the value; then change the spec, or set the annotation %s to try again.",
		id, strings.Join(fields, ", "), maxCorrections, v1alpha1.AnnotationReconcileRequestedAt))
}

// conflict names the other resource only to those who share its namespace.
func conflict(id string, h *holder) verdict {
	who := "A resource in another namespace"
	if h.sameNamespace {
		who = "The resource " + h.name
	}
	return stalled(v1alpha1.ReasonConflict, fmt.Sprintf(
		"%s already keeps the configuration %s. Nothing was written. Delete one of the two resources; this one takes over by itself where its spec allows.", who, id))
}

// readyReason is the reason of the Ready condition, if it is of that generation.
func readyReason(s *v1alpha1.RecordCallbackConfigStatus, generation int64) string {
	c := meta.FindStatusCondition(s.Conditions, v1alpha1.ConditionReady)
	if c == nil || c.ObservedGeneration != generation {
		return ""
	}
	return c.Reason
}

// apply writes the verdict into the status, for that generation.
func (v *verdict) apply(s *v1alpha1.RecordCallbackConfigStatus, generation int64) {
	s.ObservedGeneration = generation
	set := func(kind string, status bool, reason, message string) {
		c := metav1.Condition{Type: kind, Status: metav1.ConditionTrue, Reason: reason, Message: message, ObservedGeneration: generation}
		if !status {
			c.Status = metav1.ConditionFalse
		}
		meta.SetStatusCondition(&s.Conditions, c)
	}
	present := func(kind string, is bool, reason, message string) {
		if is {
			set(kind, true, reason, message)
		} else {
			meta.RemoveStatusCondition(&s.Conditions, kind)
		}
	}
	present(v1alpha1.ConditionSuspended, v.suspended, v1alpha1.ReasonSuspended,
		"Nothing is read or written while spec.suspend is true.")
	if v.suspended {
		// What was under way is not under way now.
		meta.RemoveStatusCondition(&s.Conditions, v1alpha1.ConditionReconciling)
		if meta.FindStatusCondition(s.Conditions, v1alpha1.ConditionReady) == nil {
			set(v1alpha1.ConditionReady, false, v1alpha1.ReasonPending, "The resource was suspended before it was first handled. Set spec.suspend: false.")
		}
	}
	if v.keep {
		return
	}
	set(v1alpha1.ConditionReady, v.ready, v.reason, v.message)
	present(v1alpha1.ConditionReconciling, v.reconciling, v.reason, v.message)
	present(v1alpha1.ConditionStalled, v.stalled, v.reason, v.message)
	present(v1alpha1.ConditionDrifted, v.drifted, v.reason, v.message)
}
