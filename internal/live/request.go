package live

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// request is one call, before it is tied to a client.
type request struct {
	operation Operation
	method    string
	target    Target
	// item: the call is about the configuration of this id, which may not be
	// empty: without one a DELETE would be about all of them.
	item     bool
	id       string
	query    url.Values
	settings *Settings
	// success are the statuses whose body decode reads.
	success []int
	decode  func(body []byte) error
}

// settingsBody is Settings on the wire.
type settingsBody struct {
	PublishDomain           string   `json:"publish_domain,omitempty"`
	App                     string   `json:"app,omitempty"`
	NotifyCallbackURL       string   `json:"notify_callback_url,omitempty"`
	NotifyEventSubscription []string `json:"notify_event_subscription,omitempty"`
	OnDemandCallbackURL     string   `json:"on_demand_callback_url,omitempty"`
	SignType                string   `json:"sign_type,omitempty"`
	Key                     string   `json:"key,omitempty"`
}

// encode is the body of a create or an update.
func (s *Settings) encode() ([]byte, error) {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	// An & in a URL stays an &.
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(settingsBody{
		PublishDomain:           s.PublishDomain,
		App:                     s.App,
		NotifyCallbackURL:       s.NotifyCallbackURL,
		NotifyEventSubscription: s.NotifyEventSubscription,
		OnDemandCallbackURL:     s.OnDemandCallbackURL,
		SignType:                s.SignType,
		Key:                     s.Key.Reveal(),
	})
	return bytes.TrimRight(b.Bytes(), "\n"), err
}

// build makes the HTTP request, without authorization. Its errors are of a
// request that can't be made, and say so to a person.
func (c *Client) build(ctx context.Context, r request) (*http.Request, error) {
	u, err := c.endpoints.URL(r.target.Region)
	if err != nil {
		return nil, err
	}
	if err := checkSegment(r.target.ProjectID); err != nil {
		return nil, errors.New("the project ID " + err.Error())
	}
	path := u.EscapedPath() + "/v1/" + url.PathEscape(r.target.ProjectID) + "/record/callbacks"
	if r.item {
		if err := checkSegment(r.id); err != nil {
			return nil, errors.New("the configuration's ID " + err.Error())
		}
		path += "/" + url.PathEscape(r.id)
	}
	if u.Path, err = url.PathUnescape(path); err != nil {
		return nil, errors.New("the endpoint's path is not well formed")
	}
	u.RawPath = path
	u.RawQuery = r.query.Encode()

	var body []byte
	if r.settings != nil {
		if body, err = r.settings.encode(); err != nil {
			return nil, errors.New("the settings can't be written as JSON")
		}
	}
	// A bytes.Reader gives the request a length and GetBody.
	req, err := http.NewRequestWithContext(ctx, r.method, u.String(), bytes.NewReader(body))
	if err != nil {
		return nil, errors.New("the request can't be made: its address is not well formed")
	}
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", c.userAgent)
	if r.settings != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	return req, nil
}

// checkSegment refuses what escaping can't make a segment of a path: nothing,
// and the two names that servers and proxies take out of paths.
func checkSegment(s string) error {
	switch s {
	case "":
		return errors.New("is empty")
	case ".", "..":
		return errors.New("can't be " + s)
	}
	return nil
}

// sendable tells whether a header can carry the value.
func sendable(value string) bool {
	return !strings.ContainsFunc(value, func(r rune) bool {
		return r < ' ' && r != '\t' || r == 0x7f
	})
}

// harmless are the headers whose values may be shown.
var harmless = []string{"Accept", "Content-Type", "Date", "Host", "User-Agent", "X-Domain-Id", "X-Project-Id", "X-Sdk-Date"}

// secretsOf are the values in a request that must not be seen, in case an
// answer echoes them.
func secretsOf(req *http.Request, s *Settings) []string {
	var secrets []string
	for name, values := range req.Header {
		if slices.Contains(harmless, http.CanonicalHeaderKey(name)) {
			continue
		}
		for _, value := range values {
			secrets = append(secrets, value)
			// A signature within an Authorization, but not its access key ID,
			// which is 20 characters long and which a person needs to see.
			for part := range strings.FieldsFuncSeq(value, func(r rune) bool { return strings.ContainsRune(" ,=", r) }) {
				if len(part) >= 32 && part != value {
					secrets = append(secrets, part)
				}
			}
		}
	}
	if s != nil {
		secrets = append(secrets, s.Key.Reveal())
	}
	// The longest first, so that none is cut apart by one that it holds.
	slices.SortFunc(secrets, func(a, b string) int { return len(b) - len(a) })
	return secrets
}
