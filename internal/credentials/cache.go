package credentials

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"github.com/live-operator/live-operator/internal/live"
)

// DefaultIAMTemplate is the public cloud's address of IAM.
const DefaultIAMTemplate = "https://iam.{region}.myhuaweicloud.com"

// DefaultTimeout bounds a call to IAM where Options do not say.
const DefaultTimeout = 30 * time.Second

// Options of a Cache.
type Options struct {
	// IAM says where each region's IAM is, without the path /v3 or with it. The
	// zero value means DefaultIAMTemplate.
	IAM live.Endpoints
	// Transport makes the requests to IAM; nil: live.NewTransport(nil). One
	// should be shared by the whole process.
	Transport http.RoundTripper
	// Timeout bounds a call to IAM, or for a Secret, whose result several may
	// wait for; 0 means DefaultTimeout.
	Timeout time.Duration
	// Version is sent to IAM as User-Agent: live-operator/Version.
	Version string
	// Clock tells the time; nil: the real one.
	Clock Clock
	// MaxSecrets bounds how many Secrets are kept; 0 means 10,000. Past it those
	// that were not used for longest are forgotten.
	MaxSecrets int
	// OnCall is told of every call to IAM, and OnRest each time that credentials
	// are put to rest in a project; nil: nobody is. They must not block, nor use
	// the Cache.
	OnCall func(live.Call)
	OnRest func()
}

// Clock tells the time.
type Clock interface {
	// Now is the time now.
	Now() time.Time
}

type realClock struct{}

// Now implements Clock.
func (realClock) Now() time.Time { return time.Now() }

func (o Options) userAgent() string {
	return strings.TrimSuffix("live-operator/"+o.Version, "/")
}

// Source names a version of a Secret.
type Source struct {
	// UID of the Secret.
	UID string
	// ResourceVersion of the Secret.
	ResourceVersion string
}

// Fetch reads a Secret, and says which version it read: it may be newer than
// the one that was asked for. The data is not kept.
type Fetch func(ctx context.Context) (Source, map[string][]byte, error)

// Cache keeps one Credential for each Secret that is in use: what it holds, the
// tokens that were got with it, and whether it rests. A new version of a Secret
// takes the place of the old one; Secrets that were not used for an hour are
// forgotten. It reads "[redacted]" however it is printed. Safe for concurrent
// use.
type Cache struct {
	redacted
	options Options
	flight  singleflight.Group

	mu      sync.Mutex
	entries map[string]*entry // by UID
	stored  uint64            // counts how often one was stored
	swept   time.Time
}

type entry struct {
	source     Source
	credential *Credential
	invalid    *InvalidError // in place of a credential
	stored     uint64
	used       time.Time
}

func (e *entry) result() (*Credential, error) {
	if e.invalid != nil {
		return nil, e.invalid
	}
	return e.credential, nil
}

// NewCache checks the options and makes a Cache. It makes no call.
func NewCache(o Options) (*Cache, error) {
	if o.IAM.Template == "" && len(o.IAM.Regions) == 0 {
		o.IAM.Template = DefaultIAMTemplate
	}
	if err := o.IAM.Validate(); err != nil {
		return nil, errors.New("IAM: " + err.Error())
	}
	if o.Transport == nil {
		o.Transport = live.NewTransport(nil)
	}
	if o.Timeout <= 0 {
		o.Timeout = DefaultTimeout
	}
	if o.Clock == nil {
		o.Clock = realClock{}
	}
	if o.MaxSecrets <= 0 {
		o.MaxSecrets = 10_000
	}
	return &Cache{options: o, entries: map[string]*entry{}, swept: o.Clock.Now()}, nil
}

// Get gives the credential of that version of a Secret. Where it is not kept,
// or want has no ResourceVersion (to read a Secret anew), it calls fetch;
// callers who want the same meanwhile share that call, unless want has no UID.
// Fetch may go on for a while after ctx has ended.
//
// Its error is an *InvalidError if the Secret does not hold credentials, which
// is kept for as long as the version; or fetch's; or ctx's.
func (c *Cache) Get(ctx context.Context, want Source, fetch Fetch) (*Credential, error) {
	if e := c.find(want); e != nil {
		return e.result()
	}
	if want.UID == "" {
		// Which Secret this is only fetch knows.
		e, err := c.read(ctx, fetch)
		if err != nil {
			return nil, err
		}
		return e.result()
	}
	results := c.flight.DoChan(want.UID+"/"+want.ResourceVersion, func() (any, error) {
		// A read may have ended between the look above and this one.
		if e := c.find(want); e != nil {
			return e, nil
		}
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), c.options.Timeout)
		defer cancel()
		return c.read(ctx, fetch)
	})
	select {
	case r := <-results:
		if e, ok := r.Val.(*entry); ok && r.Err == nil {
			return e.result()
		}
		return nil, r.Err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// read calls fetch and keeps what it read.
func (c *Cache) read(ctx context.Context, fetch Fetch) (e *entry, err error) {
	defer func() {
		// Nobody but the process itself would notice in this goroutine.
		if recover() != nil {
			e, err = nil, errors.New("reading the Secret ended in a panic")
		}
	}()
	began := c.order()
	source, data, err := fetch(ctx)
	if err != nil {
		return nil, err
	}
	if source.UID == "" || source.ResourceVersion == "" {
		return nil, errNoSource
	}
	return c.store(source, data, began), nil
}

// errNoSource guards against taking one Secret for another.
var errNoSource = errors.New("the Secret that was read has no UID or no resourceVersion")

// Forget drops what is kept of a Secret that is gone.
func (c *Cache) Forget(uid string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.entries, uid)
}

// Resting is how many Secrets are kept whose credentials rest, in one project at
// least.
func (c *Cache) Resting() (n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, e := range c.entries {
		if e.credential != nil && e.credential.standing.anyRest() {
			n++
		}
	}
	return n
}

// Len is how many Secrets are kept.
func (c *Cache) Len() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.entries)
}

func (c *Cache) find(want Source) *entry {
	c.mu.Lock()
	defer c.mu.Unlock()
	e := c.entries[want.UID]
	if e == nil || want.ResourceVersion == "" || e.source != want {
		return nil
	}
	e.used = c.options.Clock.Now()
	return e
}

func (c *Cache) order() uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.stored
}

// store keeps what was read by a fetch that began when so many had been stored.
func (c *Cache) store(source Source, data map[string][]byte, began uint64) *entry {
	values, err := Parse(data)
	e := &entry{source: source}
	if err != nil {
		e.invalid, _ = errors.AsType[*InvalidError](err)
	}

	c.mu.Lock()
	defer c.mu.Unlock()
	e.used = c.options.Clock.Now()
	old := c.entries[source.UID]
	switch {
	case old != nil && (old.source == source || old.stored > began && older(source, old.source)):
		// Somebody else was faster. A fetch that began later is right even where
		// its version looks older: an API server can be restored from a backup.
		old.used = e.used
		return old
	case err != nil:
	case old != nil && old.credential != nil && old.credential.values.equal(values):
		e.credential = &Credential{source: source, core: old.credential.core}
		e.credential.standing.nudge(live.Target{})
	default:
		e.credential = &Credential{source: source, core: newCore(values, c.options)}
	}
	c.stored++
	e.stored = c.stored
	c.entries[source.UID] = e
	c.evict(e.used)
	return e
}

// older tells whether a is an earlier version than b. Resource versions are
// numbers; others can't be compared.
func older(a, b Source) bool {
	x, y := a.ResourceVersion, b.ResourceVersion
	if strings.Trim(x, "0123456789") != "" || strings.Trim(y, "0123456789") != "" {
		return false
	}
	return len(x) < len(y) || len(x) == len(y) && x < y
}

// evict forgets what is idle, now and then, and what is too much, at once.
func (c *Cache) evict(now time.Time) {
	if now.Sub(c.swept) >= idleTime/10 {
		c.swept = now
		for uid, e := range c.entries {
			if now.Sub(e.used) >= idleTime {
				delete(c.entries, uid)
			}
		}
	}
	for len(c.entries) > c.options.MaxSecrets {
		longest := ""
		for uid, e := range c.entries {
			if o := c.entries[longest]; o == nil || e.used.Before(o.used) {
				longest = uid
			}
		}
		delete(c.entries, longest)
	}
}
