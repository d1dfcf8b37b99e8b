package credentials

import (
	"context"
	"net/http"

	"github.com/live-operator/live-operator/internal/live"
)

// method is how one kind of credentials authorizes a request. Safe for
// concurrent use.
type method interface {
	// authorize adds headers to req and tells what it used for them, or nil
	// where that can't be renewed.
	authorize(ctx context.Context, t live.Target, req *http.Request) (used *issued, err error)
	// drop forgets what was issued, if it is still what is used: it was not
	// accepted.
	drop(t live.Target, used *issued)
	// forgive forgets that nothing was issued when it was last asked for, so that
	// it is asked for again at the next call.
	forgive(t live.Target)
	// renews tells whether a new token or key can be had without a change of
	// the Secret.
	renews() bool
}

// newMethod is the method of the values' kind.
func newMethod(v Values, o Options) method {
	switch v.kind {
	case KindToken:
		return tokenMethod{values: v}
	case KindAccessKey:
		return keyMethod{values: v, clock: o.Clock}
	case KindPassword:
		return newPasswordMethod(v, o)
	default:
		return newPodMethod(o)
	}
}

// headerToken is what carries a token.
const headerToken = "X-Auth-Token" //nolint:gosec // A header's name.

// tokenMethod sends the Secret's own token.
type tokenMethod struct {
	redacted
	values Values
}

func (m tokenMethod) authorize(_ context.Context, _ live.Target, req *http.Request) (*issued, error) {
	req.Header.Set(headerToken, m.values.get(keyToken))
	return nil, nil
}

func (tokenMethod) drop(live.Target, *issued) {}

func (tokenMethod) forgive(live.Target) {}

func (tokenMethod) renews() bool { return false }
