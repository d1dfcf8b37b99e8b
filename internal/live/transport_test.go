package live_test

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/live-operator/live-operator/internal/live"
)

var _ = Describe("TLS", func() {
	startTLS := func(change func(*tls.Config)) (*api, *x509.CertPool) {
		server := &api{}
		server.Server = httptest.NewUnstartedServer(server.keeping(says(200, "")))
		server.TLS = &tls.Config{}
		change(server.TLS)
		server.StartTLS()
		DeferCleanup(server.Close)
		pool := x509.NewCertPool()
		pool.AddCert(server.Certificate())
		return server, pool
	}
	trusting := func(pool *x509.CertPool) func(*live.Options) {
		return func(o *live.Options) { o.RootCAs = pool }
	}

	It("trusts the authorities of the CA bundle", func(ctx SpecContext) {
		server, pool := startTLS(func(*tls.Config) {})
		_, err := update(ctx, clientOf(server.URL, trusting(pool)))
		Expect(err).NotTo(HaveOccurred())
	})

	DescribeTable("fails before anything is sent", func(ctx SpecContext, change func(*tls.Config), trust bool, host, message string) {
		server, pool := startTLS(change)
		if !trust {
			pool = x509.NewCertPool()
		}
		at, err := url.Parse(server.URL)
		Expect(err).NotTo(HaveOccurred())
		_, err = update(ctx, clientOf("https://"+net.JoinHostPort(host, at.Port()), trusting(pool)))
		e := failure(err)
		Expect(e.Class).To(Equal(live.ClassUnavailable))
		Expect(e.Uncertain).To(BeFalse())
		Expect(e.Message).To(ContainSubstring(message))
		Expect(server.seen()).To(BeEmpty())
	},
		Entry("with TLS 1.1", func(c *tls.Config) { c.MinVersion, c.MaxVersion = tls.VersionTLS10, tls.VersionTLS11 }, true, "127.0.0.1", "TLS 1.2 or newer is needed"),
		Entry("with an authority that is not trusted", func(*tls.Config) {}, false, "127.0.0.1", "--ca-bundle"),
		Entry("with another host's certificate", func(*tls.Config) {}, true, "localhost", "not for the host localhost"),
	)

	It("says that a server speaks plain HTTP", func(ctx SpecContext) {
		server := startAPI(says(200, ""))
		_, err := update(ctx, clientOf(strings.Replace(server.URL, "http:", "https:", 1)))
		e := failure(err)
		Expect(e.Message).To(HavePrefix("the server does not speak TLS on this port"))
		Expect(e.Uncertain).To(BeFalse())
		Expect(server.seen()).To(BeEmpty())
	})
})

// theProxy is what the proxy variables name; see TestMain. It answers for every
// host itself, and opens no tunnels.
var theProxy = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodConnect {
		w.WriteHeader(http.StatusProxyAuthRequired)
		return
	}
	w.Header().Set("X-request-id", "proxied "+r.RequestURI)
	w.WriteHeader(http.StatusNoContent)
})

var _ = Describe("The proxy of the environment", func() {
	It("is used", func(ctx SpecContext) {
		meta, err := remove(ctx, clientOf("http://live.{region}.example.com"))
		Expect(err).NotTo(HaveOccurred())
		Expect(meta.RequestID).To(Equal("proxied http://live.cn-north-4.example.com/v1/" + projectID + "/record/callbacks/" + configID))
	})

	It("that opens no tunnel is named, not the API", func(ctx SpecContext) {
		_, err := remove(ctx, clientOf("https://live.{region}.example.com"))
		e := failure(err)
		Expect(e.Class).To(Equal(live.ClassUnavailable))
		Expect(e.Uncertain).To(BeFalse())
		Expect(e.HTTPStatus).To(BeZero())
		Expect(e.Message).To(HavePrefix("the proxy refused the connection (407 Proxy Authentication Required)"))
	})

	It("that is not there is named, without its password", func(ctx SpecContext) {
		transport := live.NewTransport(nil)
		transport.Proxy = http.ProxyURL(&url.URL{Scheme: "http", User: url.UserPassword("user", "hunter2"), Host: nobodyAt()})
		_, err := remove(ctx, clientOf("https://live.{region}.example.com", func(o *live.Options) { o.Transport = transport }))
		e := failure(err)
		Expect(e.Message).To(Equal("the proxy: connection refused (live.cn-north-4.example.com)"))
		Expect(errors.Unwrap(err).Error()).NotTo(ContainSubstring("hunter2"))
	})
})
