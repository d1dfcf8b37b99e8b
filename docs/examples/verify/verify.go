// Package verify checks the signature of a recording callback of Huawei Cloud
// Live. Copy it: it needs nothing but the standard library.
package verify

import (
	"crypto/hmac"
	"crypto/md5" //nolint:gosec // One of the two signatures that the service makes.
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Callback is what the signature covers of the body of a callback.
type Callback struct {
	EventType     string `json:"event_type"`
	PublishDomain string `json:"publish_domain"`
	App           string `json:"app"`
	Stream        string `json:"stream"`
	DownloadURL   string `json:"download_url"`
	PlayURL       string `json:"play_url"`
	// AuthTimestamp is when the signature ends, in seconds since 1970.
	AuthTimestamp json.Number `json:"auth_timestamp"`
	AuthSign      string      `json:"auth_sign"`
}

// SignType is the resource's spec.signType.
type SignType string

// The two that the service knows.
const (
	HMACSHA256 SignType = "HMACSHA256"
	MD5        SignType = "MD5"
)

// Verify tells by its error whether the callback was signed with the key and
// the signature has not ended.
func (c *Callback) Verify(signType SignType, key string, now time.Time) error {
	timestamp := c.AuthTimestamp.String()
	ends, err := strconv.ParseInt(timestamp, 10, 64)
	if err != nil || c.AuthSign == "" {
		return errors.New("the callback is not signed")
	}
	var sum hash.Hash
	var signed string
	switch signType {
	case HMACSHA256:
		sum = hmac.New(sha256.New, []byte(key))
		signed = timestamp + c.EventType + c.PublishDomain + c.App + c.Stream + c.DownloadURL + c.PlayURL
	case MD5:
		sum = md5.New() //nolint:gosec // See above.
		signed = key + timestamp
	default:
		return fmt.Errorf("there is no signature %q", signType)
	}
	sum.Write([]byte(signed))
	want := hex.EncodeToString(sum.Sum(nil))
	// In constant time, so that nobody can find the signature byte by byte.
	if !hmac.Equal([]byte(strings.ToLower(c.AuthSign)), []byte(want)) {
		return errors.New("the signature is wrong")
	}
	if now.Unix() > ends {
		return errors.New("the signature has ended")
	}
	return nil
}

// Handler gives callbacks to next whose signature is right, and answers 403 to
// all others. The service takes 200 for received.
func Handler(signType SignType, key string, next func(Callback)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		const most = 1 << 20
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, most))
		if err != nil {
			http.Error(w, "the body could not be read", http.StatusBadRequest)
			return
		}
		var c Callback
		if err := json.Unmarshal(body, &c); err != nil {
			http.Error(w, "the body is not a callback", http.StatusBadRequest)
			return
		}
		if err := c.Verify(signType, key, time.Now()); err != nil {
			http.Error(w, err.Error(), http.StatusForbidden)
			return
		}
		next(c)
	})
}
