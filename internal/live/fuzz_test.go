package live

import (
	"net/http"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"
)

// checkClean fails for text that must not reach a status.
func checkClean(t *testing.T, what, s string, limit int) {
	t.Helper()
	if len(s) > limit || !utf8.ValidString(s) || strings.ContainsFunc(s, unicode.IsControl) {
		t.Errorf("%s is not clean, or longer than %d bytes: %q", what, limit, s)
	}
}

func FuzzAnswer(f *testing.F) {
	for _, body := range []string{
		``, `null`, `{}`, `[]`, `"x"`, `<html>502</html>`, `{"id":"a`, `{"id":".."}`,
		`{"id":"e89b76","publish_domain":"publish.example.com","app":"*","notify_event_subscription":null}`,
		`{"total":2,"callback_config":[{"id":"a"},{"id":"b"}]}`,
		`{"total":-1,"callback_config":[{}]}`,
		`{"error_code":"LIVE.100011001","error_msg":"Request Illegal"}`,
		`{"error_code":7,"error_msg":["\u0000"],"request_id":{}}`,
		`{"error":{"code":401,"message":"\ud800","title":"Unauthorized"}}`,
	} {
		f.Add(400, []byte(body), "id", "text/html", "token-of-nobody")
		f.Add(200, []byte(body), requestIDSample, "application/json", "")
	}
	f.Fuzz(func(t *testing.T, status int, body []byte, requestID, contentType, secret string) {
		header := http.Header{"X-Request-Id": {requestID}, "Content-Type": {contentType}, "Location": {contentType}}
		e := answerError(OperationUpdate, status, header, body, []string{secret})
		checkClean(t, "message", e.Message, maxMessage)
		checkClean(t, "code", e.Code, maxCode)
		checkClean(t, "request ID", e.RequestID, maxRequestID)
		if e.Class == "" || e.Message == "" {
			t.Errorf("an error says nothing: %+v", *e)
		}
		if status >= 400 && status < 500 && e.Uncertain && e.Code != "LIVE.103011021" {
			t.Errorf("a %d is uncertain", status)
		}
		if len(secret) >= minScrubbed && !strings.Contains(redacted, secret) {
			echoed := answerError(OperationUpdate, 400, header, []byte(`{"error_msg":"key: `+hexed(secret)+`"}`), []string{hexed(secret)})
			if strings.Contains(echoed.Message, hexed(secret)) {
				t.Errorf("a secret is echoed: %s", echoed.Message)
			}
		}

		if config, err := decodeConfig(body); err == nil && !usableID(config.ID) {
			t.Errorf("a configuration without a usable ID: %q", config.ID)
		}
		if config, err := decodeConfirmation(body); err != nil && config.ID != "" {
			t.Error("an error beside a configuration")
		}
		if page, err := decodePage(body); err == nil {
			if page.Total < 0 {
				t.Errorf("a negative total: %d", page.Total)
			}
			for _, config := range page.Configs {
				if !usableID(config.ID) {
					t.Errorf("an entry without a usable ID: %q", config.ID)
				}
			}
		}
	})
}

const requestIDSample = "1f7ae1ab-8a5c-4b0e-9f5e-3f9f0e3c6f5a-1795446880696-live-server-01"

// hexed is a secret of any bytes as one that JSON holds as it is.
func hexed(s string) string {
	const digits = "0123456789abcdef"
	var b strings.Builder
	for i := range len(s) {
		b.WriteByte(digits[s[i]>>4])
		b.WriteByte(digits[s[i]&15])
	}
	return b.String()
}

func FuzzRetryAfter(f *testing.F) {
	for _, value := range []string{"", "0", "7", " 120 ", "-3", "1.5", "9223372036854775807", "99999999999999999999999",
		"Mon, 24 Nov 2025 03:00:30 GMT", "Mon, 24 Nov 1925 03:00:30 GMT", "Fri, 31 Dec 9999 23:59:59 GMT", "soon"} {
		f.Add(value, int64(1763953200))
	}
	f.Fuzz(func(t *testing.T, value string, now int64) {
		wait := parseRetryAfter(value, time.Unix(now, 0))
		if wait < 0 || wait > maxRetryAfter {
			t.Errorf("Retry-After %q gives %s", value, wait)
		}
	})
}

func FuzzParseTime(f *testing.F) {
	for _, value := range []string{"", "2026-01-02T03:04:05Z", "2026-01-02T03:04:05.123+08:00", "2026-01-02 03:04:05", "0000-00-00T00:00:00Z", "x"} {
		f.Add(value)
	}
	f.Fuzz(func(t *testing.T, value string) {
		at, err := ParseTime(value)
		if err != nil {
			if !at.IsZero() {
				t.Errorf("%q gives both a time and an error", value)
			}
			return
		}
		again, err := ParseTime(at.Format(time.RFC3339Nano))
		if err == nil && !again.Equal(at) {
			t.Errorf("%q gives %s, and that %s", value, at, again)
		}
	})
}

func FuzzCleanMessage(f *testing.F) {
	for _, value := range []string{"", "Request Illegal", "a\x00\nb", "\xff", strings.Repeat("配", 400), " \u2028 ", "a\u202eb"} {
		f.Add(value)
	}
	f.Fuzz(func(t *testing.T, value string) {
		cleaned := CleanMessage(value)
		checkClean(t, "message", cleaned, maxMessage)
		if again := CleanMessage(cleaned); again != cleaned {
			t.Errorf("%q cleaned again gives %q", cleaned, again)
		}
	})
}
