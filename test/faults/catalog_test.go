package faults

import (
	"context"
	"net/http"
	"time"

	. "github.com/onsi/gomega"

	"github.com/live-operator/live-operator/test/livesim"
)

// class is what a fault comes to: what the operator can do about it.
type class string

const (
	harmless     class = "harmless"
	unavailable  class = "unavailable"
	throttled    class = "throttled"
	unauthorized class = "unauthorized"
	forbidden    class = "forbidden"
	rejected     class = "rejected"
	notFound     class = "not found"
)

// fault is one row of the matrix.
type fault struct {
	name  string
	class class
	// script is the fault of an answer. Its Operation, Project and Times are the
	// cell's.
	script livesim.Fault
	// breaks is for faults that come before any call, and mends undoes it; nil
	// for faults of answers.
	breaks, mends func(*cell)
	// acts: the call has its effect, and just its answer is lost.
	acts bool
	// body: it is a fault of the answer's body, so an answer without one stands it.
	body bool
}

// catalog is every fault. No cell is written by hand: what each must come to
// follows from the fault and the operation by expect.
var catalog = []fault{
	{name: "connection refused", class: unavailable,
		breaks: func(c *cell) { c.door.Shut() },
		mends:  func(c *cell) { c.Expect(c.door.Open(context.Background())).To(Succeed()) }},
	{name: "TLS error", class: unavailable,
		breaks: func(c *cell) { c.door.Show(&c.group.stranger) },
		mends:  func(c *cell) { c.door.Show(&c.group.certificate) }},
	{name: "reset before acting", class: unavailable, script: livesim.Fault{Reset: livesim.Before}},
	{name: "reset after acting", class: unavailable, script: livesim.Fault{Reset: livesim.After}, acts: true},
	{name: "hang", class: unavailable, script: livesim.Fault{Hang: true}},
	{name: "slow body", class: unavailable, script: livesim.Fault{Drip: time.Hour}, acts: true, body: true},
	{name: "truncated", class: unavailable, script: livesim.Fault{Truncate: true}, acts: true, body: true},
	{name: "huge", class: unavailable, script: livesim.Fault{Huge: 256 << 20}},
	{name: "HTML", class: unavailable, script: livesim.HTML(http.StatusOK)},
	{name: "wrong content type", class: harmless, script: livesim.Fault{ContentType: "text/plain"}},
	{name: "redirect", class: unavailable, script: livesim.Fault{Redirect: "https://elsewhere.example.com/"}},
	{name: "400", class: rejected, script: answer(http.StatusBadRequest, "LIVE.100011001", "Request Illegal")},
	{name: "401", class: unauthorized, script: answer(http.StatusUnauthorized, "APIGW.0301", "Incorrect IAM authentication information: decrypt token fail")},
	{name: "403", class: forbidden, script: answer(http.StatusForbidden, "APIGW.0302", "Policy doesn't allow the operation to be performed.")},
	{name: "404 of the service", class: notFound, script: answer(http.StatusNotFound, "LIVE.103011019", "The resource does not exist.")},
	{name: "404 of the gateway", class: unavailable, script: livesim.GatewayNotFound()},
	{name: "409", class: rejected, script: livesim.Fault{Status: http.StatusConflict}},
	{name: "429 with Retry-After", class: throttled, script: retryAfter(livesim.Throttled(), "1")},
	{name: "429 without", class: throttled, script: livesim.Throttled()},
	{name: "500", class: unavailable, script: answer(http.StatusInternalServerError, "LIVE.100011000", "Internal error")},
	{name: "502", class: unavailable, script: livesim.HTML(http.StatusBadGateway)},
	{name: "503", class: unavailable, script: livesim.Fault{Status: http.StatusServiceUnavailable}},
	{name: "504", class: unavailable, script: answer(http.StatusGatewayTimeout, "APIGW.0201", "Backend timeout")},
	{name: "clock skew", class: unauthorized, script: livesim.Fault{Skew: 20 * time.Minute}},
}

func answer(status int, code, message string) livesim.Fault {
	return livesim.Fault{Status: status, Code: code, Message: message}
}

func retryAfter(f livesim.Fault, seconds string) livesim.Fault {
	f.Header = map[string]string{"Retry-After": seconds}
	return f
}
