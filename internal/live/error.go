package live

import (
	"errors"
	"strconv"
	"strings"
	"time"
)

// Operation is what a call was about, as the resource's status names it.
type Operation string

// The five operations of the API, and the authentication before them.
const (
	OperationCreate Operation = "Create"
	OperationUpdate Operation = "Update"
	OperationShow   Operation = "Show"
	OperationList   Operation = "List"
	OperationDelete Operation = "Delete"
	// OperationAuthenticate is a call to IAM, or the signing of a request.
	OperationAuthenticate Operation = "Authenticate"
)

// Class says what can be done about an error.
type Class string

const (
	// ClassThrottled says that the project has used up its budget of calls. Wait.
	ClassThrottled Class = "Throttled"
	// ClassUnavailable says that the API, a gateway or the network failed, not the
	// request. Try again later.
	ClassUnavailable Class = "Unavailable"
	// ClassUnauthorized says that the credentials were not accepted.
	ClassUnauthorized Class = "Unauthorized"
	// ClassForbidden says that the credentials are good, and lack the permission.
	ClassForbidden Class = "Forbidden"
	// ClassNotFound says that the service itself says that the configuration does not
	// exist. A gateway's or a proxy's 404 is ClassUnavailable, and to a create or a
	// list, which name no configuration, it is ClassRejected.
	ClassNotFound Class = "NotFound"
	// ClassAlreadyExists says that there is a configuration of that domain and app.
	ClassAlreadyExists Class = "AlreadyExists"
	// ClassRejected says that the request can't succeed as it stands.
	ClassRejected Class = "Rejected"
)

// ErrTimeout is the Err of an Error whose call, or whose connection, took
// longer than the client allows. Unlike an end of the caller's own context it
// matches neither context.Canceled nor context.DeadlineExceeded.
var ErrTimeout = errors.New("no answer in time")

// Error is a call that did not succeed. It is not changed once returned, so it
// may be shared.
type Error struct {
	// Operation that failed: OperationAuthenticate where the request was not
	// sent for want of a token or a signature.
	Operation Operation
	// HTTPStatus of the answer; 0 where there was none.
	HTTPStatus int
	// Code is the API's error code, such as LIVE.100011001, at most 64 bytes;
	// empty where the answer held none.
	Code string
	// Message is for a person: one line of valid UTF-8, at most 1,024 bytes. It
	// stays the same for as long as the failure does: no request IDs, times or
	// addresses of this side. See CleanMessage.
	Message string
	// RequestID of the answer, at most 256 bytes; see Meta.
	RequestID string
	// RetryAfter is how long the answer asks to wait, at most an hour; 0 where
	// it does not say.
	RetryAfter time.Duration
	// Class says what can be done about it; never empty.
	Class Class
	// Uncertain tells that the call may have had its effect all the same: there
	// was no answer to a request that may have been sent, or a success that
	// can't be read, or any 5xx, or LIVE.103011021. It is false where no
	// connection came about, and for every other 4xx.
	Uncertain bool
	// Err is the cause where there was no readable answer, else nil. It is for
	// errors.Is and errors.As; its text may hold addresses, so show Message.
	Err error
}

// Error reads "update: 400 LIVE.100011001: Request Illegal", less what is not
// known. It holds no request ID, so that it does not change from try to try.
func (e *Error) Error() string {
	parts := make([]string, 0, 3)
	if e.Operation != "" {
		parts = append(parts, strings.ToLower(string(e.Operation)))
	}
	var answer []string
	if e.HTTPStatus != 0 {
		answer = append(answer, strconv.Itoa(e.HTTPStatus))
	}
	if e.Code != "" {
		answer = append(answer, e.Code)
	}
	if len(answer) > 0 {
		parts = append(parts, strings.Join(answer, " "))
	}
	switch {
	case e.Message != "":
		parts = append(parts, e.Message)
	case len(answer) == 0:
		parts = append(parts, string(e.Class))
	}
	return strings.Join(parts, ": ")
}

// Unwrap gives the cause, for errors.Is and errors.As.
func (e *Error) Unwrap() error {
	return e.Err
}

// AsError finds the *Error in err's chain.
func AsError(err error) (*Error, bool) {
	return errors.AsType[*Error](err)
}

// Limits on what an answer may put into an Error, in bytes.
const (
	maxCode      = 64
	maxRequestID = 256
	maxMessage   = 1024
)
