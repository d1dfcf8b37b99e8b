package live

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/url"
	"regexp"
	"strings"
	"syscall"
)

// NetworkError is the *Error of a call that got no answer, for callers that
// talk to IAM by other means than this client. Its class is ClassUnavailable,
// its message says for a person what happened, and err stays its cause.
func NetworkError(op Operation, err error) *Error {
	return &Error{Operation: op, Class: ClassUnavailable, Message: CleanMessage(describe(err)), Err: err}
}

// isNetwork tells errors of the network from others, such as those of files:
// net.Error alone would not do, since every syscall.Errno is one.
func isNetwork(err error) bool {
	if e, ok := errors.AsType[*url.Error](err); ok && e.Op != "parse" {
		return true
	}
	if _, ok := errors.AsType[*net.OpError](err); ok {
		return true
	}
	if _, ok := errors.AsType[*net.DNSError](err); ok {
		return true
	}
	_, ok := errors.AsType[*proxyError](err)
	return ok || isTimeout(err) || errors.Is(err, io.ErrUnexpectedEOF)
}

// describe says what a network error means, without what changes from try to
// try (ports, addresses of resolvers) and without URLs.
func describe(err error) string {
	if e, ok := errors.AsType[*net.OpError](err); ok && e.Op == "proxyconnect" {
		return "the proxy: " + describe(e.Err)
	}
	if e, ok := errors.AsType[*proxyError](err); ok {
		return e.Error()
	}
	if e, ok := errors.AsType[*net.DNSError](err); ok {
		if e.IsNotFound {
			return "no such host: " + e.Name + "; check the region, and the endpoint flags of the operator"
		}
		return "the name " + e.Name + " could not be looked up; check the cluster's DNS"
	}
	if text := describeTLS(err); text != "" {
		return text
	}
	switch {
	case errors.Is(err, context.Canceled):
		return "the call was canceled before it was answered"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "connection refused"
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return "connection reset"
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH):
		return "no route to the host"
	case isTimeout(err):
		if e, ok := errors.AsType[*net.OpError](err); ok && e.Op == "dial" {
			return "no connection within " + connectTimeout.String()
		}
		return "no answer in time"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF),
		strings.Contains(err.Error(), "server closed idle connection"):
		return "the connection was closed before the answer was complete"
	case strings.Contains(err.Error(), "malformed HTTP"), strings.Contains(err.Error(), "readLoopPeekFailLocked"):
		// The first quotes what the server sent; the second is net/http's word
		// for a server that speaks before it is asked.
		return "the answer is not HTTP; check the endpoint flags of the operator"
	}
	return withoutAddresses(innermost(err).Error())
}

// describeTLS is describe for errors of TLS; empty for others.
func describeTLS(err error) string {
	if _, ok := errors.AsType[x509.UnknownAuthorityError](err); ok {
		return "the server's certificate is of an authority that is not trusted; if it is your own, add its certificate with --ca-bundle"
	}
	if e, ok := errors.AsType[x509.HostnameError](err); ok {
		return "the server's certificate is not for the host " + e.Host + "; check the endpoint flags of the operator, or a proxy that replaces certificates (--ca-bundle)"
	}
	if e, ok := errors.AsType[x509.CertificateInvalidError](err); ok && e.Reason == x509.Expired {
		return "the server's certificate has expired or is not valid yet; check the server, a proxy that replaces certificates (--ca-bundle), and this node's clock"
	}
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return "the server's certificate was not accepted (" + withoutAddresses(innermost(err).Error()) + "); check the server, or the authorities of --ca-bundle"
	}
	if _, ok := errors.AsType[tls.RecordHeaderError](err); ok {
		return "the server does not speak TLS on this port; check the scheme and the port in the endpoint flags of the operator"
	}
	text := err.Error()
	if strings.Contains(text, "TLS handshake timeout") {
		return "no TLS handshake within " + connectTimeout.String()
	}
	if _, detail, found := strings.Cut(text, "tls: "); found {
		return "the TLS handshake failed (" + withoutAddresses(detail) + "); TLS 1.2 or newer is needed"
	}
	return ""
}

func isTimeout(err error) bool {
	e, ok := errors.AsType[net.Error](err)
	return ok && e.Timeout()
}

// innermost leaves out the layers whose text holds addresses or URLs.
func innermost(err error) error {
	for {
		if e, ok := errors.AsType[*net.OpError](err); ok && e.Err != nil {
			err = e.Err
		} else if e, ok := errors.AsType[*url.Error](err); ok && e.Err != nil {
			err = e.Err
		} else {
			return err
		}
	}
}

// address is an IP address with a port.
var address = regexp.MustCompile(`(\d{1,3}(\.\d{1,3}){3}|\[[0-9A-Fa-z:.%]+\]):\d+`)

func withoutAddresses(s string) string {
	return address.ReplaceAllString(s, "(address)")
}
