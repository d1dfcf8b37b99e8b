package livesim

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// maxBody is the most bytes of a body that are read.
const maxBody = 1 << 20

// request is a call, as far as it is understood.
type request struct {
	http     *http.Request
	body     []byte
	oversize bool

	operation   Operation
	project, id string
	domain, app string
	credential  string
	// skew is how far ahead the API's clock is for this call.
	skew time.Duration
}

// read reads a call to its end. It fails where the client goes away.
func (s *Simulator) read(w http.ResponseWriter, r *http.Request) (*request, error) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	var tooLarge *http.MaxBytesError
	if err != nil && !errors.As(err, &tooLarge) {
		return nil, err
	}
	req := &request{http: r, body: body, oversize: tooLarge != nil}
	req.operation, req.project, req.id = route(r)
	s.guess(req)
	return req, nil
}

// route takes a path as it stands: no cleaning, no trailing slash.
func route(r *http.Request) (operation Operation, project, id string) {
	path := r.URL.EscapedPath()
	if path == "/v3/auth/tokens" && r.Method == http.MethodPost {
		return Authenticate, "", ""
	}
	parts := strings.Split(path, "/")
	if len(parts) < 5 || len(parts) > 6 || parts[0] != "" || parts[1] != "v1" || parts[3] != "record" || parts[4] != "callbacks" {
		return Unknown, "", ""
	}
	project, err := url.PathUnescape(parts[2])
	if err != nil || project == "" {
		return Unknown, "", ""
	}
	if len(parts) == 5 {
		switch r.Method {
		case http.MethodPost:
			return Create, project, ""
		case http.MethodGet:
			return List, project, ""
		}
		return Unknown, project, ""
	}
	id, err = url.PathUnescape(parts[5])
	if err != nil || id == "" {
		return Unknown, project, ""
	}
	switch r.Method {
	case http.MethodPut:
		return Update, project, id
	case http.MethodGet:
		return Show, project, id
	case http.MethodDelete:
		return Delete, project, id
	}
	return Unknown, project, id
}

// guess finds the domain and the app that a call is about, for faults and the
// log: in its body or query, else in the stored configuration. A token call is
// about the project that the token is to be for.
func (s *Simulator) guess(req *request) {
	switch req.operation {
	case Create, Update:
		var body struct {
			Domain any `json:"publish_domain"`
			App    any `json:"app"`
		}
		_ = json.Unmarshal(req.body, &body)
		req.domain, _ = body.Domain.(string)
		req.app, _ = body.App.(string)
	case Authenticate:
		var body authRequest
		_ = json.Unmarshal(req.body, &body)
		if scope := body.Auth.Scope; scope != nil && scope.Project != nil {
			req.project = scope.Project.ID
		}
	case List:
		query := req.http.URL.Query()
		req.domain, req.app = query.Get("publish_domain"), query.Get("app")
	case Show, Delete:
		if c, ok := s.store.get(req.project, req.id); ok {
			req.domain, req.app = c.PublishDomain, c.App
		}
	}
}
