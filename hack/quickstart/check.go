package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/live-operator/live-operator/api/v1alpha1"
	"github.com/live-operator/live-operator/test/livesim"
)

// The error that the API gives for an ingest domain that it does not know.
const (
	rejectedStatus  = http.StatusBadRequest
	rejectedCode    = "LIVE.100011001"
	rejectedMessage = "Request Illegal"
)

// findings are the checks of the show that did not hold, each for a person.
type findings []error

func (f *findings) check(holds bool, format string, args ...any) {
	if !holds {
		*f = append(*f, fmt.Errorf(format, args...))
	}
}

// checkCall says what is wrong with the calls that reached the API for a new
// resource: it is to be one PUT, by the Secret's token, of what the spec says.
func checkCall(resource *v1alpha1.RecordCallbackConfig, calls []livesim.Call, credential string, status int) findings {
	var f findings
	f.check(len(calls) == 1, "%d calls for one change of %s: %v; it is to be one PUT", len(calls), resource.Name, calls)
	if len(calls) == 0 {
		return f
	}
	call, spec := calls[0], resource.Spec
	path := "/v1/" + spec.ProjectID + "/record/callbacks/" + spec.ID
	f.check(call.Method == http.MethodPut && call.Path == path, "the call was %s %s, and is to be PUT %s", call.Method, call.Path, path)
	// Where the simulator was told to reject the call, it did so before it looked.
	f.check(call.Credential == credential || call.Fault != "", "the call was not made with the Secret's token, but with %q", call.Credential)
	f.check(call.Status == status, "the API answered %d %s, and not %d", call.Status, call.Code, status)
	f.check(call.RequestID != "", "the API answered without a request ID")
	want := desiredBody(spec)
	var got map[string]any
	if err := json.Unmarshal([]byte(call.Body), &got); err != nil {
		f.check(false, "the body is not JSON: %w: %s", err, call.Body)
	} else {
		f.check(reflect.DeepEqual(got, want), "the body has %v, and the spec says %v", got, want)
	}
	return f
}

// desiredBody is what a PUT for the spec is to hold, as JSON decodes it: the
// fields that the spec sets, and no others. It is written anew here, because
// the operator's own code would agree with itself.
func desiredBody(spec v1alpha1.RecordCallbackConfigSpec) map[string]any {
	body := map[string]any{"publish_domain": spec.PublishDomain, "app": spec.App}
	for name, value := range map[string]string{
		"notify_callback_url":    spec.NotifyCallbackURL,
		"on_demand_callback_url": spec.OnDemandCallbackURL,
		"sign_type":              string(spec.SignType),
	} {
		if value != "" {
			body[name] = value
		}
	}
	if len(spec.NotifyEventSubscription) > 0 {
		events := []any{}
		for _, event := range spec.NotifyEventSubscription {
			events = append(events, string(event))
		}
		body["notify_event_subscription"] = events
	}
	return body
}

// checkReady says what is wrong with the status of a resource whose call the
// API took.
func checkReady(resource *v1alpha1.RecordCallbackConfig, call livesim.Call) findings {
	var f findings
	status := resource.Status
	f.checkCondition(resource, metav1.ConditionTrue, v1alpha1.ReasonSynced)
	f.check(status.RequestID == call.RequestID, "the status has the request ID %q, and the API answered %q", status.RequestID, call.RequestID)
	f.check(status.ID == resource.Spec.ID, "the status has the ID %q, and the spec says %q", status.ID, resource.Spec.ID)
	f.check(status.LastError == nil, "the status has an error: %+v", status.LastError)
	return f
}

// checkRejected says what is wrong with the status of a resource whose call
// the API rejected.
func checkRejected(resource *v1alpha1.RecordCallbackConfig, call livesim.Call) findings {
	var f findings
	f.checkCondition(resource, metav1.ConditionFalse, v1alpha1.ReasonRejected)
	last := resource.Status.LastError
	if last == nil {
		f.check(false, "the status has no lastError")
		return f
	}
	f.check(last.Operation == "Update", "the error is of the operation %s, and not Update", last.Operation)
	f.check(last.HTTPStatus == rejectedStatus, "the error has the HTTP status %d, and not %d", last.HTTPStatus, rejectedStatus)
	f.check(last.Code == rejectedCode, "the error has the code %q, and not %s", last.Code, rejectedCode)
	f.check(last.Message == rejectedMessage, "the error has the message %q, and not %q", last.Message, rejectedMessage)
	f.check(last.RequestID == call.RequestID, "the error has the request ID %q, and the API answered %q", last.RequestID, call.RequestID)
	return f
}

func (f *findings) checkCondition(resource *v1alpha1.RecordCallbackConfig, status metav1.ConditionStatus, reason string) {
	ready := meta.FindStatusCondition(resource.Status.Conditions, v1alpha1.ConditionReady)
	if ready == nil {
		f.check(false, "the status has no condition Ready")
		return
	}
	f.check(ready.Status == status && ready.Reason == reason,
		"Ready is %s, %s (%s), and is to be %s, %s", ready.Status, ready.Reason, ready.Message, status, reason)
	f.check(ready.ObservedGeneration == resource.Generation,
		"Ready is of generation %d, and the resource has %d", ready.ObservedGeneration, resource.Generation)
}

// checkStored says whether the API now has what the spec says.
func checkStored(resource *v1alpha1.RecordCallbackConfig, sim *livesim.Simulator) findings {
	var f findings
	stored, found := sim.Config(resource.Spec.ProjectID, resource.Spec.ID)
	f.check(found, "the API has no configuration %s any more", resource.Spec.ID)
	f.check(stored.NotifyCallbackURL == resource.Spec.NotifyCallbackURL,
		"the API has the callback URL %q, and the spec says %q", stored.NotifyCallbackURL, resource.Spec.NotifyCallbackURL)
	return f
}
