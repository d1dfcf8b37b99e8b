package ratelimit

import "time"

const (
	// lateAfter is how late an owner may be before it no longer holds up the
	// line: as long as it takes the default budget to fill, so that hardly a
	// call is lost by waiting for it.
	lateAfter = 2 * time.Second
	// forgottenAfter is how late an owner may be before its place is dropped.
	forgottenAfter = time.Minute
)

// place is an owner's place in a line.
type place struct {
	owner    string
	priority Priority
	// since is when the owner first asked.
	since time.Time
	// due is when the owner was told to come back.
	due            time.Time
	previous, next *place
}

// late tells whether the owner should have come back by now.
func (p *place) late(now time.Time) bool {
	return now.Sub(p.due) > lateAfter
}

// forgotten tells whether the owner has not come back for too long.
func (p *place) forgotten(now time.Time) bool {
	return now.Sub(p.due) > forgottenAfter
}

// line is a doubly linked list of places in order of arrival.
type line struct {
	first, last *place
	length      int
}

func (l *line) append(p *place) {
	p.previous = l.last
	if l.last == nil {
		l.first = p
	} else {
		l.last.next = p
	}
	l.last = p
	l.length++
}

func (l *line) remove(p *place) {
	if p.previous == nil {
		l.first = p.next
	} else {
		p.previous.next = p.next
	}
	if p.next == nil {
		l.last = p.previous
	} else {
		p.next.previous = p.previous
	}
	p.previous, p.next = nil, nil
	l.length--
}
