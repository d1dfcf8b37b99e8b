package livesim

import (
	"context"
	"net"
	"net/http"
	"strings"
	"time"
)

// ServeHTTP answers a call. It implements http.Handler, so that a test may put
// something in front of the simulator.
func (s *Simulator) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.underWay.RLock()
	defer s.underWay.RUnlock()
	if strings.HasPrefix(r.URL.Path, adminPrefix) {
		s.admin.ServeHTTP(w, r)
		return
	}
	req, err := s.read(w, r)
	if err != nil {
		panic(http.ErrAbortHandler) // the client has gone away
	}
	started := time.Now()
	call := s.log.begin(req, s.now())
	if req.operation != Authenticate && req.operation != Unknown {
		s.arrived.add(req.project)
	}
	defer func() {
		ended := s.log.update(call, func(c *Call) {
			c.Done, c.Took, c.Credential = true, time.Since(started), req.credential
		})
		if s.onCall != nil {
			s.onCall(ended)
		}
	}()
	if !s.wait(r.Context(), s.Behavior().Latency) {
		panic(http.ErrAbortHandler)
	}
	f := s.scripts.match(req)
	if f == nil {
		a := s.act(req, call)
		s.note(call, a)
		s.send(w, a)
		return
	}
	s.log.update(call, func(c *Call) { c.Fault = f.id })
	s.misbehave(r.Context(), w, req, call, f)
}

// act does what the call asks for.
func (s *Simulator) act(req *request, call *Call) answer {
	a := s.operate(req)
	s.log.update(call, func(c *Call) {
		c.Acted, c.Credential, c.ID = a.acted(), req.credential, req.id
	})
	return a
}

// note puts the answer that is about to be sent into the log, so that a
// client that has read it finds it there.
func (s *Simulator) note(call *Call, a answer) {
	s.log.update(call, func(c *Call) { c.Status, c.Code, c.RequestID = a.status, a.code, a.requestID })
}

func (s *Simulator) send(w http.ResponseWriter, a answer) {
	s.writeHeader(w, a)
	w.WriteHeader(a.status)
	_, _ = w.Write(a.body) // a client that has gone away needs no answer
}

// misbehave answers a call that runs into a fault.
func (s *Simulator) misbehave(ctx context.Context, w http.ResponseWriter, req *request, call *Call, f *script) {
	var a answer
	req.skew = f.Skew
	if f.actsFirst() {
		a = s.act(req, call)
	}
	if !s.hold(ctx, f) {
		panic(http.ErrAbortHandler)
	}
	if f.actsAtAll() && !f.actsFirst() {
		a = s.act(req, call)
	}
	if f.Reset != "" {
		reset(w)
	}
	if f.replaces() {
		a = s.faulty(req, f)
	}
	if f.ContentType != "" {
		a.contentType = f.ContentType
	}
	a.header = cloneHeader(a.header)
	if f.Skew != 0 && !s.Behavior().NoDate {
		a.header["Date"] = s.timeOf(req).UTC().Format(http.TimeFormat)
	}
	for name, value := range f.Header {
		a.header[name] = value
	}
	s.note(call, a)
	switch {
	case f.Huge > 0:
		s.sendHuge(w, a, f.Huge)
	case f.Truncate:
		s.sendHalf(w, a)
	case f.Drip > 0:
		s.sendSlowly(ctx, w, a, f.Drip)
	default:
		s.send(w, a)
	}
}

// hold keeps a call as long as the fault says. It gives false where the call
// is to be dropped.
func (s *Simulator) hold(ctx context.Context, f *script) bool {
	if !s.wait(ctx, f.Delay) {
		return false
	}
	if f.Hang {
		select {
		case <-f.cleared:
		case <-s.closed:
			return false
		case <-ctx.Done():
			return false
		}
	}
	return f.Gate == nil || f.Gate.enter(s.closed)
}

// faulty is the answer that the fault brings.
func (s *Simulator) faulty(req *request, f *script) answer {
	status := f.Status
	switch {
	case status != 0:
	case f.Redirect != "":
		status = http.StatusTemporaryRedirect
	case f.Body != "" || f.Huge > 0:
		status = http.StatusOK
	default:
		status = http.StatusInternalServerError
	}
	var a answer
	switch {
	case f.Body != "":
		a = s.reply(status, nil)
		a.body, a.contentType = []byte(f.Body), jsonType
	case req.operation == Authenticate && (f.Code != "" || f.Message != ""):
		a = s.iamRefusal(status, f.Message)
	case f.Code != "":
		a = s.refusal(status, f.Code, f.Message)
	default:
		a = s.reply(status, nil)
	}
	if f.Huge > 0 {
		a.contentType = jsonType
	}
	if f.Redirect != "" {
		a.header["Location"] = f.Redirect
	}
	return a
}

// wait gives false where the client goes away or the simulator is closed
// before d is over.
func (s *Simulator) wait(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return true
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	case <-s.closed:
		return false
	}
}

// reset breaks the connection off so that the client sees a reset, not an end.
// It does not return.
func reset(w http.ResponseWriter) {
	if hijacker, ok := w.(http.Hijacker); ok {
		if conn, _, err := hijacker.Hijack(); err == nil {
			raw := conn
			if wrapped, ok := conn.(interface{ NetConn() net.Conn }); ok {
				raw = wrapped.NetConn()
			}
			if tcp, ok := raw.(*net.TCPConn); ok {
				_ = tcp.SetLinger(0) // at worst the client sees an end
			}
			_ = raw.Close()
		}
	}
	panic(http.ErrAbortHandler)
}
