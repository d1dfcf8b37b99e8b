package credentials_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	clocktesting "k8s.io/utils/clock/testing"

	"github.com/live-operator/live-operator/internal/credentials"
	"github.com/live-operator/live-operator/internal/live"
)

// FuzzIAMAnswer checks that any answer of IAM gives a token or an error, that
// the error repeats no password, and that the times in it, whatever they say,
// have IAM asked no more than once for two calls that follow each other.
func FuzzIAMAnswer(f *testing.F) {
	for _, body := range []string{
		``, `null`, `{}`, `[]`, `{"token":{}}`, `{"token":null}`, `{"token":`, `<html>502</html>`,
		`{"token":{"issued_at":"2026-03-01T12:00:00.000000Z","expires_at":"2026-03-02T12:00:00.000000Z"}}`,
		`{"token":{"issued_at":"2026-03-01T12:00:00.000000Z","expires_at":"2026-03-01T11:00:00.000000Z"}}`,
		`{"token":{"issued_at":"0001-01-01T00:00:00Z","expires_at":"9999-12-31T23:59:59.999999Z"}}`,
		`{"token":{"expires_at":"9999-12-31T23:59:59+23:59"}}`,
		`{"token":{"issued_at":7,"expires_at":"tomorrow"}}`,
		`{"error":{"code":401,"message":"The username or password pass-canary-word is wrong.","title":"Unauthorized"}}`,
		`{"error_code":"IAM.0003","error_msg":"pass-canary-word"}`,
	} {
		f.Add(201, []byte(body), "a-token", "Sun, 01 Mar 2026 12:00:00 GMT")
		f.Add(401, []byte(body), "", "pass-canary-word")
		f.Add(503, []byte(body), "pass-canary-word", "")
	}
	f.Fuzz(func(t *testing.T, status int, body []byte, token, date string) {
		if status < 100 || status > 999 {
			// net/http gives no others.
			status = 500
		}
		header := http.Header{
			"X-Subject-Token": {token}, "Date": {date}, "X-Iam-Trace-Id": {date}, "Content-Type": {"application/json"},
		}
		var asked atomic.Int32
		iam := transport(func(r *http.Request) (*http.Response, error) {
			asked.Add(1)
			return &http.Response{
				StatusCode: status, Header: header.Clone(), Request: r,
				Body: io.NopCloser(bytes.NewReader(body)), ContentLength: int64(len(body)),
			}, nil
		})
		cache, err := credentials.NewCache(credentials.Options{
			IAM: live.Endpoints{Template: "http://iam.invalid"}, Clock: clocktesting.NewFakeClock(start), Version: "test", Transport: iam,
		})
		if err != nil {
			t.Fatal(err)
		}
		cred, err := cache.Get(context.Background(), credentials.Source{UID: "uid", ResourceVersion: "1"},
			fixed(credentials.Source{UID: "uid", ResourceVersion: "1"}, userData("pass-canary-word")))
		if err != nil {
			t.Fatal(err)
		}
		got, err := authorize(context.Background(), cred, projectA)
		if err != nil {
			e, ok := live.AsError(err)
			if !ok {
				t.Fatalf("not a *live.Error: %v", err)
			}
			if e.Operation != live.OperationAuthenticate || e.Class == "" || e.Message == "" || e.Uncertain {
				t.Errorf("an error that does not tell what happened: %+v", *e)
			}
			if strings.Contains(e.Error()+e.Code+e.RequestID, "pass-canary-word") {
				t.Errorf("the password is repeated: %v", e)
			}
			return
		}
		if got == "" {
			t.Error("neither a token nor an error")
		}
		if again, err := authorize(context.Background(), cred, projectA); err != nil || again != got {
			t.Errorf("the token is not kept: %v", err)
		}
		if asked.Load() != 1 {
			t.Errorf("IAM was asked %d times for one token", asked.Load())
		}
	})
}
