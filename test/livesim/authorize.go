package livesim

import (
	"crypto/sha256"
	"net/http"
)

// authenticate finds the credential that a call is made with. It gives an
// answer where the gateway refuses the call.
func (s *Simulator) authenticate(req *request) (*Credential, *answer) {
	refuse := func(a answer) (*Credential, *answer) { return nil, &a }
	tokenValue, authorization := req.http.Header.Values("X-Auth-Token"), req.http.Header.Values("Authorization")
	var c *Credential
	var refused *answer
	switch {
	case len(tokenValue)+len(authorization) == 0:
		return refuse(s.unauthorized("neither X-Auth-Token nor Authorization is sent"))
	case len(tokenValue)+len(authorization) > 1:
		return refuse(s.unauthorized("more than one of X-Auth-Token and Authorization is sent"))
	case len(tokenValue) == 1:
		c, refused = s.checkToken(req, tokenValue[0])
	default:
		c, refused = s.checkSignature(req, authorization[0])
	}
	if c != nil {
		req.credential = c.name
	}
	return c, refused
}

func (s *Simulator) checkToken(req *request, value string) (*Credential, *answer) {
	project, now := req.project, s.timeOf(req)
	s.authority.mu.Lock()
	defer s.authority.mu.Unlock()
	var refused answer
	t, ok := s.authority.tokens[sha256.Sum256([]byte(value))]
	switch {
	case !ok || t.revoked:
		refused = s.unauthorized("decrypt token fail")
	case t.issued && (t.epoch != t.Credential.epoch || !now.Before(t.expires)):
		refused = s.refusal(http.StatusUnauthorized, "APIGW.0307", "The token must be updated.")
	case t.issued && t.project != project, !t.issued && !t.mayUse(project):
		refused = s.otherProject()
	default:
		return t.Credential, nil
	}
	return t.Credential, &refused
}

func (s *Simulator) checkSignature(req *request, authorization string) (*Credential, *answer) {
	refuse := func(c *Credential, a answer) (*Credential, *answer) { return c, &a }
	sig, err := parseAuthorization(authorization)
	if err != nil {
		return refuse(nil, s.unauthorized(err.Error()))
	}
	at, err := signedAt(req.http)
	if err != nil {
		return refuse(nil, s.unauthorized("X-Sdk-Date is not "+dateFormat))
	}
	now, behavior := s.timeOf(req), s.Behavior()

	s.authority.mu.Lock()
	defer s.authority.mu.Unlock()
	key, ok := s.authority.keys[sig.access]
	if !ok || key.revoked {
		return refuse(key.Credential, s.unauthorized("Get secretKey failed,err:ak not exist"))
	}
	if key.locked(now) {
		return refuse(key.Credential, s.unauthorized("AK access failed to reach the limit,forbidden"))
	}
	if now.Sub(at).Abs() > maxSkew {
		return refuse(key.Credential, s.unauthorized("Signature expired"))
	}
	good := sig.matches(sign(req.http, req.body, sig.headers, key.secret.Reveal())) &&
		key.securityToken == Secret(req.http.Header.Get("X-Security-Token"))
	if !good {
		key.failed(now, behavior)
		return refuse(key.Credential, s.unauthorized("verify aksk signature fail"))
	}
	key.failures = 0
	scope, sent := req.http.Header["X-Project-Id"]
	if (sent && (len(scope) != 1 || scope[0] != req.project)) || !key.mayUse(req.project) {
		return refuse(key.Credential, s.otherProject())
	}
	return key.Credential, nil
}

func (s *Simulator) otherProject() answer {
	return s.refusal(http.StatusForbidden, "APIGW.0310", "The project_id is not supported.")
}

// permit refuses an operation that the credential lacks.
func (s *Simulator) permit(c *Credential, operation Operation) *answer {
	s.authority.mu.Lock()
	defer s.authority.mu.Unlock()
	how, denied := c.denied[operation]
	if !denied {
		return nil
	}
	a := s.refusal(http.StatusUnauthorized, "LIVE.100011003", "No permission.")
	if how == ByGateway {
		a = s.refusal(http.StatusForbidden, "APIGW.0302", "Policy doesn't allow the operation to be performed.")
	}
	return &a
}
