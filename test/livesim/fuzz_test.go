package livesim_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/live-operator/live-operator/test/livesim"
)

// FuzzServeHTTP looks for a call that the simulator has no answer to, or that
// brings a secret into the log.
func FuzzServeHTTP(f *testing.F) {
	f.Add("POST", callbacks, "", minimal, "")
	f.Add("PUT", callbacks+"/%2e", "", `{"key":null}`, "SDK-HMAC-SHA256 Access=a, SignedHeaders=x-sdk-date, Signature=b")
	f.Add("GET", callbacks, "limit=1&app=%zz", "", "")
	f.Add("POST", tokens, "nocatalog=true", login("acme", "robot", "pass-word", project), "x")
	sim := livesim.New(livesim.Options{CallLog: 1})
	sim.AddToken(tokenValue, livesim.AnyProject)
	f.Fuzz(func(t *testing.T, method, path, query, body, authorization string) {
		if strings.HasPrefix(path, "/_sim/") {
			t.Skip("the simulator's own API")
		}
		at := &url.URL{Path: path, RawQuery: query}
		if unescaped, err := url.PathUnescape(path); err == nil {
			at.Path, at.RawPath = unescaped, path
		}
		req := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
		req.Method, req.URL = method, at
		req.Header.Set("Content-Type", "application/json")
		if authorization != "" {
			req.Header.Set("Authorization", authorization)
		} else {
			req.Header.Set("X-Auth-Token", tokenValue)
		}
		recorder := httptest.NewRecorder()
		sim.ServeHTTP(recorder, req)
		if recorder.Code < 200 || recorder.Code > 599 {
			t.Errorf("status %d", recorder.Code)
		}
		call := sim.Calls()[0]
		if !call.Done || call.Status != recorder.Code || strings.Contains(call.String(), "\n") {
			t.Errorf("logged as %q", call)
		}
		if call.Header.Get("X-Auth-Token") == tokenValue {
			t.Error("the token is in the log")
		}
	})
}
