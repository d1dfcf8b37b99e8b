package live

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptrace"
	"slices"
	"strings"
	"sync/atomic"
	"time"
)

// Call is a call that was made, for those who count.
type Call struct {
	Operation Operation
	// HTTPStatus of the answer; 0 where there was none.
	HTTPStatus int
	// Class of the call's error; empty for a success.
	Class Class
	// Duration is from the request to the last byte of the answer.
	Duration time.Duration
}

// CallOf is the call that began then and ended now, with that error.
func CallOf(op Operation, status int, err error, began time.Time) Call {
	made := Call{Operation: op, HTTPStatus: status, Duration: time.Since(began)}
	if e, ok := AsError(err); ok {
		made.Class = e.Class
	}
	return made
}

// call makes one request and reads its answer. Its error is an *Error.
func (c *Client) call(caller context.Context, a Authorizer, r request) (meta Meta, err error) {
	ctx, cancel := context.WithTimeout(caller, c.timeout)
	defer cancel()
	if caller.Err() != nil {
		return Meta{}, c.interrupted(caller, ctx, r.operation, false)
	}
	connected := &connection{}
	req, err := c.build(httptrace.WithClientTrace(ctx, connected.trace()), r)
	if err != nil {
		return Meta{}, &Error{Operation: r.operation, Class: ClassRejected, Message: CleanMessage(err.Error()), Err: err}
	}
	if err := c.authorize(caller, ctx, a, req); err != nil {
		return Meta{}, err
	}
	secrets := secretsOf(req, r.settings)
	status := 0
	if c.onCall != nil {
		began := time.Now()
		defer func() { c.onCall(CallOf(r.operation, status, err, began)) }()
	}

	// Not http.Client: a RoundTripper follows no redirects.
	resp, err := c.transport.RoundTrip(req)
	if err != nil {
		if e := c.interrupted(caller, ctx, r.operation, connected.maybeSent()); e != nil {
			e.Message = withHost(e.Message, req)
			return Meta{}, e
		}
		e := NetworkError(r.operation, err)
		e.Message = withHost(scrub(e.Message, secrets), req)
		e.Err = notTheCallers(err)
		e.Uncertain = connected.maybeSent()
		return Meta{}, e
	}
	defer func() { _ = resp.Body.Close() }()
	status = resp.StatusCode

	body, err := readBody(resp.Body)
	meta = Meta{RequestID: requestIDOf(resp.Header, body, secrets), Date: dateOf(resp.Header)}
	switch {
	case err != nil:
		return meta, c.unread(caller, ctx, r.operation, resp, err, secrets)
	case !slices.Contains(r.success, resp.StatusCode):
		return meta, answerError(r.operation, resp.StatusCode, resp.Header, body, secrets)
	}
	if err := r.decode(body); err != nil {
		e := answerError(r.operation, resp.StatusCode, resp.Header, body, secrets)
		e.Err = err
		if e.Code == "" && isOwn(err) {
			e.Message = err.Error()
		}
		return meta, e
	}
	return meta, nil
}

// withHost adds who did not answer.
func withHost(message string, req *http.Request) string {
	if !strings.Contains(message, req.URL.Hostname()) {
		message += " (" + req.URL.Host + ")"
	}
	return CleanMessage(message)
}

// isOwn tells this package's findings, which are for a person, from the JSON
// decoder's, which are not.
func isOwn(err error) bool {
	return slices.Contains([]error{errNoID, errEntryNoID, errOtherID, errNoList, errHoldsError}, err)
}

// authorize lets a add its headers. Whatever goes wrong, nothing was sent.
func (c *Client) authorize(caller, ctx context.Context, a Authorizer, req *http.Request) error {
	err := a.Authorize(ctx, req)
	if err == nil {
		return prepared(req)
	}
	if known, ok := AsError(err); ok {
		// A copy, since the authorizer may give the same one to many. That the
		// call to IAM is uncertain does not make this one so.
		e := *known
		e.Uncertain = false
		if e.Operation == "" {
			e.Operation = OperationAuthenticate
		}
		return &e
	}
	if e := c.interrupted(caller, ctx, OperationAuthenticate, false); e != nil {
		return e
	}
	if isNetwork(err) || errors.Is(err, context.Canceled) {
		return NetworkError(OperationAuthenticate, err)
	}
	return &Error{
		Operation: OperationAuthenticate,
		Class:     ClassUnauthorized,
		Message:   CleanMessage("the credentials can't be used: " + err.Error()),
		Err:       err,
	}
}

// prepared checks that the headers can be sent, which net/http would report as
// if the network had failed, and gives back the body that a signer may have
// read.
func prepared(req *http.Request) error {
	for name, values := range req.Header {
		if !slices.ContainsFunc(values, func(v string) bool { return !sendable(v) }) {
			continue
		}
		return &Error{
			Operation: OperationAuthenticate,
			Class:     ClassUnauthorized,
			Message:   CleanMessage("the credentials hold a line break or another control character, which the header " + name + " can't carry; check the Secret's values"),
		}
	}
	if req.GetBody != nil {
		body, err := req.GetBody()
		if err != nil {
			return &Error{Operation: OperationAuthenticate, Class: ClassUnauthorized, Message: "the request could not be signed", Err: err}
		}
		req.Body = body
	}
	return nil
}

// unread is the error of an answer whose body could not be read to its end.
func (c *Client) unread(caller, ctx context.Context, op Operation, resp *http.Response, err error, secrets []string) *Error {
	e := answerError(op, resp.StatusCode, resp.Header, nil, secrets)
	status := ": " + statusText(resp.StatusCode)
	if errors.Is(err, errTooLarge) {
		e.Message, e.Err = err.Error()+status, err
		return e
	}
	if i := c.interrupted(caller, ctx, op, true); i != nil {
		e.Message, e.Err = i.Message+status, i.Err
		if errors.Is(i.Err, ErrTimeout) {
			e.Message = fmt.Sprintf("the answer did not end within %s%s", c.timeout, status)
		}
	} else {
		e.Message, e.Err = CleanMessage("the answer is cut short ("+describe(err)+")"+status), notTheCallers(err)
	}
	if e.Class == ClassRejected {
		// Without its code a 400 may mean anything, and the next try may read it.
		e.Class = ClassUnavailable
	}
	return e
}

// interrupted is the error of a call that its caller or its timeout ended; nil
// if neither did.
func (c *Client) interrupted(caller, ctx context.Context, op Operation, uncertain bool) *Error {
	e := &Error{Operation: op, Class: ClassUnavailable, Uncertain: uncertain}
	switch {
	case errors.Is(caller.Err(), context.Canceled):
		e.Message, e.Err = "the call was canceled before it was answered", context.Canceled
	case ended(caller):
		e.Message, e.Err = "the caller's time was up before the call was answered", context.DeadlineExceeded
	case ended(ctx):
		e.Message, e.Err = fmt.Sprintf("no answer within %s", c.timeout), ErrTimeout
	default:
		return nil
	}
	return e
}

// ended tells whether the context is over. The network observes its deadline by
// a timer of its own, which may fire before the context's.
func ended(ctx context.Context) bool {
	deadline, ok := ctx.Deadline()
	return ctx.Err() != nil || ok && !time.Now().Before(deadline)
}

// notTheCallers hides that an error of the network looks like the end of a
// context: net's timeouts match context.DeadlineExceeded.
func notTheCallers(err error) error {
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return ErrTimeout
	case errors.Is(err, context.Canceled):
		return errors.New("the transport gave the call up")
	}
	return err
}

// connection follows whether a request got a connection. The transport tells in
// the goroutine of RoundTrip, before it writes anything.
type connection struct {
	wanted, got atomic.Bool
}

func (c *connection) trace() *httptrace.ClientTrace {
	return &httptrace.ClientTrace{
		GetConn: func(string) {
			// Not for the first time: nothing was written to the connection
			// before, or the request is a GET.
			c.wanted.Store(true)
			c.got.Store(false)
		},
		GotConn: func(httptrace.GotConnInfo) { c.got.Store(true) },
	}
}

// maybeSent is true also of a transport that does not tell.
func (c *connection) maybeSent() bool {
	return c.got.Load() || !c.wanted.Load()
}
