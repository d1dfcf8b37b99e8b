package livesim

import (
	"slices"
	"time"
)

// AnyProject lets a credential use every project.
const AnyProject = "*"

// Denial is the way the API refuses an operation that a credential lacks.
type Denial int

const (
	// ByService is 401 LIVE.100011003, the service's own answer.
	ByService Denial = iota
	// ByGateway is 403 APIGW.0302.
	ByGateway
)

// Credential is something that the API knows callers by: a token, an access
// key or a user of IAM. Its methods act on calls that come after them and are
// safe for concurrent use. It prints as its name, never as what it holds.
type Credential struct {
	a        *authority
	name     string
	user     string
	projects []string
	denied   map[Operation]Denial
	revoked  bool
	// epoch counts what ended all tokens issued so far.
	epoch int
	// failures are wrong passwords or bad signatures in a row.
	failures    int
	wrong       int
	lockedUntil time.Time
}

// Name is how the log of calls names the credential: "token-1",
// "access-key-2" in the order of adding, or "domain/user".
func (c *Credential) Name() string { return c.name }

// String implements fmt.Stringer.
func (c *Credential) String() string { return c.name }

// GoString implements fmt.GoStringer.
func (c *Credential) GoString() string { return c.name }

// Deny takes the permission for operations away, for all of the five where
// none is named.
func (c *Credential) Deny(how Denial, operations ...Operation) {
	c.a.mu.Lock()
	defer c.a.mu.Unlock()
	for _, operation := range orAll(operations) {
		c.denied[operation] = how
	}
}

// Allow gives the permission for operations back, for all of the five where
// none is named.
func (c *Credential) Allow(operations ...Operation) {
	c.a.mu.Lock()
	defer c.a.mu.Unlock()
	for _, operation := range orAll(operations) {
		delete(c.denied, operation)
	}
}

// SetProjects replaces the projects that the credential may use. A token
// issued before stays with the project it was issued for.
func (c *Credential) SetProjects(projects ...string) {
	c.a.mu.Lock()
	defer c.a.mu.Unlock()
	c.projects = slices.Clone(projects)
}

// Revoke makes the API refuse the credential, and the tokens issued to it, as
// if it had been deleted.
func (c *Credential) Revoke() { c.setRevoked(true) }

// Restore undoes Revoke.
func (c *Credential) Restore() { c.setRevoked(false) }

func (c *Credential) setRevoked(revoked bool) {
	c.a.mu.Lock()
	defer c.a.mu.Unlock()
	c.revoked = revoked
}

// EndTokens ends every token issued to this user so far; a call with one is
// answered 401 APIGW.0307. New ones can be had at once.
func (c *Credential) EndTokens() {
	c.a.mu.Lock()
	defer c.a.mu.Unlock()
	c.epoch++
}

// ShareLimit counts this credential's calls as those of another, as where one
// user has several tokens and access keys.
func (c *Credential) ShareLimit(other *Credential) {
	c.a.mu.Lock()
	defer c.a.mu.Unlock()
	c.user = other.user
}

// Failures is how many wrong passwords (of a user) or bad signatures (of an
// access key) there have been in all.
func (c *Credential) Failures() int {
	c.a.mu.Lock()
	defer c.a.mu.Unlock()
	return c.wrong
}

// mayUse is called with the lock held.
func (c *Credential) mayUse(project string) bool {
	return slices.Contains(c.projects, project) || slices.Contains(c.projects, AnyProject)
}

// failed counts a failure, and locks at the limit. Called with the lock held.
func (c *Credential) failed(now time.Time, b Behavior) {
	c.wrong++
	c.failures++
	if b.LockAfter > 0 && c.failures >= b.LockAfter {
		c.failures, c.lockedUntil = 0, now.Add(b.LockFor)
	}
}

// locked is called with the lock held.
func (c *Credential) locked(now time.Time) bool { return now.Before(c.lockedUntil) }

func orAll(operations []Operation) []Operation {
	if len(operations) == 0 {
		return liveOperations
	}
	return operations
}
