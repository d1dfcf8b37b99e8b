package controller

import (
	"fmt"
	"regexp"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/live-operator/live-operator/api/v1alpha1"
	"github.com/live-operator/live-operator/internal/live"
)

// permission is the IAM action of each operation. That of Delete is inferred
// from the others; no page names it.
var permission = map[live.Operation]string{
	live.OperationCreate: "live:record:createCallback",
	live.OperationUpdate: "live:record:updateCallback",
	live.OperationShow:   "live:record:getCallback",
	live.OperationList:   "live:record:listCallbacks",
	live.OperationDelete: "live:record:deleteCallback",
}

// failure is what the conditions say of a failed call.
func failure(e *live.Error, spec *v1alpha1.RecordCallbackConfigSpec) verdict {
	secret := spec.CredentialsSecretRef.Name
	switch e.Class {
	case live.ClassThrottled:
		return retrying(v1alpha1.ReasonThrottled, fmt.Sprintf(
			"The Live API asks for fewer calls (%s). The operator waits and tries again by itself; other clients of the same user share its quota.", answer(e)))
	case live.ClassUnauthorized:
		return stalled(v1alpha1.ReasonUnauthorized, fmt.Sprintf(
			"The credentials in Secret %s were not accepted (%s). Renew them in the Secret, and check that they belong to project %s in region %s; a changed Secret is tried at once.",
			secret, answer(e), spec.ProjectID, spec.Region))
	case live.ClassForbidden:
		return stalled(v1alpha1.ReasonForbidden, fmt.Sprintf(
			"The credentials in Secret %s lack a permission (%s). Grant their user %s, and set the annotation %s to try again at once.",
			secret, answer(e), grant(e.Operation), v1alpha1.AnnotationReconcileRequestedAt))
	case live.ClassNotFound:
		return stalled(v1alpha1.ReasonNotFound, fmt.Sprintf(
			"The configuration does not exist (%s). Correct spec.id in a new resource, or leave it out to have a configuration created.", answer(e)))
	case live.ClassAlreadyExists:
		return stalled(v1alpha1.ReasonAlreadyExists, fmt.Sprintf(
			"The Live API says that a configuration like this exists (%s), but shows none of domain %s and app %s. Look for one of the same domain, and remove it or name it in spec.id.",
			answer(e), spec.PublishDomain, spec.App))
	case live.ClassRejected:
		if e.Operation == live.OperationAuthenticate {
			return stalled(v1alpha1.ReasonRejected, fmt.Sprintf(
				"IAM rejected the request for a token (%s). Check the values in Secret %s, and that project %s is of region %s; a changed Secret is tried at once.",
				answer(e), secret, spec.ProjectID, spec.Region))
		}
		return stalled(v1alpha1.ReasonRejected, fmt.Sprintf(
			"The Live API rejected the %s (%s). Check the fields of spec, and that the domain %s is an ingest domain of project %s; a changed spec is tried at once.",
			noun(e.Operation), answer(e), spec.PublishDomain, spec.ProjectID))
	default:
		return retrying(v1alpha1.ReasonAPIUnavailable, fmt.Sprintf(
			"The %s failed (%s). The operator tries again by itself; if it lasts, check the endpoint and the network, or ask the vendor's support with the request ID in status.lastError.",
			noun(e.Operation), answer(e)))
	}
}

// blockedBy is what the conditions say of a deletion that a failure holds up.
func blockedBy(v verdict) verdict {
	return blocked("The remote configuration is not deleted yet. "+v.message+" Or set spec.deletionPolicy: Retain to leave the remote configuration and let this resource go.", v.reconciling)
}

func grant(op live.Operation) string {
	if p, ok := permission[op]; ok {
		return "the IAM action " + p
	}
	return "access to the project"
}

func noun(op live.Operation) string {
	if op == live.OperationAuthenticate {
		return "authentication with IAM"
	}
	return strings.ToLower(string(op)) + " call"
}

// answer is the error in a few words, without what changes from call to call.
func answer(e *live.Error) string {
	var words []string
	if e.HTTPStatus != 0 {
		words = append(words, fmt.Sprintf("HTTP %d", e.HTTPStatus))
	}
	if e.Code != "" {
		words = append(words, e.Code)
	}
	message := e.Message
	if e.RequestID != "" {
		message = strings.ReplaceAll(message, e.RequestID, "...")
		if uuid := requestUUID.FindString(e.RequestID); uuid != "" {
			message = strings.ReplaceAll(message, uuid, "...")
		}
	}
	const enough = 200
	if len(message) > enough {
		message = strings.ToValidUTF8(message[:enough], "") + "..."
	}
	if message != "" {
		words = append(words, message)
	}
	if len(words) == 0 {
		return string(e.Class)
	}
	return strings.Join(words, " ")
}

// requestUUID is what a request ID of the documented form begins with.
var requestUUID = regexp.MustCompile(`^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}`)

// record writes a failed call into the status.
func record(s *v1alpha1.RecordCallbackConfigStatus, e *live.Error, now metav1.Time) {
	s.LastError = &v1alpha1.CallError{
		Operation:  string(e.Operation),
		HTTPStatus: int32(e.HTTPStatus), //nolint:gosec // Three digits.
		Code:       e.Code,
		Message:    live.CleanMessage(e.Message),
		RequestID:  e.RequestID,
		Time:       now,
	}
	if e.RequestID != "" {
		s.RequestID = e.RequestID
	}
}
