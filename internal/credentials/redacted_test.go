package credentials_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strings"

	"github.com/go-logr/zapr"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	clocktesting "k8s.io/utils/clock/testing"

	"github.com/live-operator/live-operator/internal/credentials"
)

// canary is in every value of every Secret below, and in all that is issued.
const canary = "c4n4ry"

// forms are the ways in which a canary could hide.
func forms(s string) []string {
	var numbers []string
	for _, b := range []byte(s) {
		numbers = append(numbers, fmt.Sprint(b))
	}
	return []string{s, hex.EncodeToString([]byte(s)), strings.ToUpper(hex.EncodeToString([]byte(s))),
		base64.RawStdEncoding.EncodeToString([]byte(s))[:6], strings.Join(numbers, " ")}
}

// printed is v in all the ways that somebody might print it.
func printed(v any) string {
	var out bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%T", "%w"} {
		fmt.Fprintf(&out, verb+"\n", v)
		// Within others, of which fmt calls no methods.
		fmt.Fprintf(&out, verb+"\n", struct{ hidden any }{v})
		fmt.Fprintf(&out, verb+"\n", map[string]any{"key": v})
		fmt.Fprintf(&out, verb+"\n", []any{v, &v})
	}
	fmt.Fprintln(&out, v)
	if j, err := json.Marshal(map[string]any{"value": v}); err == nil {
		out.Write(j)
	}
	logger := zapr.NewLogger(zap.New(zapcore.NewCore(zapcore.NewJSONEncoder(zap.NewProductionEncoderConfig()), zapcore.AddSync(&out), zapcore.Level(-10))))
	logger.V(9).Info("message", "value", v, "pointer", &v, "nested", struct{ Value any }{v})
	if err, ok := v.(error); ok {
		logger.Error(err, "message")
	}
	console := zapr.NewLogger(zap.New(zapcore.NewCore(zapcore.NewConsoleEncoder(zap.NewDevelopmentEncoderConfig()), zapcore.AddSync(&out), zapcore.Level(-10))))
	console.V(9).WithValues("value", v).Info("message", "nested", map[string]any{"key": v})
	slog.New(slog.NewTextHandler(&out, nil)).Info("message", "value", v, "group", slog.GroupValue(slog.Any("value", v)))
	slog.New(slog.NewJSONHandler(&out, nil)).Info("message", "value", v)
	func() {
		defer func() { fmt.Fprintf(&out, "%v %+v\n%s", recover(), v, debug.Stack()) }()
		panic(v)
	}()
	return out.String()
}

var _ = Describe("Secrets", func() {
	clock := clocktesting.NewFakeClock(start)

	expectNothing := func(v any) {
		GinkgoHelper()
		out := printed(v)
		for _, form := range forms(canary) {
			Expect(out).NotTo(ContainSubstring(form))
		}
	}

	DescribeTable("do not show however what holds them is printed",
		func(d map[string][]byte) {
			server := newIAM(clock, "password-"+canary)
			agent := newPodAgent()
			agent.change(func() {
				agent.override = func(w http.ResponseWriter, _ *http.Request) {
					_, _ = fmt.Fprintf(w, `{"credentials":{"accessKeyId":"AK%[1]s","secretAccessKey":%[1]q,"securityToken":%[1]q,"expiration":"2099-01-01T00:00:00Z"}}`, canary)
				}
			})
			values, err := credentials.Parse(d)
			Expect(err).NotTo(HaveOccurred())
			cache := cacheAt(clock, server.URL)
			cred := read(cache, "uid", "1", d)
			lease := begin(cred, projectA)
			r, err := http.NewRequest(http.MethodGet, "https://live.example.com/v1/p", nil)
			Expect(err).NotTo(HaveOccurred())
			Expect(lease.Authorize(context.Background(), r)).To(Succeed())

			for _, v := range []any{values, &values, cred, *cred, lease, cred.For(projectA), *cred.For(projectA), cred.Source()} {
				expectNothing(v)
			}
			for _, v := range []any{values, cred, lease, cred.For(projectA), cache} {
				for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
					Expect(fmt.Sprintf(verb, v)).To(Equal("[redacted]"), verb)
				}
				Expect(json.Marshal(v)).To(MatchJSON(`"[redacted]"`))
			}
			// What failed with them.
			Expect(lease.Done(unauthorized())).To(BeTrue())
			server.change(func() { server.password = "another" })
			again := begin(cred, projectA)
			err = again.Authorize(context.Background(), r)
			if err != nil {
				expectNothing(err)
			}
			again.Done(unauthorized())
			_, why, resting := cred.Resting(projectA)
			Expect(resting).To(BeTrue())
			expectNothing(why)
			expectNothing(cred)
		},
		Entry("a token", tokenData(canary)),
		Entry("an access key", data("accessKey", canary, "secretKey", canary, "securityToken", canary)),
		Entry("a user", data("username", "user-"+canary, "password", "password-"+canary, "domainName", "domain-"+canary)),
		Entry("the pod's identity", podData()),
	)

	DescribeTable("do not show in what is wrong with them",
		func(d map[string][]byte) {
			_, err := credentials.Parse(d)
			Expect(err).To(HaveOccurred())
			expectNothing(err)
		},
		Entry("a line break", tokenData(canary+"\n"+canary)),
		Entry("a missing key", data("secretKey", canary)),
		Entry("two kinds", data("token", canary, "password", canary, "podIdentity", "true")),
		Entry("another value of podIdentity", data("podIdentity", canary)),
	)
})
