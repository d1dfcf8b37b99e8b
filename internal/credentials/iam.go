package credentials

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/gophercloud/gophercloud/v2"
	"github.com/gophercloud/gophercloud/v2/openstack/identity/v3/tokens"

	"github.com/live-operator/live-operator/internal/live"
)

// passwordMethod has IAM give tokens for a user. They are scoped to a project,
// so there is one for each.
type passwordMethod struct {
	redacted
	values  Values
	options Options

	mu      sync.Mutex
	issuers map[live.Target]*issuer
	swept   time.Time
}

func newPasswordMethod(v Values, o Options) *passwordMethod {
	return &passwordMethod{values: v, options: o, issuers: map[live.Target]*issuer{}, swept: o.Clock.Now()}
}

func (m *passwordMethod) authorize(ctx context.Context, t live.Target, req *http.Request) (*issued, error) {
	got, err := m.issuer(t).get(ctx)
	if err != nil {
		return nil, err
	}
	req.Header.Set(headerToken, got.token())
	return got, nil
}

func (m *passwordMethod) drop(t live.Target, used *issued) {
	if used != nil {
		m.issuer(t).drop(used)
	}
}

func (m *passwordMethod) forgive(t live.Target) { m.issuer(t).forgive() }

func (*passwordMethod) renews() bool { return true }

func (m *passwordMethod) issuer(t live.Target) *issuer {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := m.options.Clock.Now()
	if now.Sub(m.swept) >= idleTime {
		m.swept = now
		for target, i := range m.issuers {
			if i.idle(now) {
				delete(m.issuers, target)
			}
		}
	}
	i := m.issuers[t]
	if i == nil {
		i = &issuer{clock: m.options.Clock, timeout: m.options.Timeout, used: now}
		i.fetch = func(ctx context.Context, _ *issued) (*issued, error) { return m.fetch(ctx, t) }
		m.issuers[t] = i
	}
	return i
}

// fetch asks IAM for a token (POST /v3/auth/tokens, password method, project
// scope).
func (m *passwordMethod) fetch(ctx context.Context, t live.Target) (got *issued, err error) {
	base, err := m.options.IAM.URL(t.Region)
	if err != nil {
		return nil, &live.Error{Operation: live.OperationAuthenticate, Class: live.ClassRejected, Message: live.CleanMessage("IAM: " + err.Error()), Err: err}
	}
	endpoint := base.String()
	if !strings.HasSuffix(endpoint, "/v3") {
		endpoint += "/v3"
	}
	seen := &exchange{next: m.options.Transport}
	if m.options.OnCall != nil {
		began := time.Now()
		defer func() { m.options.OnCall(live.CallOf(live.OperationAuthenticate, seen.status, err, began)) }()
	}
	provider := &gophercloud.ProviderClient{HTTPClient: http.Client{
		Transport: seen,
		// The password must not follow a redirect.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
	provider.UserAgent.Prepend(m.options.userAgent())
	answer := tokens.Create(ctx, &gophercloud.ServiceClient{ProviderClient: provider, Endpoint: endpoint + "/"}, &tokens.AuthOptions{
		Username:   m.values.get(keyUsername),
		Password:   m.values.get(keyPassword),
		DomainName: m.values.get(keyDomainName),
		Scope:      tokens.Scope{ProjectID: t.ProjectID},
	})
	if answer.Err != nil {
		return nil, m.failure(ctx, answer.Err, seen)
	}
	var said struct {
		IssuedAt  time.Time `json:"issued_at"`
		ExpiresAt time.Time `json:"expires_at"`
	}
	// A token that does not tell its times is as good: see lifetime.
	_ = answer.ExtractInto(&said)
	token := answer.Header.Get("X-Subject-Token")
	if token == "" {
		return nil, m.unreadable(seen, "IAM's answer holds no token", nil)
	}
	got = &issued{token: seal(token)}
	now := m.options.Clock.Now()
	left := lifetime(said.IssuedAt, said.ExpiresAt, answer.Header.Get("Date"), now)
	got.expires = now.Add(left)
	got.renewAt = got.expires.Add(-min(renewAhead, left/10))
	return got, nil
}

const (
	// renewAhead is how long before its end a token is renewed, or a tenth of
	// its life if that is less. Tokens live for 24 hours.
	renewAhead = 30 * time.Minute
	// shortest and assumed are how long a token is kept whose end has passed
	// already, or is not told: one that ends sooner is renewed when it is not
	// accepted.
	shortest = time.Minute
	assumed  = time.Hour
)

// lifetime is how long a token lasts, by IAM's own clock alone where it tells
// both ends.
func lifetime(issuedAt, expiresAt time.Time, date string, now time.Time) time.Duration {
	if expiresAt.IsZero() {
		return assumed
	}
	from := now
	if !issuedAt.IsZero() {
		from = issuedAt
	} else if t, err := http.ParseTime(date); err == nil {
		from = t
	}
	return max(expiresAt.Sub(from), shortest)
}

// failure makes a *live.Error of gophercloud's, which would quote the body.
func (m *passwordMethod) failure(ctx context.Context, err error, seen *exchange) error {
	if e, ok := errors.AsType[gophercloud.ErrUnexpectedResponseCode](err); ok {
		known := live.AnswerError(live.OperationAuthenticate, e.Actual, e.ResponseHeader, e.Body)
		if known.RequestID == "" {
			known.RequestID = live.CleanMessage(e.ResponseHeader.Get(headerTrace))
		}
		switch known.Class {
		case live.ClassNotFound, live.ClassAlreadyExists:
			// Not about a configuration: it is no answer of IAM's.
			known.Class = live.ClassUnavailable
		}
		known.Uncertain = false
		m.scrub(known)
		return known
	}
	if ctx.Err() != nil {
		// The time of the fetch, which no caller's context knows of.
		err = live.ErrTimeout
	} else if seen.status != 0 {
		return m.unreadable(seen, "IAM's answer can't be read", err)
	}
	known := live.NetworkError(live.OperationAuthenticate, err)
	known.Message = live.CleanMessage("IAM: " + known.Message)
	m.scrub(known)
	return known
}

// unreadable is the error of an answer that says success, and holds none.
func (m *passwordMethod) unreadable(seen *exchange, message string, err error) error {
	e := live.AnswerError(live.OperationAuthenticate, seen.status, seen.header, nil)
	e.Class, e.Uncertain, e.Err = live.ClassUnavailable, false, err
	e.Message = message + "; check the endpoint flag --iam-endpoint of the operator"
	if e.RequestID == "" {
		e.RequestID = live.CleanMessage(seen.header.Get(headerTrace))
	}
	m.scrub(e)
	return e
}

// headerTrace is IAM's own name of a request.
const headerTrace = "X-Iam-Trace-Id"

// scrub takes the password out of what an answer said, in case it echoes it.
func (m *passwordMethod) scrub(e *live.Error) {
	for _, s := range []*string{&e.Message, &e.Code, &e.RequestID} {
		*s = withoutSecret(*s, m.values.get(keyPassword))
	}
}

// exchange remembers an answer's head, and bounds what is read of its body. It
// serves one request.
type exchange struct {
	next   http.RoundTripper
	status int
	header http.Header
}

// maxAnswer is the most that is read of an answer of IAM. Its catalog of
// services makes it tens of kilobytes long.
const maxAnswer = 1 << 20

// RoundTrip implements http.RoundTripper.
func (e *exchange) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := e.next.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	e.status, e.header = resp.StatusCode, resp.Header
	resp.Body = struct {
		io.Reader
		io.Closer
	}{io.LimitReader(resp.Body, maxAnswer), resp.Body}
	return resp, nil
}
