package credentials

import (
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/live-operator/live-operator/internal/live"
)

// Lease is the right to make a call to one project with a Credential. It is the
// live.Authorizer of that call, or of several one after the other. It reads
// "[redacted]" however it is printed. Safe for concurrent use.
type Lease struct {
	redacted
	core   *core
	target live.Target

	// Written by standing alone, under its lock. The epochs are those of the
	// place and of the whole when it began.
	begun           time.Time
	epoch, epochAll int

	mu   sync.Mutex
	sent bool
	used *issued
	done bool
}

var _ live.Authorizer = (*Lease)(nil)

// Authorize implements live.Authorizer.
func (l *Lease) Authorize(ctx context.Context, req *http.Request) error {
	used, err := l.core.method.authorize(ctx, l.target, req)
	if err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.sent, l.used = true, used
	return nil
}

// Done ends the lease with what the call returned, nil for a success. A lease
// under which no call was made says nothing about the credential. Further calls
// do nothing.
//
// Again is true if the credential was not accepted and may be tried once more:
// read the Secret anew, and begin again with what it holds now. If that is the
// same, what renews by itself (a token of IAM's, a pod's keys) will be renewed.
// Of all that share a credential one is told so, not each.
func (l *Lease) Done(err error) (again bool) {
	l.mu.Lock()
	if l.done {
		l.mu.Unlock()
		return false
	}
	l.done = true
	o, e := judge(l.sent, err)
	used := l.used
	l.mu.Unlock()

	if o == notAccepted && e.Operation != live.OperationAuthenticate {
		l.core.method.drop(l.target, used)
	}
	return l.core.standing.end(l, o, e)
}

// judge says what a call's error tells about the credentials, given whether
// they were sent.
func judge(sent bool, err error) (outcome, *live.Error) {
	if err == nil {
		if sent {
			return accepted, nil
		}
		return nothing, nil
	}
	e, ok := live.AsError(err)
	switch {
	case !ok:
		return nothing, nil
	case refused(e):
		return notAccepted, e
	case !sent || e.Operation == live.OperationAuthenticate:
		return nothing, nil
	case e.Class == live.ClassForbidden, e.Class == live.ClassNotFound, e.Class == live.ClassAlreadyExists:
		// The service knows who asked.
		return accepted, nil
	case e.Class == live.ClassRejected && e.Code != "":
		return accepted, nil
	default:
		// Throttled and Unavailable may come from what stands before the service.
		return nothing, nil
	}
}

// refused tells whether an error means that the credentials are not accepted:
// by the Live API, or by IAM in whatever words.
func refused(e *live.Error) bool {
	if e.Class == live.ClassUnauthorized {
		return true
	}
	return e.Operation == live.OperationAuthenticate && e.HTTPStatus != 0 &&
		(e.Class == live.ClassForbidden || e.Class == live.ClassRejected)
}
