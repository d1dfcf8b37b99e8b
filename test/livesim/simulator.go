package livesim

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"
)

// Simulator is the API. It is safe for concurrent use.
type Simulator struct {
	clock     *Clock
	store     *store
	authority *authority
	scripts   *scripts
	log       *callLog
	onCall    func(Call)
	admin     http.Handler
	// arrived has the calls of each project, accepted those that count
	// against the limits.
	arrived, accepted *windows
	// underWay is held for reading by each call.
	underWay sync.RWMutex

	mu       sync.Mutex
	behavior Behavior
	servers  []*http.Server
	url      string
	closed   chan struct{}
	closing  sync.Once
}

// New makes a simulator that knows no credential and listens nowhere yet.
func New(o Options) *Simulator {
	if o.Clock == nil {
		o.Clock = &Clock{}
	}
	if o.CallLog <= 0 {
		o.CallLog = 10_000
	}
	s := &Simulator{
		clock:     o.Clock,
		store:     newStore(),
		authority: newAuthority(),
		scripts:   &scripts{},
		log:       newCallLog(o.CallLog),
		onCall:    o.OnCall,
		arrived:   &windows{clock: o.Clock},
		accepted:  &windows{clock: o.Clock},
		behavior:  o.Behavior.withDefaults(),
		closed:    make(chan struct{}),
	}
	s.admin = s.adminHandler()
	return s
}

// Start serves plain HTTP on a free port of the loopback interface, and gives
// the URL, which has no slash at its end. It panics where it cannot listen.
func (s *Simulator) Start() string {
	url, err := s.Listen(context.Background(), "127.0.0.1:0", nil)
	if err != nil {
		panic("livesim: " + err.Error())
	}
	return url
}

// StartTLS is Start with TLS, by a certificate for 127.0.0.1, ::1 and
// localhost. It also gives the PEM of the certificate authority to trust.
func (s *Simulator) StartTLS() (url string, ca []byte) {
	certificate, ca, err := NewCertificate()
	if err == nil {
		url, err = s.Listen(context.Background(), "127.0.0.1:0", &certificate)
	}
	if err != nil {
		panic("livesim: " + err.Error())
	}
	return url, ca
}

// Listen serves on a TCP address until Close, with TLS where there is a
// certificate, and gives the URL. A simulator may listen on several addresses.
func (s *Simulator) Listen(ctx context.Context, address string, certificate *tls.Certificate) (string, error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if err != nil {
		return "", fmt.Errorf("listening: %w", err)
	}
	url := "http://" + listener.Addr().String()
	server := &http.Server{
		Handler:           s,
		ReadHeaderTimeout: time.Minute,
		// HTTP/2 has no connection of its own to break off for one call.
		TLSNextProto: map[string]func(*http.Server, *tls.Conn, http.Handler){},
	}
	if certificate != nil {
		url = "https://" + listener.Addr().String()
		listener = tls.NewListener(listener, &tls.Config{
			MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{*certificate},
		})
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	select {
	case <-s.closed:
		_ = listener.Close()
		return "", errors.New("the simulator is closed")
	default:
	}
	s.servers = append(s.servers, server)
	if s.url == "" {
		s.url = url
	}
	go func() { _ = server.Serve(listener) }() // ends with Close
	return url, nil
}

// URL is where the simulator listens, the first address if there are several.
func (s *Simulator) URL() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.url
}

// Close drops every call that is under way, waits for their end, and stops
// listening. What the simulator holds can still be looked at. It must not be
// called from OnCall.
func (s *Simulator) Close() {
	s.closing.Do(func() { close(s.closed) })
	s.mu.Lock()
	servers := s.servers
	s.servers = nil
	s.mu.Unlock()
	for _, server := range servers {
		_ = server.Close()
	}
	s.underWay.Lock()
	s.underWay.Unlock() //nolint:gocritic,staticcheck // there is nothing to do with the lock but wait for it
}

// Clock is the API's clock.
func (s *Simulator) Clock() *Clock { return s.clock }

func (s *Simulator) now() time.Time { return s.clock.Now() }

// timeOf is the API's time as this call meets it.
func (s *Simulator) timeOf(req *request) time.Time { return s.now().Add(req.skew) }

// Behavior is how the API behaves now.
func (s *Simulator) Behavior() Behavior {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.behavior
}

// SetBehavior lets change rewrite how the API behaves from now on. Change must
// not call the simulator.
func (s *Simulator) SetBehavior(change func(*Behavior)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(&s.behavior)
	s.behavior = s.behavior.withDefaults()
}
