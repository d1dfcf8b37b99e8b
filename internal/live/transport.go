package live

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"time"
)

const (
	connectTimeout = 10 * time.Second
	// idleTimeout is less than the 60 s after which common gateways close an
	// idle connection, so that a request rarely meets one that is just closing.
	idleTimeout = 45 * time.Second
	// idlePerHost has room for every worker and every list of a region: all its
	// projects share one host.
	idlePerHost     = 64
	idleTotal       = 256
	maxHeaderBytes  = 256 << 10
	minimalProtocol = tls.VersionTLS12
)

// NewTransport is the transport that all calls of the process should share, to
// the Live API and to IAM: TLS 1.2 or newer, proxies from the environment
// (HTTPS_PROXY, HTTP_PROXY, NO_PROXY), connections kept and reused. Roots are
// the only authorities that are trusted; nil means the system's. Safe for
// concurrent use.
//
// It speaks HTTP/1.1 alone, as the vendor's SDK does: over HTTP/2 all calls of
// a region would share one connection, and hang together when it does. The
// number of connections per host has no limit but the number of callers, since
// a project whose calls hang must not keep those of others waiting.
func NewTransport(roots *x509.CertPool) *http.Transport {
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	return &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		OnProxyConnectResponse: refusedByProxy,
		DialContext: (&net.Dialer{
			Timeout:   connectTimeout,
			KeepAlive: 30 * time.Second,
		}).DialContext,
		TLSClientConfig:        &tls.Config{RootCAs: roots, MinVersion: minimalProtocol},
		TLSHandshakeTimeout:    connectTimeout,
		MaxIdleConns:           idleTotal,
		MaxIdleConnsPerHost:    idlePerHost,
		IdleConnTimeout:        idleTimeout,
		MaxResponseHeaderBytes: maxHeaderBytes,
		Protocols:              protocols,
	}
}

// proxyError is a proxy's answer to CONNECT that is no success.
type proxyError struct{ status int }

func (e *proxyError) Error() string {
	return fmt.Sprintf("the proxy refused the connection (%s); check the proxy variables of the operator", statusText(e.status))
}

// refusedByProxy gives the refusal a type: net/http's own error is just the
// status text, which reads as if the API had said it.
func refusedByProxy(_ context.Context, _ *url.URL, _ *http.Request, answer *http.Response) error {
	if answer.StatusCode != http.StatusOK {
		return &proxyError{status: answer.StatusCode}
	}
	return nil
}
