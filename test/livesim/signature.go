package livesim

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"net/textproto"
	"net/url"
	"slices"
	"strings"
	"time"
)

const (
	algorithm       = "SDK-HMAC-SHA256"
	dateFormat      = "20060102T150405Z"
	dateHeader      = "x-sdk-date"
	payloadHeader   = "X-Sdk-Content-Sha256"
	unsignedPayload = "UNSIGNED-PAYLOAD"
	// maxSkew is how far the signature's time may be from the API's.
	maxSkew = 15 * time.Minute
)

// signature is what the Authorization header of a signed request says.
type signature struct {
	access  string
	headers []string
	value   string
}

var errAuthorization = errors.New("the Authorization header is not of the form " +
	algorithm + " Access=A, SignedHeaders=H, Signature=S")

// parseAuthorization reads an Authorization header.
func parseAuthorization(header string) (signature, error) {
	rest, ok := strings.CutPrefix(header, algorithm+" ")
	if !ok {
		return signature{}, errAuthorization
	}
	values := map[string]string{}
	for part := range strings.SplitSeq(rest, ",") {
		name, value, ok := strings.Cut(strings.TrimSpace(part), "=")
		if _, twice := values[name]; !ok || twice || value == "" {
			return signature{}, errAuthorization
		}
		values[name] = value
	}
	s := signature{access: values["Access"], value: values["Signature"]}
	s.headers = strings.Split(values["SignedHeaders"], ";")
	if len(values) != 3 || s.access == "" || s.value == "" || values["SignedHeaders"] == "" {
		return signature{}, errAuthorization
	}
	if !slices.IsSorted(s.headers) || !slices.Contains(s.headers, dateHeader) {
		return signature{}, errors.New("the signed headers are not sorted, or do not have " + dateHeader)
	}
	return s, nil
}

// signedAt reads the time of a signed request.
func signedAt(r *http.Request) (time.Time, error) {
	return time.Parse(dateFormat, r.Header.Get(dateHeader))
}

// sign computes the signature that r, with this body, has to carry, from the
// vendor's description of the algorithm.
func sign(r *http.Request, body []byte, headers []string, secret string) string {
	canonical := strings.Join([]string{
		r.Method,
		canonicalPath(r.URL),
		canonicalQuery(r.URL),
		canonicalHeaders(r, headers),
		strings.Join(headers, ";"),
		payloadHash(r, body),
	}, "\n")
	hash := sha256.Sum256([]byte(canonical))
	toSign := strings.Join([]string{algorithm, r.Header.Get(dateHeader), hex.EncodeToString(hash[:])}, "\n")
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(toSign))
	return hex.EncodeToString(mac.Sum(nil))
}

// canonicalPath is the path with every segment escaped anew and '/' at its end.
func canonicalPath(u *url.URL) string {
	segments := strings.Split(u.EscapedPath(), "/")
	for i, segment := range segments {
		if plain, err := url.PathUnescape(segment); err == nil {
			segment = plain
		}
		segments[i] = escape(segment)
	}
	path := strings.Join(segments, "/")
	if !strings.HasSuffix(path, "/") {
		path += "/"
	}
	return path
}

// canonicalQuery is the query sorted by name, then by value.
func canonicalQuery(u *url.URL) string {
	values := u.Query()
	var pairs []string
	for _, name := range sortedKeys(values) {
		slices.Sort(values[name])
		for _, value := range values[name] {
			pairs = append(pairs, escape(name)+"="+escape(value))
		}
	}
	return strings.Join(pairs, "&")
}

// canonicalHeaders has one line for each value of each signed header.
func canonicalHeaders(r *http.Request, headers []string) string {
	var lines strings.Builder
	for _, name := range headers {
		values := slices.Clone(r.Header[textproto.CanonicalMIMEHeaderKey(name)])
		if name == "host" {
			values = []string{r.Host}
		}
		slices.Sort(values)
		for _, value := range values {
			lines.WriteString(name + ":" + strings.TrimSpace(value) + "\n")
		}
	}
	return lines.String()
}

// payloadHash is the body's hash, or what the request says stands for it.
func payloadHash(r *http.Request, body []byte) string {
	if r.Header.Get(payloadHeader) == unsignedPayload {
		return unsignedPayload
	}
	hash := sha256.Sum256(body)
	return hex.EncodeToString(hash[:])
}

// escape leaves letters, digits and -_.~ as they are, and nothing else.
func escape(s string) string {
	const hexDigits = "0123456789ABCDEF"
	var b strings.Builder
	for _, c := range []byte(s) {
		if 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z' || '0' <= c && c <= '9' || strings.IndexByte("-_.~", c) >= 0 {
			b.WriteByte(c)
			continue
		}
		b.Write([]byte{'%', hexDigits[c>>4], hexDigits[c&15]})
	}
	return b.String()
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}

// matches compares two signatures in constant time.
func (s signature) matches(expected string) bool {
	return hmac.Equal([]byte(s.value), []byte(expected))
}
