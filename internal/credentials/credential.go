package credentials

import (
	"context"
	"net/http"
	"time"

	"github.com/live-operator/live-operator/internal/live"
)

// Credential is what one version of a Secret was turned into. It reads
// "[redacted]" however it is printed; use ID and Kind to tell which it is.
// Safe for concurrent use.
type Credential struct {
	redacted
	source Source
	*core
}

// core is what two versions of a Secret share that hold the same values: tokens
// need not be asked for again, nor what is known to fail be found out again.
type core struct {
	redacted
	values   Values
	method   method
	standing *standing
}

func newCore(v Values, o Options) *core {
	m := newMethod(v, o)
	s := newStanding(o.Clock, m.renews())
	s.onRest = o.OnRest
	return &core{values: v, method: m, standing: s}
}

// ID is the Secret's UID and resourceVersion, with a slash between them.
func (c *Credential) ID() string { return c.source.UID + "/" + c.source.ResourceVersion }

// Source is the version of the Secret that the credential was read from.
func (c *Credential) Source() Source { return c.source }

// Kind of the credentials.
func (c *Credential) Kind() Kind { return c.values.kind }

// Begin asks to make a call to that project, and never blocks. It gives a
// lease, whose Done must be called when the call has ended, whatever came of
// it; or no lease, and the time after which to ask again:
//
//   - with an error while the credential rests, since it was not accepted. The
//     error is the *live.Error of the last such call, which was perhaps another
//     resource's. The wait is at most 5 minutes.
//   - without an error while somebody else finds out whether it works. The wait
//     is from 200 ms to 10 s.
func (c *Credential) Begin(t live.Target) (lease *Lease, wait time.Duration, err error) {
	l := &Lease{core: c.core, target: t}
	ok, wait, why := c.standing.begin(l)
	switch {
	case ok:
		return l, 0, nil
	case why != nil:
		return nil, wait, why
	default:
		return nil, wait, nil
	}
}

// Wait is Begin for goroutines that have time: it waits while somebody else
// finds out whether the credential works. It does not wait for the end of a
// rest. Its error is a *live.Error of OperationAuthenticate or of the call that
// was not authorized.
func (c *Credential) Wait(ctx context.Context, t live.Target) (*Lease, error) {
	for {
		changed := c.standing.next()
		lease, wait, err := c.Begin(t)
		if lease != nil || err != nil {
			return lease, err
		}
		timer := time.NewTimer(wait)
		select {
		case <-changed:
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return nil, &live.Error{
				Operation: live.OperationAuthenticate,
				Class:     live.ClassUnavailable,
				Message:   "another call that tries the same credentials has not been answered yet",
				Err:       ctx.Err(),
			}
		}
		timer.Stop()
	}
}

// Resting tells whether the credential rests for that project, until when, and
// the error of the call that was not accepted. It takes no turn.
func (c *Credential) Resting(t live.Target) (until time.Time, why *live.Error, resting bool) {
	until, why = c.standing.state(t)
	return until, why, !until.IsZero()
}

// Nudge ends a rest early because a person asks for it, so that one call to
// that project may try. It tells whether it did: once a minute at most for all
// resources of a Secret together.
func (c *Credential) Nudge(t live.Target) bool {
	if !c.standing.nudge(t) {
		return false
	}
	c.method.forgive(t)
	return true
}

// For is the credential as used for one project.
func (c *Credential) For(t live.Target) *Access {
	return &Access{credential: c, target: t}
}

// Access is a Credential together with a project. It reads "[redacted]" however
// it is printed. Safe for concurrent use.
type Access struct {
	redacted
	credential *Credential
	target     live.Target
}

// Authorize makes an Access a live.Authorizer that asks nobody for a turn. Its
// calls neither count for a rest nor obey one: prefer Call.
func (a *Access) Authorize(ctx context.Context, req *http.Request) error {
	_, err := a.credential.method.authorize(ctx, a.target, req)
	return err
}

// Call makes a call under a lease, for which it may wait; see Wait. A call that
// was not accepted is made once more, with a new token or key, where such can be
// had. Its error is the call's own, or of the lease.
func (a *Access) Call(ctx context.Context, call func(live.Authorizer) error) error {
	again, err := a.once(ctx, call)
	if again && a.credential.method.renews() {
		_, err = a.once(ctx, call)
	}
	return err
}

func (a *Access) once(ctx context.Context, call func(live.Authorizer) error) (again bool, err error) {
	lease, err := a.credential.Wait(ctx, a.target)
	if err != nil {
		return false, err
	}
	// Also where the call panics, which says nothing.
	err = errUnexpected
	defer func() { again = lease.Done(err) }()
	err = call(lease)
	return false, err
}
