package credentials

import (
	"sync"
	"time"

	"github.com/live-operator/live-operator/internal/live"
)

const (
	// restTime is how long a credential is not tried after it has failed twice.
	// A gateway locks an access key for as long after five failures.
	restTime = 5 * time.Minute
	// renewalPause is how often a project's token may be renewed because it was
	// not accepted.
	renewalPause = time.Minute
	// strangerPause is how long no further new project is tried after one was
	// refused with credentials that work elsewhere.
	strangerPause = 10 * time.Second
	// nudgePause is how often a rest may be ended early.
	nudgePause = time.Minute
	// probesAtOnce is how many projects may be tried at the same time with
	// credentials that have not worked there yet.
	probesAtOnce = 3
	// slowProbe is how long a probe keeps other projects waiting, so that one
	// whose API hangs does not hold them up, and slowRetrial the same after a
	// rest. lostProbe is how long it keeps those of its own project waiting.
	slowProbe   = 10 * time.Second
	slowRetrial = time.Minute
	lostProbe   = 10 * time.Minute
	// idleTime is after how long what is not used is forgotten.
	idleTime = time.Hour
	// tooManyRefuse is how many projects must refuse credentials that have worked
	// in them, with no success between, for the credentials to rest everywhere.
	tooManyRefuse = 2
)

// standing is what is known about whether the credentials of one Secret work,
// and so who may try them. Whether they work is a matter of each project (a
// token for one is not accepted by another) and of all of them together (a
// token that has ended). Safe for concurrent use.
type standing struct {
	clock Clock
	// renews: a project's token can be renewed.
	renews bool
	// onRest is told of each rest; nil: nobody is.
	onRest func()

	mu     sync.Mutex
	places map[live.Target]*place
	swept  time.Time
	// probes are the leases of projects where it is not known whether the
	// credentials work.
	probes map[*Lease]struct{}

	// good: they have worked somewhere, and were not put to rest since.
	good bool
	// rested: they were put to rest everywhere, and have not worked since; they
	// rest until restUntil, because of lastErr. epoch counts these times.
	rested    bool
	restUntil time.Time
	lastErr   *live.Error
	epoch     int
	// appeal: a project in which they have always worked may try them during a
	// rest all the same, once, so that some that no longer accept them can't keep
	// putting all others to rest. appealing is the lease of the one that does.
	appeal    bool
	appealing *Lease
	// refusing are the projects that refuse them though they worked there once,
	// since the last success anywhere.
	refusing map[live.Target]struct{}
	// retriedAt is when they were last tried again after a first failure.
	retriedAt time.Time
	// strangersAt is when the next project may be tried in which they have not
	// worked yet; zero if the last such project accepted them.
	strangersAt time.Time
	nudgedAt    time.Time
	// changed is closed at the next change, for those who wait.
	changed chan struct{}
}

// place is what is known about them in one project.
type place struct {
	// good: they have worked here.
	good bool
	// doubt: they failed once since, and are to be tried once more.
	doubt bool
	// rested: they were put to rest here, and have not worked since; they rest
	// until restUntil, because of lastErr.
	rested    bool
	restUntil time.Time
	lastErr   *live.Error
	// epoch counts failures: what began before one says nothing about after it.
	epoch     int
	retriedAt time.Time
	// probe is the lease of the one who tries them while nobody else may.
	probe *Lease
	used  time.Time
}

// sure tells whether there is no reason to think that they do not work here.
func (p *place) sure() bool { return p.good && !p.doubt && !p.rested }

func newStanding(c Clock, renews bool) *standing {
	return &standing{
		clock:   c,
		renews:  renews,
		places:  map[live.Target]*place{},
		swept:   c.Now(),
		probes:  map[*Lease]struct{}{},
		changed: make(chan struct{}),
	}
}

// begin enters l, or says after what time to ask again, and if that is because
// they rest, the error that is the reason.
func (s *standing) begin(l *Lease) (ok bool, wait time.Duration, why *live.Error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.clock.Now()
	s.sweep(now)
	p := s.places[l.target]
	if p == nil {
		p = &place{}
		s.places[l.target] = p
	}
	p.used = now

	until, why, appeal := s.resting(p, now)
	if !until.IsZero() {
		return false, until.Sub(now), why
	}
	probe := !p.sure() || !s.good
	if wait := s.turn(p, now); probe && wait > 0 {
		return false, wait, nil
	}
	if appeal && !s.appeal {
		return false, backIn(now.Sub(s.appealing.begun)), nil
	}
	l.begun, l.epoch, l.epochAll = now, p.epoch, s.epoch
	if appeal {
		s.appeal, s.appealing = false, l
	}
	if probe {
		p.probe = l
		s.probes[l] = struct{}{}
	}
	return true, 0, nil
}

// resting tells until when they rest for that project, and why; zero if they
// do not. With appeal they rest, but not for this project.
func (s *standing) resting(p *place, now time.Time) (until time.Time, why *live.Error, appeal bool) {
	if now.Before(p.restUntil) {
		until, why = p.restUntil, p.lastErr
	}
	if now.Before(s.restUntil) {
		if p.sure() && (s.appeal || s.appealing != nil && now.Sub(s.appealing.begun) < slowProbe) {
			// Or all will know soon, from who is first.
			return until, why, true
		}
		if s.restUntil.After(until) {
			until, why = s.restUntil, s.lastErr
		}
	}
	return until, why, false
}

// turn is how long a probe has to wait for others; 0 if it may begin now.
func (s *standing) turn(p *place, now time.Time) time.Duration {
	if p.probe != nil && now.Sub(p.probe.begun) < lostProbe {
		return backIn(now.Sub(p.probe.begun))
	}
	if s.good && p.good {
		// Only this project is in doubt.
		return 0
	}
	if wait := s.strangersAt.Sub(now); s.good && wait > 0 {
		return wait
	}
	most, slow := probesAtOnce, slowProbe
	switch {
	case s.rested:
		most, slow = 1, slowRetrial
	case !s.strangersAt.IsZero():
		most = 1
	}
	var oldest time.Duration
	for l := range s.probes {
		if age := now.Sub(l.begun); age < slow {
			most--
			oldest = max(oldest, age)
		}
	}
	if most > 0 {
		return 0
	}
	return backIn(oldest)
}

// backIn is when to ask again about a call that has taken so long already: soon
// at first, and ever less often.
func backIn(age time.Duration) time.Duration {
	return min(max(age, 200*time.Millisecond), 5*time.Second)
}

// outcome is what a call says about the credentials it was made with.
type outcome int

const (
	nothing outcome = iota
	accepted
	notAccepted
)

// end takes l out again, and tells whether to try once more.
func (s *standing) end(l *Lease, o outcome, e *live.Error) (again bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.clock.Now()
	delete(s.probes, l)
	s.notify()
	p := s.places[l.target]
	if p == nil {
		return false
	}
	if p.probe == l {
		p.probe = nil
	}
	p.used = now
	appealed := s.appealing == l
	if appealed {
		s.appealing = nil
	}
	switch {
	case o == nothing:
		if appealed && l.epochAll == s.epoch && now.Before(s.restUntil) {
			s.appeal = true
		}
	case l.epoch != p.epoch:
		// Of before the failure that is being dealt with.
	case o == accepted:
		s.accept(p, l)
	default:
		return s.refuse(p, l, e, now)
	}
	return false
}

func (s *standing) accept(p *place, l *Lease) {
	if !p.good {
		s.strangersAt = time.Time{}
	}
	*p = place{good: true, epoch: p.epoch, retriedAt: p.retriedAt, used: p.used, probe: p.probe}
	if l.epochAll != s.epoch {
		return
	}
	s.good, s.rested, s.appeal = true, false, false
	s.restUntil, s.lastErr = time.Time{}, nil
	clear(s.refusing)
}

func (s *standing) refuse(p *place, l *Lease, e *live.Error, now time.Time) (again bool) {
	p.epoch++
	p.lastErr = e
	if s.mayRetry(p, e, now) {
		p.doubt = true
		p.retriedAt, s.retriedAt = now, now
		return true
	}
	p.doubt, p.rested, p.restUntil = false, true, now.Add(restTime)
	if s.onRest != nil {
		s.onRest()
	}
	switch {
	case !s.good:
		s.rest(e, now)
	case !p.good:
		s.strangersAt = now.Add(strangerPause)
	default:
		if s.refusing == nil {
			s.refusing = map[live.Target]struct{}{}
		}
		s.refusing[l.target] = struct{}{}
		if len(s.refusing) >= tooManyRefuse {
			s.rest(e, now)
			s.appeal = true
		}
	}
	return false
}

// mayRetry tells whether this failure is the first, after which the Secret is
// read anew, or the token renewed, and the call tried once more. That is once
// for all projects together, unless each has a token of its own.
func (s *standing) mayRetry(p *place, e *live.Error, now time.Time) bool {
	switch {
	case p.doubt || p.rested || s.rested:
		return false
	case e.Operation == live.OperationAuthenticate:
		// Wrong passwords lock an account.
		return false
	case s.renews && s.good:
		return now.Sub(p.retriedAt) >= renewalPause
	default:
		return now.Sub(s.retriedAt) >= restTime
	}
}

// rest puts them to rest everywhere.
func (s *standing) rest(e *live.Error, now time.Time) {
	s.good, s.rested = false, true
	s.restUntil, s.lastErr = now.Add(restTime), e
	s.epoch++
	clear(s.refusing)
}

// nudge ends the rest of one project, or of all where that is the zero Target,
// so that one call may try. It does so once a minute at most.
func (s *standing) nudge(t live.Target) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.clock.Now()
	if now.Sub(s.nudgedAt) < nudgePause {
		return false
	}
	ended := now.Before(s.restUntil)
	s.restUntil = time.Time{}
	for target, p := range s.places {
		if t == target || t == (live.Target{}) {
			ended = ended || now.Before(p.restUntil)
			p.restUntil = time.Time{}
		}
	}
	if ended {
		s.nudgedAt = now
		s.notify()
	}
	return ended
}

// notify wakes those who wait for a change.
func (s *standing) notify() {
	close(s.changed)
	s.changed = make(chan struct{})
}

// state is resting for those who do not want to begin.
func (s *standing) state(t live.Target) (until time.Time, why *live.Error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.places[t]
	if p == nil {
		p = &place{}
	}
	until, why, _ = s.resting(p, s.clock.Now())
	return until, why
}

// anyRest tells whether they rest, in one project at least.
func (s *standing) anyRest() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.clock.Now()
	if now.Before(s.restUntil) {
		return true
	}
	for _, p := range s.places {
		if now.Before(p.restUntil) {
			return true
		}
	}
	return false
}

// next is closed at the next change.
func (s *standing) next() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.changed
}

// sweep forgets projects that are no longer used.
func (s *standing) sweep(now time.Time) {
	if now.Sub(s.swept) < idleTime {
		return
	}
	s.swept = now
	for t, p := range s.places {
		if now.Sub(p.used) >= idleTime && now.After(p.restUntil) {
			delete(s.places, t)
		}
	}
	for l := range s.probes {
		if now.Sub(l.begun) >= idleTime {
			delete(s.probes, l)
		}
	}
}
