package credentials

import (
	"context"
	"errors"
	"io"
	"net/http"
	"reflect"
	"time"

	"github.com/huaweicloud/huaweicloud-sdk-go-v3/core/auth/signer"
	"github.com/huaweicloud/huaweicloud-sdk-go-v3/core/request"

	"github.com/live-operator/live-operator/internal/live"
)

// keyMethod signs with the Secret's own access key.
type keyMethod struct {
	redacted
	values Values
	clock  Clock
}

func (m keyMethod) authorize(_ context.Context, t live.Target, req *http.Request) (*issued, error) {
	return nil, sign(req, t.ProjectID, accessKey{
		id:            m.values.get(keyAccessKey),
		secret:        m.values.get(keySecretKey),
		securityToken: m.values.get(keySecurityToken),
	}, m.clock.Now())
}

func (keyMethod) drop(live.Target, *issued) {}

func (keyMethod) forgive(live.Target) {}

func (keyMethod) renews() bool { return false }

// accessKey is what a request is signed with.
type accessKey struct {
	redacted
	id, secret    string
	securityToken string // of temporary keys; else empty
}

const (
	headerProject       = "X-Project-Id"
	headerSecurityToken = "X-Security-Token"
)

// sign signs req as SDK-HMAC-SHA256 with the vendor's signer. Signed are the
// host and the headers that say who calls for which project and when, not
// those that a proxy may change on the way. The signer itself never signs
// Content-Type.
func sign(req *http.Request, project string, key accessKey, now time.Time) error {
	body, err := bodyOf(req)
	if err != nil {
		return signError(err)
	}
	host := req.Host
	if host == "" {
		host = req.URL.Host
	}
	headers := map[string]string{
		headerProject:      project,
		signer.HeaderXDate: now.UTC().Format(signer.BasicDateFormat),
	}
	if key.securityToken != "" {
		headers[headerSecurityToken] = key.securityToken
	}
	b := request.NewHttpRequestBuilder().
		WithMethod(req.Method).
		WithEndpoint(req.URL.Scheme+"://"+req.URL.Host).
		WithPath(req.URL.Path).
		WithBody("body", body).
		AddHeaderParam(signer.HeaderHost, host)
	for name, value := range headers {
		b.AddHeaderParam(name, value)
	}
	for name, values := range req.URL.Query() {
		b.AddQueryParam(name, reflect.ValueOf(values))
	}
	signed, err := signer.Sign(b.Build(), key.id, key.secret)
	if err != nil {
		return signError(err)
	}
	for name, value := range headers {
		req.Header.Set(name, value)
	}
	for name, value := range signed {
		req.Header.Set(name, value)
	}
	return nil
}

// bodyOf reads the body without using it up.
func bodyOf(req *http.Request) (string, error) {
	if req.Body == nil || req.Body == http.NoBody {
		return "", nil
	}
	if req.GetBody == nil {
		return "", errors.New("the body of the request can be read only once")
	}
	r, err := req.GetBody()
	if err != nil {
		return "", err
	}
	defer func() { _ = r.Close() }()
	body, err := io.ReadAll(r)
	return string(body), err
}

// signError does not quote its cause, which may.
func signError(err error) error {
	return &live.Error{
		Operation: live.OperationAuthenticate,
		Class:     live.ClassUnauthorized,
		Message:   "the request could not be signed with the access key",
		Err:       err,
	}
}
