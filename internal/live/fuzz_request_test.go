package live

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// FuzzRequest checks that nothing that a resource holds can lead a request
// elsewhere: whatever its region, project, ID and settings are, the request goes
// to the endpoint's own host, to the path of one configuration, or nowhere.
func FuzzRequest(f *testing.F) {
	for _, s := range []string{
		"", ".", "..", "cn-north-4", "evil.example.com", "evil.example.com/", "x@evil.example.com", "a/../../b", "%2e%2e", "%2F",
		"?limit=1", "#", "\\", "\r\nHost: evil.example.com", "\x00", "[::1]", ":80", "{region}", "直播", "\xff", strings.Repeat("a", 40),
	} {
		f.Add(s, "project", "id", "value")
		f.Add("cn-north-4", s, "id", s)
		f.Add("cn-north-4", "project", s, s)
	}
	client, err := New(Options{Endpoints: Endpoints{Template: "https://live.{region}.example.com/base"}})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, region, project, id, value string) {
		req, err := client.build(context.Background(), request{
			operation: OperationUpdate, method: http.MethodPut, target: Target{Region: region, ProjectID: project}, item: true, id: id,
			query: url.Values{"app": {value}}, settings: &Settings{App: value, NotifyCallbackURL: value},
		})
		if err != nil {
			checkClean(t, "error", err.Error(), 4*maxCode)
			return
		}
		if want := "live." + region + ".example.com"; req.URL.Host != want || strings.ContainsAny(region, "./:@[]?#") || req.URL.Scheme != "https" {
			t.Errorf("region %q leads to %s", region, req.URL)
		}
		// What goes over the wire, as a server reads it.
		parts := strings.Split(strings.TrimPrefix(req.URL.EscapedPath(), "/base/v1/"), "/")
		if len(parts) != 4 || parts[1] != "record" || parts[2] != "callbacks" {
			t.Fatalf("project %q and ID %q make the path %s", project, id, req.URL.EscapedPath())
		}
		for i, want := range map[int]string{0: project, 3: id} {
			if got, err := url.PathUnescape(parts[i]); err != nil || got != want || got == "." || got == ".." {
				t.Errorf("segment %d is %q, not %q", i, parts[i], want)
			}
		}
		if got := req.URL.Query(); len(got) != 1 || got.Get("app") != value {
			t.Errorf("%q changes the query to %s", value, req.URL.RawQuery)
		}
		body, err := io.ReadAll(req.Body)
		if err != nil {
			t.Fatal(err)
		}
		var sent map[string]string
		if err := json.Unmarshal(body, &sent); err != nil || len(sent) > 2 {
			t.Errorf("%q makes the body %s", value, body)
		}
	})
}
