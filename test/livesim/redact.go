package livesim

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// plainHeaders are the headers whose values the log of calls shows: those that
// can hold no secret.
var plainHeaders = []string{
	"Accept", "Accept-Encoding", "Content-Length", "Content-Type", "Host", "Idempotency-Key",
	"User-Agent", "X-Project-Id", "X-Sdk-Date", "X-Request-Id",
}

// plainFields are the fields of a body whose values the log shows. Of others
// it shows the names.
var plainFields = []string{
	"publish_domain", "app", "notify_callback_url", "notify_event_subscription",
	"on_demand_callback_url", "sign_type",
	"auth", "identity", "methods", "user", "domain", "name", "scope", "project",
}

var plainParameters = []string{"publish_domain", "app", "offset", "limit"}

// redactHeader gives a copy of r's headers for the log.
func redactHeader(r *http.Request) http.Header {
	shown := http.Header{"Host": {r.Host}}
	for name, values := range r.Header {
		if slices.Contains(plainHeaders, name) {
			shown[name] = slices.Clone(values)
			continue
		}
		shown[name] = slices.Repeat([]string{redacted}, len(values))
	}
	return shown
}

func redactQuery(values url.Values) url.Values {
	shown := url.Values{}
	for name, all := range values {
		if slices.Contains(plainParameters, name) {
			shown[name] = slices.Clone(all)
			continue
		}
		shown[name] = slices.Repeat([]string{redacted}, len(all))
	}
	return shown
}

// redactBody gives a body for the log. One that is not a JSON object is not shown.
func redactBody(body []byte) string {
	if len(body) == 0 {
		return ""
	}
	var value map[string]any
	if json.Unmarshal(body, &value) != nil {
		return "[not a JSON object]"
	}
	shown, err := json.Marshal(redactFields(value))
	if err != nil {
		return redacted
	}
	return string(shown)
}

func redactFields(value any) any {
	switch value := value.(type) {
	case map[string]any:
		for name, inner := range value {
			// "password" holds an object in IAM's body, and inside that, the
			// password; only the object is looked into.
			_, object := inner.(map[string]any)
			switch {
			case slices.Contains(plainFields, name), object:
				value[name] = redactFields(inner)
			default:
				value[name] = redacted
			}
		}
		return value
	case []any:
		for i := range value {
			value[i] = redactFields(value[i])
		}
		return value
	default:
		return value
	}
}

// oneLine keeps what a client chose from breaking a line of output.
func oneLine(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return '?'
		}
		return r
	}, s)
}
