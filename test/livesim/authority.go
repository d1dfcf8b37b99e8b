package livesim

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"slices"
	"sync"
	"time"
)

type userName struct{ domain, name string }

type user struct {
	*Credential
	password Secret
}

type accessKey struct {
	*Credential
	secret Secret
	// securityToken is what a temporary key must come with.
	securityToken Secret
}

// token is one that was issued by IAM, or that a test made up.
type token struct {
	*Credential
	// project is the only one that an issued token is good for.
	project string
	issued  bool
	epoch   int
	expires time.Time
}

// authority knows every credential. It is safe for concurrent use.
type authority struct {
	mu     sync.Mutex
	tokens map[[sha256.Size]byte]token
	keys   map[string]accessKey
	users  map[userName]user
	// wrong counts the token calls that were refused for their password.
	wrong                  int
	tokensAdded, keysAdded int
}

func newAuthority() *authority {
	return &authority{
		tokens: map[[sha256.Size]byte]token{},
		keys:   map[string]accessKey{},
		users:  map[userName]user{},
	}
}

// newCredential is called with the lock held.
func (a *authority) newCredential(name string, projects []string) *Credential {
	return &Credential{a: a, name: name, user: name, projects: slices.Clone(projects), denied: map[Operation]Denial{}}
}

// AddToken makes the API take this X-Auth-Token, for ever, for these projects
// (see AnyProject). Adding one again replaces it.
func (s *Simulator) AddToken(value string, projects ...string) *Credential {
	a := s.authority
	a.mu.Lock()
	defer a.mu.Unlock()
	a.tokensAdded++
	c := a.newCredential(fmt.Sprintf("token-%d", a.tokensAdded), projects)
	a.tokens[sha256.Sum256([]byte(value))] = token{Credential: c}
	return c
}

// AddAccessKey makes the API take requests that are signed with this secret
// key. Adding an access key again replaces it.
func (s *Simulator) AddAccessKey(access, secret string, projects ...string) *Credential {
	return s.AddTemporaryAccessKey(access, secret, "", projects...)
}

// AddTemporaryAccessKey is AddAccessKey for a key that has to come with a
// security token, in X-Security-Token.
func (s *Simulator) AddTemporaryAccessKey(access, secret, securityToken string, projects ...string) *Credential {
	a := s.authority
	a.mu.Lock()
	defer a.mu.Unlock()
	a.keysAdded++
	c := a.newCredential(fmt.Sprintf("access-key-%d", a.keysAdded), projects)
	a.keys[access] = accessKey{Credential: c, secret: Secret(secret), securityToken: Secret(securityToken)}
	return c
}

// AddUser makes IAM issue tokens to a user, for any of these projects. Adding
// one again sets the password and the projects, and ends the user's tokens.
func (s *Simulator) AddUser(domain, name, password string, projects ...string) *Credential {
	a := s.authority
	a.mu.Lock()
	defer a.mu.Unlock()
	key := userName{domain, name}
	if known, ok := a.users[key]; ok {
		known.epoch++
		known.projects = slices.Clone(projects)
		a.users[key] = user{Credential: known.Credential, password: Secret(password)}
		return known.Credential
	}
	c := a.newCredential(domain+"/"+name, projects)
	a.users[key] = user{Credential: c, password: Secret(password)}
	return c
}

// SetPassword changes a user's password, which ends the user's tokens at once.
// It does nothing where there is no such user.
func (s *Simulator) SetPassword(domain, name, password string) {
	a := s.authority
	a.mu.Lock()
	defer a.mu.Unlock()
	if known, ok := a.users[userName{domain, name}]; ok {
		known.epoch++
		a.users[userName{domain, name}] = user{Credential: known.Credential, password: Secret(password)}
	}
}

// WrongPasswords is how many token calls came with a wrong password, or for a
// user that does not exist.
func (s *Simulator) WrongPasswords() int {
	s.authority.mu.Lock()
	defer s.authority.mu.Unlock()
	return s.authority.wrong
}

// find gives the credential that a token, an access key, or a domain and user
// name belongs to; nil where there is none.
func (a *authority) find(tokenValue, access, domain, name string) *Credential {
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case tokenValue != "":
		return a.tokens[sha256.Sum256([]byte(tokenValue))].Credential
	case access != "":
		return a.keys[access].Credential
	default:
		return a.users[userName{domain, name}].Credential
	}
}

// issue makes a token for a user. Called with the lock held.
func (a *authority) issue(u user, project string, size int, expires time.Time) string {
	raw := make([]byte, base64.RawURLEncoding.DecodedLen(size)+1)
	_, _ = rand.Read(raw) // never fails, by its documentation
	value := base64.RawURLEncoding.EncodeToString(raw)[:size]
	a.tokens[sha256.Sum256([]byte(value))] = token{
		Credential: u.Credential, project: project, issued: true, epoch: u.epoch, expires: expires,
	}
	return value
}
