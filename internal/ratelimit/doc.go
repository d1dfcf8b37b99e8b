// Package ratelimit says when a call to the Live API may be made: each project
// has a budget of its own, which its resources share in order of arrival.
//
// The vendor's limit on the recording-callback operations is 300 calls a minute
// for a user and 300 for an API; whether the five operations share it is not
// documented, so they are counted together. A token bucket of 4.8 a second and
// 10 at once lets through at most 4.8*60 + 10 = 298 calls in any 60 s.
//
// Nothing here blocks. Who may not call yet is told when to come back, and has
// a place in line until then. That way no worker is held by a project that is
// busy or throttled, and a thousand that wait come back one after the other.
package ratelimit
