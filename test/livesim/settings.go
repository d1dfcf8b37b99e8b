package livesim

import (
	"encoding/json"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

const (
	defaultEvent    = "RECORD_FILE_COMPLETE"
	defaultSignType = "HMACSHA256"
)

var (
	allEvents    = []string{"RECORD_NEW_FILE_START", defaultEvent, "RECORD_OVER", "RECORD_FAILED"}
	allSignTypes = []string{defaultSignType, "MD5"}
	callbackKey  = regexp.MustCompile(`^[A-Za-z0-9]{32,}$`)
)

// settings is the body of a create or an update. What was not sent is nil.
type settings struct {
	domain, app string
	notifyURL   *string
	events      []string
	onDemandURL *string
	signType    *string
	key         *Secret
}

// parseSettings reads such a body by the documented rules. An error names the
// field that breaks one, never its value.
func parseSettings(body []byte) (settings, error) {
	sent, err := fields(body)
	if err != nil {
		return settings{}, err
	}
	var parsed settings
	text := func(name string, value json.RawMessage) (string, error) {
		var s *string
		if json.Unmarshal(value, &s) != nil || s == nil {
			return "", fmt.Errorf("%s is not a string", name)
		}
		return *s, nil
	}
	for _, name := range sortedKeys(sent) {
		var problem error
		var s string
		if name != "notify_event_subscription" {
			if s, problem = text(name, sent[name]); problem != nil {
				return settings{}, problem
			}
		}
		switch name {
		case "publish_domain":
			parsed.domain, problem = s, checkLength(name, s, 255)
		case "app":
			parsed.app, problem = s, checkLength(name, s, 128)
		case "notify_callback_url":
			parsed.notifyURL, problem = &s, checkURL(name, s)
		case "on_demand_callback_url":
			parsed.onDemandURL, problem = &s, checkURL(name, s)
		case "sign_type":
			parsed.signType, problem = &s, checkOneOf(name, s, allSignTypes)
		case "key":
			if !callbackKey.MatchString(s) {
				problem = fmt.Errorf("key has to be 32 letters and digits or more")
			}
			secret := Secret(s)
			parsed.key = &secret
		case "notify_event_subscription":
			parsed.events, problem = parseEvents(sent[name])
		default:
			problem = fmt.Errorf("there is a field that the API does not have")
		}
		if problem != nil {
			return settings{}, problem
		}
	}
	if parsed.domain == "" || parsed.app == "" {
		return settings{}, fmt.Errorf("publish_domain and app are required")
	}
	return parsed, nil
}

func parseEvents(value json.RawMessage) ([]string, error) {
	const name = "notify_event_subscription"
	var sent []*string
	if json.Unmarshal(value, &sent) != nil || len(sent) == 0 {
		return nil, fmt.Errorf("%s is not a list of strings, or is empty", name)
	}
	var events []string
	for _, event := range sent {
		switch {
		case event == nil:
			return nil, fmt.Errorf("%s is not a list of strings", name)
		case slices.Contains(events, *event):
			return nil, fmt.Errorf("%s has an event twice", name)
		}
		if err := checkOneOf(name, *event, allEvents); err != nil {
			return nil, err
		}
		events = append(events, *event)
	}
	return events, nil
}

// checkLength counts characters.
func checkLength(name, value string, most int) error {
	if n := utf8.RuneCountInString(value); n < 1 || n > most {
		return fmt.Errorf("%s has to have 1 to %d characters", name, most)
	}
	return nil
}

func checkURL(name, value string) error {
	u, err := url.Parse(value)
	switch {
	case err != nil, u.Scheme != "http" && u.Scheme != "https", u.Host == "":
		return fmt.Errorf("%s has to be an http or https URL", name)
	case strings.ContainsAny(value, "?#"):
		return fmt.Errorf("%s may have no query and no fragment", name)
	}
	return nil
}

func checkOneOf(name, value string, allowed []string) error {
	if !slices.Contains(allowed, value) {
		return fmt.Errorf("%s has to be one of %s", name, strings.Join(allowed, ", "))
	}
	return nil
}

// isJSON tells whether the request says that its body is JSON, in UTF-8.
func isJSON(r *http.Request) bool {
	values := r.Header.Values("Content-Type")
	if len(values) != 1 {
		return false
	}
	mediaType, params, err := mime.ParseMediaType(values[0])
	charset, given := params["charset"]
	return err == nil && mediaType == jsonType && (!given || strings.EqualFold(charset, "utf-8"))
}

// apply writes what was sent over c. With replace, what was not sent goes back
// to its default.
func (p settings) apply(c *Config, replace bool) {
	if replace {
		c.NotifyCallbackURL, c.OnDemandCallbackURL, c.Key = "", "", ""
		c.NotifyEventSubscription, c.SignType = []string{defaultEvent}, defaultSignType
	}
	c.PublishDomain, c.App = p.domain, p.app
	if p.notifyURL != nil {
		c.NotifyCallbackURL = *p.notifyURL
	}
	if p.onDemandURL != nil {
		c.OnDemandCallbackURL = *p.onDemandURL
	}
	if p.signType != nil {
		c.SignType = *p.signType
	}
	if p.events != nil {
		c.NotifyEventSubscription = p.events
	}
	if p.key != nil {
		c.Key = *p.key
	}
}
