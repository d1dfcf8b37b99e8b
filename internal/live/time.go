package live

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// ParseTime reads a create_time or update_time of the API, documented as
// yyyy-mm-ddThh:mm:ssZ, and gives it in UTC. Fractions of a second and numeric
// zones are taken too. A time without a zone is an error: to guess one could
// make somebody else's configuration look hours newer than it is.
func ParseTime(s string) (time.Time, error) {
	t, err := time.Parse(time.RFC3339, strings.TrimSpace(s))
	if err != nil {
		return time.Time{}, fmt.Errorf("%q is not a time like 2006-01-02T15:04:05Z", clean(s, maxCode))
	}
	return t.UTC(), nil
}

// maxRetryAfter bounds what an answer can ask for.
const maxRetryAfter = time.Hour

// parseRetryAfter reads a Retry-After header (RFC 9110, 10.2.3), which is a
// number of seconds or a date. The date is of the server's clock, so now should
// be the answer's own Date. A time that is past, or not readable, is 0.
func parseRetryAfter(value string, now time.Time) time.Duration {
	value = strings.TrimSpace(value)
	if value == "" {
		return 0
	}
	if strings.Trim(value, "0123456789") == "" {
		seconds, err := strconv.ParseInt(value, 10, 64)
		if err != nil || seconds > int64(maxRetryAfter/time.Second) {
			// Digits alone fail only where they are too many.
			return maxRetryAfter
		}
		return time.Duration(seconds) * time.Second
	}
	at, err := http.ParseTime(value)
	if err != nil {
		return 0
	}
	return min(max(at.Sub(now), 0), maxRetryAfter)
}

// retryAfterOf is the wait that an answer's headers ask for.
func retryAfterOf(h http.Header) time.Duration {
	now := dateOf(h)
	if now.IsZero() {
		now = time.Now()
	}
	return parseRetryAfter(h.Get("Retry-After"), now)
}

// dateOf is the server's own time; zero where it does not tell.
func dateOf(h http.Header) time.Time {
	date, err := http.ParseTime(h.Get("Date"))
	if err != nil {
		return time.Time{}
	}
	return date.UTC()
}
