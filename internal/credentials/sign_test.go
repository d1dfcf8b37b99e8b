package credentials_test

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	clocktesting "k8s.io/utils/clock/testing"

	"github.com/live-operator/live-operator/internal/live"
)

// signature computes an SDK-HMAC-SHA256 signature anew, as a gateway does, from
// the request as it arrived and the headers that it says are signed.
func signature(r *http.Request, body []byte, signed []string, secret string) string {
	segments := strings.Split(r.URL.Path, "/")
	for i, s := range segments {
		segments[i] = strings.ReplaceAll(url.QueryEscape(s), "+", "%20")
	}
	path := strings.TrimSuffix(strings.Join(segments, "/"), "/") + "/"
	var query []string
	for name, values := range r.URL.Query() {
		for _, value := range values {
			query = append(query, strings.ReplaceAll(url.QueryEscape(name)+"="+url.QueryEscape(value), "+", "%20"))
		}
	}
	slices.Sort(query)
	var headers strings.Builder
	for _, name := range signed {
		value := r.Header.Get(name)
		if name == "host" {
			value = r.Host
		}
		fmt.Fprintf(&headers, "%s:%s\n", name, strings.TrimSpace(value))
	}
	canonical := strings.Join([]string{r.Method, path, strings.Join(query, "&"), headers.String(), strings.Join(signed, ";"), digest(string(body))}, "\n")
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte("SDK-HMAC-SHA256\n" + r.Header.Get("X-Sdk-Date") + "\n" + digest(canonical)))
	return hex.EncodeToString(mac.Sum(nil))
}

// authorization takes an Authorization header apart.
func authorization(header string) (access string, signed []string, sig string) {
	GinkgoHelper()
	rest, found := strings.CutPrefix(header, "SDK-HMAC-SHA256 ")
	Expect(found).To(BeTrue(), "the algorithm SDK-HMAC-SHA256")
	for _, field := range strings.Split(rest, ", ") {
		name, value, _ := strings.Cut(field, "=")
		switch name {
		case "Access":
			access = value
		case "SignedHeaders":
			signed = strings.Split(value, ";")
		case "Signature":
			sig = value
		}
	}
	return access, signed, sig
}

var _ = Describe("Requests with an access key", func() {
	const (
		knownKey    = "QTWAOYTTINDUT2QVKYUC"
		knownSecret = "MFyfvK41ba2giqM7Uio6PznpdUKGpownRZlmVmHc"
	)
	knownTime := time.Date(2019, 11, 15, 3, 36, 55, 0, time.UTC)
	knownRequest := func() *http.Request {
		r, err := http.NewRequest(http.MethodGet,
			"https://service.region.example.com/v1/77b6a44cba5143ab91d13ab9a8ff44fd/vpcs/?limit=2&marker=13551d6b-755d-4757-b956-536f674975c0", nil)
		Expect(err).NotTo(HaveOccurred())
		r.Header.Set("Content-Type", "application/json")
		return r
	}

	It("are checked here by an algorithm that gives the vendor's known answer", func() {
		r := knownRequest()
		r.Header.Set("X-Sdk-Date", "20191115T033655Z")
		Expect(signature(r, nil, []string{"content-type", "host", "x-sdk-date"}, knownSecret)).
			To(Equal("7be6668032f70418fcc22abc52071e57aff61b84a1d2381bb430d6870f4f6ebe"))
	})

	It("are signed so that the algorithm agrees, at the time of the vendor's known answer", func() {
		clock := clocktesting.NewFakeClock(knownTime)
		cred := read(cacheAt(clock, ""), "uid", "1", keyData())
		r := knownRequest()
		Expect(cred.For(projectA).Authorize(context.Background(), r)).To(Succeed())
		Expect(r.Header.Get("X-Sdk-Date")).To(Equal("20191115T033655Z"))
		Expect(r.Header.Get("X-Project-Id")).To(Equal("project-a"))
		Expect(r.Header).NotTo(HaveKey("X-Security-Token"))
		access, signed, sig := authorization(r.Header.Get("Authorization"))
		Expect(access).To(Equal(knownKey))
		Expect(signed).To(Equal([]string{"host", "x-project-id", "x-sdk-date"}), "the vendor's signer leaves Content-Type out")
		Expect(sig).To(Equal(signature(r, nil, signed, knownSecret)))
	})

	DescribeTable("arrive with a signature of what was sent",
		func(method, path, host, body string) {
			var problem string
			served := false
			server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				served = true
				got, _ := io.ReadAll(r.Body)
				access, signed, sig := authorization(r.Header.Get("Authorization"))
				switch {
				case string(got) != body:
					problem = "another body"
				case access != knownKey:
					problem = "another access key"
				case sig != signature(r, got, signed, knownSecret):
					problem = "another signature"
				case r.Header.Get("X-Security-Token") != "temporary":
					problem = "no security token"
				case !slices.Contains(signed, "x-security-token"), !slices.Contains(signed, "host"), !slices.Contains(signed, "x-project-id"):
					problem = "headers are not signed"
				}
			}))
			defer server.Close()
			cred := read(cacheAt(clocktesting.NewFakeClock(start), ""), "uid", "1",
				data("accessKey", knownKey, "secretKey", knownSecret, "securityToken", "temporary"))
			r, err := http.NewRequest(method, server.URL+path, bytes.NewReader([]byte(body)))
			Expect(err).NotTo(HaveOccurred())
			r.Host = host
			r.Header.Set("Content-Type", "application/json")
			Expect(cred.For(projectA).Authorize(context.Background(), r)).To(Succeed())
			answer, err := http.DefaultClient.Do(r)
			Expect(err).NotTo(HaveOccurred())
			Expect(answer.Body.Close()).To(Succeed())
			Expect(served).To(BeTrue())
			Expect(problem).To(BeEmpty())
		},
		Entry("of a PUT", http.MethodPut, "/v1/p/record/callbacks/id", "", `{"app":"live","sign_type":"MD5"}`),
		Entry("of a body with line breaks and letters beyond ASCII", http.MethodPost, "/v1/p/record/callbacks", "", "{\n\"app\":\"直播<&>\"}\n"),
		Entry("of a list with a query", http.MethodGet, "/v1/p/record/callbacks?app=%2A&limit=100&offset=0&publish_domain=a+b.example.com", "", ""),
		Entry("of a parameter given twice, or empty", http.MethodGet, "/v1/p?b=2&b=1&a=", "", ""),
		Entry("of a DELETE", http.MethodDelete, "/v1/p/record/callbacks/id", "", ""),
		Entry("below a path prefix", http.MethodGet, "/proxy/live/v1/p/record/callbacks", "", ""),
		Entry("for another host", http.MethodGet, "/v1/p/record/callbacks", "live.cn-north-4.example.com", ""),
	)

	It("are refused when the body can be read only once", func() {
		cred := read(cacheAt(clocktesting.NewFakeClock(start), ""), "uid", "1", keyData())
		r, err := http.NewRequest(http.MethodPut, "https://live.example.com/v1/p", io.NopCloser(strings.NewReader("x")))
		Expect(err).NotTo(HaveOccurred())
		e, ok := live.AsError(cred.For(projectA).Authorize(context.Background(), r))
		Expect(ok).To(BeTrue())
		Expect(e.Operation).To(Equal(live.OperationAuthenticate))
	})
})
