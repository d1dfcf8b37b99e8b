package verify_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/live-operator/live-operator/docs/examples/verify"
)

func TestVerify(t *testing.T) {
	RegisterFailHandler(Fail)
	RunSpecs(t, "Verifying callbacks")
}

const key = "0123456789abcdefghijABCDEFGHIJKL"

// The signatures are known answers of openssl:
//
//	printf %s '4102444800RECORD_FILE_COMPLETEpublish.example.comlivesporthttps://obs.example.com/a.m3u8' |
//	  openssl dgst -sha256 -hmac 0123456789abcdefghijABCDEFGHIJKL
//	printf %s '0123456789abcdefghijABCDEFGHIJKL4102444800' | openssl dgst -md5
const (
	hmacSign = "db4f89ab70044378e7ebff1946b7cb854b34f13b999d6deb37c9d6b9067894d2"
	md5Sign  = "048bf23e6ea6f00dd6c4177f2de9b58c"
)

func body(sign string) string {
	return `{"event_type":"RECORD_FILE_COMPLETE","publish_domain":"publish.example.com","app":"live","stream":"sport",
		"download_url":"https://obs.example.com/a.m3u8","auth_timestamp":4102444800,"auth_sign":"` + sign + `"}`
}

var _ = Describe("A receiver of callbacks", func() {
	post := func(signType verify.SignType, body string) (status int, received []verify.Callback) {
		handler := verify.Handler(signType, key, func(c verify.Callback) { received = append(received, c) })
		recorder := httptest.NewRecorder()
		handler.ServeHTTP(recorder, httptest.NewRequest(http.MethodPost, "/record", strings.NewReader(body)))
		return recorder.Code, received
	}

	DescribeTable("takes", func(signType verify.SignType, body string) {
		status, received := post(signType, body)
		Expect(status).To(Equal(http.StatusOK))
		Expect(received).To(HaveLen(1))
		Expect(received[0].Stream).To(Equal("sport"))
	},
		Entry("one that is signed by HMACSHA256", verify.HMACSHA256, body(hmacSign)),
		Entry("one that is signed by MD5", verify.MD5, body(md5Sign)),
		Entry("a signature in capitals", verify.HMACSHA256, body(strings.ToUpper(hmacSign))),
		Entry("a timestamp as text", verify.HMACSHA256, strings.Replace(body(hmacSign), "4102444800", `"4102444800"`, 1)),
	)

	DescribeTable("refuses", func(signType verify.SignType, body string, want int) {
		status, received := post(signType, body)
		Expect(status).To(Equal(want))
		Expect(received).To(BeEmpty())
	},
		Entry("another stream than the signed one", verify.HMACSHA256, strings.Replace(body(hmacSign), "sport", "news", 1), http.StatusForbidden),
		Entry("another end than the signed one", verify.MD5, strings.Replace(body(md5Sign), "4102444800", "4102444801", 1), http.StatusForbidden),
		Entry("a signature of the other kind", verify.HMACSHA256, body(md5Sign), http.StatusForbidden),
		Entry("no signature", verify.HMACSHA256, body(""), http.StatusForbidden),
		Entry("no timestamp", verify.HMACSHA256, `{"auth_sign":"`+hmacSign+`"}`, http.StatusForbidden),
		Entry("an unknown kind of signature", verify.SignType("none"), body(hmacSign), http.StatusForbidden),
		Entry("what is no JSON", verify.HMACSHA256, "<html>", http.StatusBadRequest),
		Entry("a body that is too large", verify.HMACSHA256, strings.Repeat(" ", 2<<20), http.StatusBadRequest),
	)

	It("refuses a signature that has ended", func() {
		c := verify.Callback{AuthTimestamp: "4102444800", AuthSign: md5Sign}
		Expect(c.Verify(verify.MD5, key, time.Unix(4102444800, 0))).To(Succeed())
		Expect(c.Verify(verify.MD5, key, time.Unix(4102444801, 0))).To(MatchError("the signature has ended"))
	})
})
