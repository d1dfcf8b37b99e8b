package livesim

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"time"
)

// expiresFormat is IAM's form of times.
const expiresFormat = "2006-01-02T15:04:05.000000Z"

// authRequest is the body of POST /v3/auth/tokens, as far as this simulator
// takes it: the password method with a project's ID as the scope.
type authRequest struct {
	Auth struct {
		Identity struct {
			Methods  []string `json:"methods"`
			Password *struct {
				User struct {
					Name     string `json:"name"`
					Password string `json:"password"`
					Domain   *struct {
						Name string `json:"name"`
					} `json:"domain"`
				} `json:"user"`
			} `json:"password"`
		} `json:"identity"`
		Scope *struct {
			Project *struct {
				ID string `json:"id"`
			} `json:"project"`
		} `json:"scope"`
	} `json:"auth"`
}

// problem says what is wrong with the form of the request, without a word of
// what it holds.
func (r *authRequest) problem() string {
	identity := r.Auth.Identity
	switch {
	case len(identity.Methods) != 1 || identity.Methods[0] != "password" || identity.Password == nil:
		return "auth.identity has to be of the password method."
	case identity.Password.User.Name == "" || identity.Password.User.Password == "":
		return "auth.identity.password.user has to have name and password."
	case identity.Password.User.Domain == nil || identity.Password.User.Domain.Name == "":
		return "auth.identity.password.user.domain has to have a name."
	case r.Auth.Scope == nil || r.Auth.Scope.Project == nil || r.Auth.Scope.Project.ID == "":
		return "auth.scope.project has to have an id."
	}
	return ""
}

type (
	named struct {
		ID   string `json:"id"`
		Name string `json:"name"`
	}
	inDomain struct {
		Domain named  `json:"domain"`
		ID     string `json:"id"`
		Name   string `json:"name"`
	}
	issuedToken struct {
		Methods   []string `json:"methods"`
		ExpiresAt string   `json:"expires_at"`
		IssuedAt  string   `json:"issued_at"`
		Catalog   []string `json:"catalog"`
		Roles     []string `json:"roles"`
		Project   inDomain `json:"project"`
		User      inDomain `json:"user"`
	}
)

// authenticateUser answers the token call.
func (s *Simulator) authenticateUser(req *request) answer {
	if !isJSON(req.http) {
		return s.iamRefusal(http.StatusBadRequest, "Content-Type has to be application/json.")
	}
	var body authRequest
	if req.oversize || decodeStrict(req.body, &body) != nil {
		return s.iamRefusal(http.StatusBadRequest, "The request body is invalid.")
	}
	if problem := body.problem(); problem != "" {
		return s.iamRefusal(http.StatusBadRequest, problem)
	}
	who, project := body.Auth.Identity.Password.User, body.Auth.Scope.Project.ID
	now, behavior := s.timeOf(req), s.Behavior()

	s.authority.mu.Lock()
	defer s.authority.mu.Unlock()
	u, ok := s.authority.users[userName{who.Domain.Name, who.Name}]
	if ok {
		req.credential = u.name
	}
	switch {
	case ok && u.locked(now):
		return s.iamRefusal(http.StatusUnauthorized, "The account is locked.")
	case ok && !u.revoked && u.password.Reveal() == who.Password:
		u.failures = 0
	default:
		s.authority.wrong++
		if ok {
			u.failed(now, behavior)
		}
		return s.iamRefusal(http.StatusUnauthorized, "The username or password is wrong.")
	}
	if _, denied := u.denied[Authenticate]; denied {
		return s.iamRefusal(http.StatusForbidden, "You are not authorized to perform the requested action.")
	}
	if !u.mayUse(project) {
		return s.iamRefusal(http.StatusUnauthorized, "The user has no access to the project.")
	}
	expires := now.Add(behavior.TokenLifetime)
	domain := named{ID: hexDigest(who.Domain.Name), Name: who.Domain.Name}
	a := s.reply(http.StatusCreated, map[string]issuedToken{"token": {
		Methods:   []string{"password"},
		ExpiresAt: iamTime(expires),
		IssuedAt:  iamTime(now),
		Catalog:   []string{},
		Roles:     []string{},
		Project:   inDomain{Domain: domain, ID: project, Name: project},
		User:      inDomain{Domain: domain, ID: hexDigest(u.name), Name: who.Name},
	}}).fromIAM()
	a.header["X-Subject-Token"] = s.authority.issue(u, project, behavior.TokenSize, expires)
	return a
}

func iamTime(t time.Time) string { return t.UTC().Format(expiresFormat) }

// hexDigest makes an ID out of a name, the same each time.
func hexDigest(name string) string {
	sum := sha256.Sum256([]byte(name))
	return hex.EncodeToString(sum[:16])
}
