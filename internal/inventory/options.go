package inventory

import (
	"context"
	"time"

	"github.com/live-operator/live-operator/internal/live"
	"github.com/live-operator/live-operator/internal/ratelimit"
)

// Defaults of Options. The API allows a limit of 1 to 100 and an offset of 0 to
// 4096 (vendor's page on the list of recording callbacks).
const (
	DefaultListTimeout = 5 * time.Minute
	DefaultPageSize    = 100
	DefaultMaxOffset   = 4096
	DefaultIdleAfter   = 24 * time.Hour
)

// Lister reads one page of a list; *live.Client is one. Its errors are
// *live.Error. It must be safe for concurrent use.
type Lister interface {
	List(ctx context.Context, t live.Target, a live.Authorizer, q live.Query) (live.Page, live.Meta, error)
}

// Budget says when a page may be asked for; *ratelimit.Budget is one, and says
// what the methods mean.
type Budget interface {
	Take(project, owner string, p ratelimit.Priority) time.Duration
	Pause(project string, retryAfter time.Duration) time.Duration
	Succeeded(project string)
	Forget(owner string)
}

// Credential is what a list is made with.
type Credential struct {
	// ID is the same for the same credentials only: the UID and resource version
	// of a Secret.
	ID string
	// Authorizer proves them to the API.
	Authorizer live.Authorizer
}

// String is the ID: the rest is nobody's business.
func (c Credential) String() string { return c.ID }

// GoString is the ID, too.
func (c Credential) GoString() string { return c.ID }

// Clock tells the time, and lets a list wait. Its times should have a monotonic
// reading, as those of time.Now do: then a wall clock that is set does no harm.
type Clock interface {
	Now() time.Time
	// After gives a channel on which a time comes once d has passed.
	After(d time.Duration) <-chan time.Time
}

// systemClock is the system's.
type systemClock struct{}

// Now is time.Now.
func (systemClock) Now() time.Time { return time.Now() }

// After is time.After.
func (systemClock) After(d time.Duration) <-chan time.Time { return time.After(d) }

// Options of an Inventory.
type Options struct {
	// Lister reads pages; required.
	Lister Lister
	// Budget is what the pages are counted against; required.
	Budget Budget
	// Context ends all lists when it does; nil: nothing ends them.
	Context context.Context
	// ListTimeout bounds a whole list, with its waits for the budget; 0 means
	// DefaultListTimeout.
	ListTimeout time.Duration
	// Clock tells the time; nil: the system's.
	Clock Clock
	// PageSize is the limit of a page, 1 to 100; 0 means DefaultPageSize.
	PageSize int
	// MaxOffset is the largest offset of a page; 0 means DefaultMaxOffset.
	MaxOffset int
	// IdleAfter is how long a project, or a credential, must not be asked for to
	// be dropped from memory; 0 means DefaultIdleAfter.
	IdleAfter time.Duration
}

// withDefaults is o with all that was left out.
func (o Options) withDefaults() Options {
	if o.Context == nil {
		o.Context = context.Background()
	}
	if o.ListTimeout <= 0 {
		o.ListTimeout = DefaultListTimeout
	}
	if o.Clock == nil {
		o.Clock = systemClock{}
	}
	if o.PageSize <= 0 || o.PageSize > DefaultPageSize {
		o.PageSize = DefaultPageSize
	}
	if o.MaxOffset <= 0 {
		o.MaxOffset = DefaultMaxOffset
	}
	if o.IdleAfter <= 0 {
		o.IdleAfter = DefaultIdleAfter
	}
	return o
}

// Project names the budget that the lists of a target draw on. Other calls of
// the project have to draw on the same.
func Project(t live.Target) string { return t.Region + "/" + t.ProjectID }
