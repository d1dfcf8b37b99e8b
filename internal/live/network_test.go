package live_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"runtime"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/live-operator/live-operator/internal/live"
)

// reset ends a connection with a TCP reset.
func reset(conn net.Conn) {
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}

// hijack takes a connection from the server.
func hijack(w http.ResponseWriter) net.Conn {
	conn, _, err := w.(http.Hijacker).Hijack()
	if err != nil {
		panic(err)
	}
	return conn
}

// hangUp closes a connection without an answer.
func hangUp(w http.ResponseWriter) {
	_ = hijack(w).Close()
}

// hang answers nothing, or no more, until the client gives up.
func hang(_ http.ResponseWriter, r *http.Request) {
	<-r.Context().Done()
}

// onListener runs serve on every connection to the address that it returns. The
// connections stay open until the spec ends, unless serve closes them.
func onListener(serve func(net.Conn)) string {
	GinkgoHelper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	Expect(err).NotTo(HaveOccurred())
	done := make(chan struct{})
	DeferCleanup(func() {
		_ = listener.Close()
		<-done
	})
	go func() {
		defer close(done)
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			serve(conn)
			_ = conn.Close()
		}
	}()
	return "http://" + listener.Addr().String()
}

// nobodyAt is an address where nobody listens.
func nobodyAt() string {
	GinkgoHelper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	Expect(err).NotTo(HaveOccurred())
	defer func() { _ = listener.Close() }()
	return listener.Addr().String()
}

var _ = Describe("A call without a whole answer", func() {
	It("fails as Unavailable and certain where nobody listens", func(ctx SpecContext) {
		address := nobodyAt()
		_, err := update(ctx, clientOf("http://"+address))
		e := failure(err)
		Expect(e.Class).To(Equal(live.ClassUnavailable))
		Expect(e.Uncertain).To(BeFalse(), "nothing was sent")
		Expect(e.HTTPStatus).To(BeZero())
		Expect(e.Message).To(Equal("connection refused (" + address + ")"))
		Expect(e.Error()).To(Equal("update: connection refused (" + address + ")"))
		Expect(err).To(MatchError(syscall.ECONNREFUSED))
	})

	It("is uncertain where the connection is reset before the server acts", func(ctx SpecContext) {
		_, err := update(ctx, clientOf(onListener(func(conn net.Conn) {
			_, _ = conn.Read(make([]byte, 1))
			reset(conn)
		})))
		e := failure(err)
		Expect(e.Class).To(Equal(live.ClassUnavailable))
		Expect(e.Uncertain).To(BeTrue(), "the client can't know how far it got")
		Expect(e.Message).To(HavePrefix("connection reset"))
	})

	It("is uncertain where the connection is reset after the server acted", func(ctx SpecContext) {
		server := startAPI(func(w http.ResponseWriter, _ *http.Request) { reset(hijack(w)) })
		_, err := create(ctx, clientOf(server.URL))
		e := failure(err)
		Expect(e.Class).To(Equal(live.ClassUnavailable))
		Expect(e.Uncertain).To(BeTrue())
		Expect(e.Message).To(HavePrefix("connection reset"))
		Expect(server.seen()).To(HaveLen(1), "it is not repeated")
	})

	It("is uncertain where the server hangs up", func(ctx SpecContext) {
		server := startAPI(func(w http.ResponseWriter, _ *http.Request) { hangUp(w) })
		_, err := create(ctx, clientOf(server.URL))
		e := failure(err)
		Expect(e.Uncertain).To(BeTrue())
		Expect(e.Message).To(HavePrefix("the connection was closed before the answer was complete"))
		Expect(server.seen()).To(HaveLen(1))
	})

	DescribeTable("says so where the answer is not HTTP, without quoting it", func(ctx SpecContext, asked bool) {
		_, err := update(ctx, clientOf(onListener(func(conn net.Conn) {
			if asked {
				_, _ = conn.Read(make([]byte, 1))
			}
			_, _ = io.WriteString(conn, "SSH-2.0-OpenSSH_9.9\r\n")
		})))
		Expect(failure(err).Message).To(HavePrefix("the answer is not HTTP; check the endpoint flags"))
	},
		Entry("and comes when asked", true),
		Entry("and comes before it is asked", false),
	)

	It("ends at the client's timeout, which is not the caller's", func(ctx SpecContext) {
		server := startAPI(hang)
		_, err := update(ctx, clientOf(server.URL, timeoutOf(100*time.Millisecond)))
		e := failure(err)
		Expect(e.Class).To(Equal(live.ClassUnavailable))
		Expect(e.Uncertain).To(BeTrue())
		Expect(e.HTTPStatus).To(BeZero())
		Expect(e.Message).To(HavePrefix("no answer within 100ms"))
		Expect(err).To(MatchError(live.ErrTimeout))
		Expect(err).NotTo(MatchError(context.DeadlineExceeded))
		Expect(err).NotTo(MatchError(context.Canceled))
	})

	It("is certain where the timeout ends it before there is a connection", func(ctx SpecContext) {
		transport := live.NewTransport(nil)
		release := make(chan struct{})
		DeferCleanup(func() { close(release) })
		transport.DialContext = func(context.Context, string, string) (net.Conn, error) {
			<-release
			return nil, errors.New("too late")
		}
		_, err := update(ctx, clientOf("http://192.0.2.1", timeoutOf(50*time.Millisecond), func(o *live.Options) { o.Transport = transport }))
		e := failure(err)
		Expect(e.Message).To(HavePrefix("no answer within 50ms"))
		Expect(e.Uncertain).To(BeFalse())
	})

	It("ends when the caller gives up, and says that it did", func(ctx SpecContext) {
		inner, cancel := context.WithCancel(ctx)
		server := startAPI(func(w http.ResponseWriter, r *http.Request) {
			cancel()
			hang(w, r)
		})
		_, err := update(inner, clientOf(server.URL))
		e := failure(err)
		Expect(err).To(MatchError(context.Canceled))
		Expect(err).NotTo(MatchError(live.ErrTimeout))
		Expect(e.Uncertain).To(BeTrue(), "the server had it")
		Expect(e.Message).To(ContainSubstring("canceled"))
	})

	It("ends at the caller's deadline, and says that it was the caller's", func(ctx SpecContext) {
		inner, cancel := context.WithTimeout(ctx, 100*time.Millisecond)
		defer cancel()
		_, err := update(inner, clientOf(startAPI(hang).URL))
		Expect(failure(err).Uncertain).To(BeTrue())
		Expect(err).To(MatchError(context.DeadlineExceeded))
		Expect(err).NotTo(MatchError(live.ErrTimeout))
	})

	It("sends nothing for a caller who has given up", func(ctx SpecContext) {
		inner, cancel := context.WithCancel(ctx)
		cancel()
		server := startAPI(says(200, ""))
		_, err := update(inner, clientOf(server.URL))
		Expect(failure(err).Uncertain).To(BeFalse())
		Expect(err).To(MatchError(context.Canceled))
		Expect(server.seen()).To(BeEmpty())
	})

	DescribeTable("keeps what the beginning of the answer said",
		func(ctx SpecContext, status int, rest http.HandlerFunc, class live.Class, uncertain bool, message string) {
			server := startAPI(func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("X-request-id", requestID)
				w.Header().Set("Content-Length", "1000")
				w.WriteHeader(status)
				_, _ = io.WriteString(w, `{"id":"a`)
				w.(http.Flusher).Flush()
				rest(w, r)
			})
			meta, err := update(ctx, clientOf(server.URL, timeoutOf(200*time.Millisecond)))
			e := failure(err)
			Expect(e.Class).To(Equal(class))
			Expect(e.Uncertain).To(Equal(uncertain))
			Expect(e.HTTPStatus).To(Equal(status))
			Expect(e.Message).To(ContainSubstring(message))
			Expect(e.RequestID).To(Equal(requestID))
			Expect(meta.RequestID).To(Equal(requestID))
		},
		Entry("a success that is cut short", 200, closing, live.ClassUnavailable, true, "the answer is cut short"),
		Entry("a success that does not end", 200, http.HandlerFunc(hang), live.ClassUnavailable, true, "the answer did not end within 200ms: 200 OK"),
		Entry("a refusal that is cut short may mean anything", 400, closing, live.ClassUnavailable, false, "the answer is cut short"),
		Entry("a failed authentication that is cut short", 401, closing, live.ClassUnauthorized, false, "the answer is cut short"),
		Entry("a failure that does not end", 502, http.HandlerFunc(hang), live.ClassUnavailable, true, "did not end within 200ms: 502 Bad Gateway"),
	)
})

// closing ends the connection in the middle of the answer.
var closing = http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })

var _ = Describe("An answer of 256 MiB", func() {
	const size = 256 << 20

	DescribeTable("is left after 1 MiB", func(ctx SpecContext, status int, class live.Class, uncertain bool) {
		var written atomic.Int64
		server := startAPI(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			chunk := bytes.Repeat([]byte(" "), 64<<10)
			for written.Load() < size {
				n, err := w.Write(chunk)
				written.Add(int64(n))
				if err != nil {
					return
				}
			}
		})
		_, err := update(ctx, clientOf(server.URL))
		e := failure(err)
		Expect(e.Class).To(Equal(class))
		Expect(e.Uncertain).To(Equal(uncertain))
		Expect(e.Message).To(HavePrefix("the answer is larger than 1 MiB"))
		server.Close() // waits for the handler
		Expect(written.Load()).To(BeNumerically("<", 32<<20), "little more than what the sockets hold")
	},
		Entry("as a success", 200, live.ClassUnavailable, true),
		Entry("as a refusal", 400, live.ClassRejected, false),
		Entry("as a failure", 500, live.ClassUnavailable, true),
	)

	It("does not fit into memory by being compressed", func(ctx SpecContext) {
		// Packed once and repeated: gzip allows for members in a row.
		const member = 1 << 20
		var packed bytes.Buffer
		zip := gzip.NewWriter(&packed)
		_, err := zip.Write(make([]byte, member))
		Expect(err).NotTo(HaveOccurred())
		Expect(zip.Close()).To(Succeed())
		server := startAPI(says(200, strings.Repeat(packed.String(), size/member), "Content-Encoding", "gzip"))
		client := clientOf(server.URL)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err = show(ctx, client)
		runtime.ReadMemStats(&after)
		Expect(failure(err).Message).To(HavePrefix("the answer is larger than 1 MiB"))
		Expect(after.TotalAlloc - before.TotalAlloc).To(BeNumerically("<", 16<<20))
	})
})

var _ = Describe("A redirect", func() {
	DescribeTable("is refused, and the token does not follow it", func(ctx SpecContext, status int) {
		other := startAPI(says(200, shown))
		server := startAPI(says(status, "", "Location", other.URL+"/v1?secret=1"))
		_, err := update(ctx, clientOf(server.URL))
		e := failure(err)
		Expect(e.Class).To(Equal(live.ClassUnavailable))
		Expect(e.HTTPStatus).To(Equal(status))
		Expect(e.Uncertain).To(BeFalse())
		Expect(e.Message).To(And(
			ContainSubstring("redirects are refused"),
			ContainSubstring(strings.TrimPrefix(other.URL, "http://")),
			ContainSubstring("--live-endpoint"),
			Not(ContainSubstring("secret"))))
		Expect(other.seen()).To(BeEmpty())
	},
		Entry("301", 301), Entry("302", 302), Entry("303", 303), Entry("307", 307), Entry("308", 308),
	)

	It("without a place to go, or with a broken one, is refused too", func(ctx SpecContext) {
		for _, location := range []string{"", "http://[broken", "/elsewhere"} {
			_, err := show(ctx, clientOf(startAPI(says(302, "", "Location", location)).URL))
			Expect(failure(err).Message).To(HavePrefix("the endpoint redirects (302 Found)"))
		}
	})
})

var _ = DescribeTable("NetworkError says what happened, and nothing that changes from try to try",
	func(cause error, want string) {
		e := live.NetworkError(live.OperationAuthenticate, cause)
		Expect(e.Message).To(Equal(want))
		Expect(e.Class).To(Equal(live.ClassUnavailable))
		Expect(errors.Is(e, cause)).To(BeTrue())
	},
	Entry("a read that timed out", &url.Error{Op: "Post", URL: "https://user:pw@iam.example.com", Err: &net.OpError{Op: "read", Net: "tcp", Source: tcp("10.0.0.1:43210"), Addr: tcp("10.0.0.2:443"), Err: os.ErrDeadlineExceeded}},
		"no answer in time"),
	Entry("a dial that timed out", &net.OpError{Op: "dial", Net: "tcp", Addr: tcp("10.0.0.2:443"), Err: os.ErrDeadlineExceeded}, "no connection within 10s"),
	Entry("no route", &net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError("connect", syscall.EHOSTUNREACH)}, "no route to the host"),
	Entry("a broken pipe", &net.OpError{Op: "write", Net: "tcp", Err: os.NewSyscallError("write", syscall.EPIPE)}, "connection reset"),
	Entry("a resolver that fails", &net.DNSError{Name: "iam.example.com", Server: "10.0.0.10:53", Err: "server misbehaving"}, "the name iam.example.com could not be looked up; check the cluster's DNS"),
	Entry("an address in the text", errors.New("read tcp 10.0.0.1:43210->[fe80::1%eth0]:443: use of closed network connection"),
		"read tcp (address)->(address): use of closed network connection"),
)

func tcp(address string) net.Addr {
	a, err := net.ResolveTCPAddr("tcp", address)
	if err != nil {
		panic(err)
	}
	return a
}
