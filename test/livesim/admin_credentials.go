package livesim

import (
	"errors"
	"fmt"
	"net/http"
)

// Who names a credential by what it is: a token, an access key, or the domain
// and name of a user.
type Who struct {
	Token     string `json:"token,omitempty"`
	AccessKey string `json:"accessKey,omitempty"`
	Domain    string `json:"domain,omitempty"`
	User      string `json:"user,omitempty"`
}

// String implements fmt.Stringer, without the token.
func (w Who) String() string {
	return fmt.Sprintf("token=%s accessKey=%s user=%s/%s", Secret(w.Token), Secret(w.AccessKey), w.Domain, w.User)
}

// GoString implements fmt.GoStringer.
func (w Who) GoString() string { return w.String() }

// Permissions change what a credential may do. In this order: Revoke or
// Restore, Projects unless nil, EndTokens, Deny, Allow.
type Permissions struct {
	Revoke    bool        `json:"revoke,omitempty"`
	Restore   bool        `json:"restore,omitempty"`
	EndTokens bool        `json:"endTokens,omitempty"`
	Projects  []string    `json:"projects,omitempty"`
	Deny      []Operation `json:"deny,omitempty"`
	// ByGateway makes the gateway refuse what is denied, not the service.
	ByGateway bool        `json:"byGateway,omitempty"`
	Allow     []Operation `json:"allow,omitempty"`
}

type wireCredential struct {
	Who
	SecretKey     string   `json:"secretKey,omitempty"`
	SecurityToken string   `json:"securityToken,omitempty"`
	Password      string   `json:"password,omitempty"`
	Projects      []string `json:"projects"`
}

type wirePermissions struct {
	Who
	Permissions
}

type wireName struct {
	Name string `json:"name"`
}

func (s *Simulator) adminCredential(r *http.Request) (any, error) {
	var body wireCredential
	if err := decodeBody(r, &body); err != nil {
		return nil, err
	}
	switch {
	case body.Token != "":
		return wireName{s.AddToken(body.Token, body.Projects...).Name()}, nil
	case body.AccessKey != "" && body.SecretKey != "":
		c := s.AddTemporaryAccessKey(body.AccessKey, body.SecretKey, body.SecurityToken, body.Projects...)
		return wireName{c.Name()}, nil
	case body.Domain != "" && body.User != "" && body.Password != "":
		return wireName{s.AddUser(body.Domain, body.User, body.Password, body.Projects...).Name()}, nil
	}
	return nil, errors.New("a credential has token; or accessKey and secretKey; or domain, user and password")
}

func (s *Simulator) adminPermissions(r *http.Request) (any, error) {
	var body wirePermissions
	if err := decodeBody(r, &body); err != nil {
		return nil, err
	}
	c := s.authority.find(body.Token, body.AccessKey, body.Domain, body.User)
	if c == nil {
		return nil, errors.New("there is no such credential")
	}
	if body.Revoke || body.Restore {
		c.setRevoked(body.Revoke)
	}
	if body.Projects != nil {
		c.SetProjects(body.Projects...)
	}
	if body.EndTokens {
		c.EndTokens()
	}
	how := ByService
	if body.ByGateway {
		how = ByGateway
	}
	if len(body.Deny) > 0 {
		c.Deny(how, body.Deny...)
	}
	if len(body.Allow) > 0 {
		c.Allow(body.Allow...)
	}
	return wireName{c.Name()}, nil
}
