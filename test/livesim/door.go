package livesim

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"sync"
	"time"
)

// Door is an address of its own at which a simulator listens, and which can
// fail in the ways that come before any call: nobody listens, or TLS shows a
// certificate that nobody should trust. Each connection serves one call, so a
// change is met by the next. It is safe for concurrent use.
type Door struct {
	server  *http.Server
	address string

	mu       sync.Mutex
	listener net.Listener
	shown    *tls.Certificate
}

// Door opens a door at a TCP address, with TLS where there is a certificate.
// It is there until the simulator is closed.
func (s *Simulator) Door(ctx context.Context, address string, certificate *tls.Certificate) (*Door, error) {
	d := &Door{address: address, shown: certificate, server: &http.Server{
		Handler:           s,
		ReadHeaderTimeout: time.Minute,
		// Clients that do not like the certificate are what a door is for.
		ErrorLog:     log.New(io.Discard, "", 0),
		TLSNextProto: map[string]func(*http.Server, *tls.Conn, http.Handler){}, // as in Listen
	}}
	d.server.SetKeepAlivesEnabled(false)
	if err := d.Open(ctx); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	select {
	case <-s.closed:
		_ = d.server.Close()
		return nil, errors.New("the simulator is closed")
	default:
	}
	s.servers = append(s.servers, d.server)
	return d, nil
}

// Address is where the door listens when it is open.
func (d *Door) Address() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.address
}

// Shut makes the machine refuse connections. Calls that are under way go on.
func (d *Door) Shut() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.listener != nil {
		_ = d.listener.Close()
		d.listener = nil
	}
}

// Open undoes Shut, at the same address.
func (d *Door) Open(ctx context.Context) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.listener != nil {
		return nil
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", d.address)
	if err != nil {
		return fmt.Errorf("listening: %w", err)
	}
	d.address = listener.Addr().String()
	d.listener = listener
	if d.shown != nil {
		listener = tls.NewListener(listener, &tls.Config{
			MinVersion: tls.VersionTLS12,
			GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
				d.mu.Lock()
				defer d.mu.Unlock()
				return d.shown, nil
			},
			// Else a client could come back without asking for it again.
			SessionTicketsDisabled: true,
		})
	}
	go func() { _ = d.server.Serve(listener) }() // ends with Shut, or with the simulator
	return nil
}

// Show presents this certificate from now on, on a door that has one.
func (d *Door) Show(certificate *tls.Certificate) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.shown = certificate
}
