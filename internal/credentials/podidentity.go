package credentials

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/huaweicloud/huaweicloud-sdk-go-v3/core/auth"
	"github.com/huaweicloud/huaweicloud-sdk-go-v3/core/auth/provider"

	"github.com/live-operator/live-operator/internal/live"
)

// The variables by which CCE tells a pod where its identity comes from.
const (
	envCredentialsURI = "HC_CONTAINER_CREDENTIALS_FULL_URI"     //nolint:gosec // A variable's name.
	envTokenFile      = "HC_CONTAINER_AUTHORIZATION_TOKEN_FILE" //nolint:gosec // A variable's name.
)

// podMethod signs with the temporary keys of the operator's own pod, which the
// vendor's SDK gets. The SDK takes no context, but gives up after 10 seconds.
// Of all its packages only the one of service clients writes to the home
// directory, and that one is not used.
type podMethod struct {
	redacted
	clock  Clock
	issuer *issuer
}

func newPodMethod(o Options) *podMethod {
	m := &podMethod{clock: o.Clock}
	m.issuer = &issuer{clock: o.Clock, timeout: o.Timeout, fetch: m.fetch}
	return m
}

func (m *podMethod) authorize(ctx context.Context, t live.Target, req *http.Request) (*issued, error) {
	got, err := m.issuer.get(ctx)
	if err != nil {
		return nil, err
	}
	return got, sign(req, t.ProjectID, got.key(), m.clock.Now())
}

func (m *podMethod) drop(_ live.Target, used *issued) { m.issuer.drop(used) }

func (m *podMethod) forgive(live.Target) { m.issuer.forgive() }

func (*podMethod) renews() bool { return true }

// podCheck is how often the SDK is asked whether the keys are to be renewed: it
// alone knows when they end. It renews them 40 minutes before.
const podCheck = time.Minute

// fetch has the SDK renew the keys that it gave last, or get new ones.
func (m *podMethod) fetch(_ context.Context, last *issued) (*issued, error) {
	now := m.clock.Now()
	var pod *auth.BasicCredentials
	if last != nil {
		pod = last.pod()
		if err := pod.ProcessSts(nil); err != nil {
			return nil, podError(err)
		}
	} else {
		credentials, err := provider.BasicCredentialPodIdentityProvider().GetCredentials()
		if err != nil {
			return nil, podError(err)
		}
		var ok bool
		if pod, ok = credentials.(*auth.BasicCredentials); !ok {
			return nil, podError(errUnexpected)
		}
	}
	if pod.AK == "" || pod.SK == "" {
		return nil, podError(errUnexpected)
	}
	key := accessKey{id: pod.AK, secret: pod.SK, securityToken: pod.SecurityToken}
	return &issued{key: seal(key), pod: seal(pod), renewAt: now.Add(podCheck)}, nil
}

// podError says for a person what the SDK's error means. It quotes none of the
// answer but its error message: the SDK's own text holds all of it.
func podError(err error) error {
	e := &live.Error{Operation: live.OperationAuthenticate, Class: live.ClassUnavailable}
	if os.Getenv(envCredentialsURI) == "" || os.Getenv(envTokenFile) == "" {
		e.Class = live.ClassUnauthorized
		e.Message = "the operator's pod has no identity: " + envCredentialsURI + " and " + envTokenFile +
			" are not set; associate its service account with an agency in CCE, and restart it"
		return e
	}
	if path, ok := errors.AsType[*fs.PathError](err); ok {
		e.Class = live.ClassUnauthorized
		e.Message = "the operator's pod has no identity: the file that " + envTokenFile +
			" names can't be read; check that its service account is associated with an agency in CCE, and restart it"
		e.Err = path
		return e
	}
	if network, ok := errors.AsType[*url.Error](err); ok && network.Op != "parse" {
		e = live.NetworkError(live.OperationAuthenticate, network)
		e.Message = live.CleanMessage("pod identity: " + e.Message)
		return e
	}
	e.Message = "pod identity: the answer to the request for keys holds none that can be used; check that the service account of the operator's pod is associated with an agency in CCE"
	var said struct {
		Message string `json:"error_msg"`
	}
	_, body, _ := strings.Cut(err.Error(), "{")
	if json.Unmarshal([]byte("{"+body), &said) == nil && said.Message != "" {
		if token, err := os.ReadFile(os.Getenv(envTokenFile)); err == nil {
			// In case the answer echoes it.
			said.Message = withoutSecret(said.Message, strings.TrimSpace(string(token)))
		}
		e.Message = live.CleanMessage("pod identity: " + said.Message)
	}
	return e
}
