package controller

import (
	"encoding/json"
	"strings"
	"time"
	"unicode/utf8"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/live-operator/live-operator/api/v1alpha1"
	"github.com/live-operator/live-operator/internal/live"
)

const requestID = "3b1c2a40-1111-4222-8333-944455566677-1795446880696-live-api-7"

// refused is a failed call whose answer carried a request ID, in the header and
// in its words.
func refused(op live.Operation, status int, code, message string, class live.Class) *live.Error {
	return &live.Error{Operation: op, HTTPStatus: status, Code: code, Message: message, RequestID: requestID, Class: class}
}

var _ = DescribeTable("A failed call says what to do",
	func(e *live.Error, reason string, says ...string) {
		spec := theSpec()
		v := failure(e, &spec)
		Expect(v.reason).To(Equal(reason))
		Expect(v.keep).To(BeFalse())
		expectFlags(&v)
		for _, words := range says {
			Expect(v.message).To(ContainSubstring(words))
		}
		Expect(v.message).NotTo(ContainSubstring(requestID))
		Expect(v.message).NotTo(ContainSubstring("()"))

		By("and that a deletion can be let go of")
		b := blockedBy(v)
		expectFlags(&b)
		Expect(b.reason).To(Equal(v1alpha1.ReasonDeletionBlocked))
		Expect(b.message).To(And(HavePrefix("The remote configuration is not deleted yet. "+v.message), ContainSubstring("spec.deletionPolicy: Retain")))
		Expect(b.stalled).To(Equal(v.stalled))
		Expect(b.reconciling).To(Equal(v.reconciling))
	},
	Entry("throttled by the gateway", refused(live.OperationUpdate, 429, "APIGW.0308", "The throttling threshold has been reached", live.ClassThrottled),
		v1alpha1.ReasonThrottled, "HTTP 429", "APIGW.0308", "by itself", "quota"),
	Entry("throttled by the service", refused(live.OperationCreate, 500, "LIVE.100011007", "too many", live.ClassThrottled),
		v1alpha1.ReasonThrottled, "LIVE.100011007"),
	Entry("unavailable", refused(live.OperationUpdate, 503, "", "Service Unavailable", live.ClassUnavailable),
		v1alpha1.ReasonAPIUnavailable, "update call", "HTTP 503", "by itself", "status.lastError"),
	Entry("a gateway's 404 is not a missing configuration", refused(live.OperationUpdate, 404, "APIGW.0101", "The API does not exist", live.ClassUnavailable),
		v1alpha1.ReasonAPIUnavailable, "APIGW.0101", "endpoint"),
	Entry("no answer", &live.Error{Operation: live.OperationList, Message: "connection refused", Class: live.ClassUnavailable},
		v1alpha1.ReasonAPIUnavailable, "list call", "connection refused", "network"),
	Entry("IAM is unavailable", &live.Error{Operation: live.OperationAuthenticate, HTTPStatus: 502, Message: "Bad Gateway", Class: live.ClassUnavailable},
		v1alpha1.ReasonAPIUnavailable, "authentication with IAM", "HTTP 502"),
	Entry("no class: tried again, since that can do no harm", &live.Error{Operation: live.OperationShow, HTTPStatus: 418, Message: "teapot"},
		v1alpha1.ReasonAPIUnavailable, "HTTP 418"),
	Entry("no words at all", &live.Error{Operation: live.OperationShow, Class: live.ClassUnavailable},
		v1alpha1.ReasonAPIUnavailable, "show call"),
	Entry("unauthorized", refused(live.OperationUpdate, 401, "APIGW.0301", "Incorrect IAM authentication information", live.ClassUnauthorized),
		v1alpha1.ReasonUnauthorized, "Secret live-credentials", "Renew", "project-a", "cn-north-4", "at once"),
	Entry("IAM refuses the password", &live.Error{Operation: live.OperationAuthenticate, HTTPStatus: 401, Message: "The username or password is wrong.", Class: live.ClassUnauthorized},
		v1alpha1.ReasonUnauthorized, "Secret live-credentials", "username or password"),
	Entry("forbidden to create", refused(live.OperationCreate, 401, "LIVE.100011003", "no permission", live.ClassForbidden),
		v1alpha1.ReasonForbidden, "Secret live-credentials", "live:record:createCallback"),
	Entry("forbidden to update", refused(live.OperationUpdate, 401, "LIVE.100011003", "no permission", live.ClassForbidden),
		v1alpha1.ReasonForbidden, "live:record:updateCallback"),
	Entry("forbidden to show", refused(live.OperationShow, 403, "APIG.0302", "no permission", live.ClassForbidden),
		v1alpha1.ReasonForbidden, "live:record:getCallback"),
	Entry("forbidden to list", refused(live.OperationList, 403, "APIG.0302", "no permission", live.ClassForbidden),
		v1alpha1.ReasonForbidden, "live:record:listCallbacks"),
	Entry("forbidden to delete", refused(live.OperationDelete, 403, "APIG.0302", "no permission", live.ClassForbidden),
		v1alpha1.ReasonForbidden, "live:record:deleteCallback"),
	Entry("forbidden by IAM", &live.Error{Operation: live.OperationAuthenticate, HTTPStatus: 403, Message: "no role in the project", Class: live.ClassForbidden},
		v1alpha1.ReasonForbidden, "access to the project"),
	Entry("rejected by IAM", &live.Error{Operation: live.OperationAuthenticate, HTTPStatus: 400, Message: "The request body is invalid.", Class: live.ClassRejected},
		v1alpha1.ReasonRejected, "IAM", "HTTP 400", "Secret live-credentials", "project-a", "cn-north-4"),
	Entry("not found", refused(live.OperationUpdate, 404, "LIVE.103011019", "The resource does not exist", live.ClassNotFound),
		v1alpha1.ReasonNotFound, "LIVE.103011019", "spec.id"),
	Entry("exists already, and no list shows it", refused(live.OperationCreate, 400, "LIVE.103011018", "already exists", live.ClassAlreadyExists),
		v1alpha1.ReasonAlreadyExists, "LIVE.103011018", theDomain, theApp, "spec.id"),
	Entry("rejected", refused(live.OperationUpdate, 400, "LIVE.100011001", "Request Illegal", live.ClassRejected),
		v1alpha1.ReasonRejected, "update call", "HTTP 400 LIVE.100011001 Request Illegal", "spec", theDomain, "project-a", "at once"),
)

var _ = Describe("The answer in a few words", func() {
	It("is what there is of status, code and message", func() {
		Expect(answer(&live.Error{HTTPStatus: 400, Code: "LIVE.100011001", Message: "Request Illegal"})).To(Equal("HTTP 400 LIVE.100011001 Request Illegal"))
		Expect(answer(&live.Error{HTTPStatus: 502})).To(Equal("HTTP 502"))
		Expect(answer(&live.Error{Message: "no such host"})).To(Equal("no such host"))
	})

	It("does not change from call to call, though the answer repeats its request ID", func() {
		first := &live.Error{HTTPStatus: 500, RequestID: "aaaa-1-host", Message: "failed, see aaaa-1-host and aaaa-1-host."}
		second := &live.Error{HTTPStatus: 500, RequestID: "bbbb-2-host", Message: "failed, see bbbb-2-host and bbbb-2-host."}
		Expect(answer(first)).To(Equal(answer(second)))
		Expect(answer(first)).NotTo(ContainSubstring("aaaa"))
	})

	It("does not repeat a request ID of which the header says more", func() {
		uuid := requestID[:36]
		Expect(answer(&live.Error{HTTPStatus: 500, RequestID: requestID, Message: "failed (" + uuid + ")"})).NotTo(ContainSubstring(uuid))
	})

	It("is bounded, and cut between characters", func() {
		for _, message := range []string{
			strings.Repeat("a", 5000), strings.Repeat("配", 2000), "a" + strings.Repeat("配", 2000), "ab" + strings.Repeat("配", 2000),
			strings.Repeat("😀", 1000), strings.Repeat("\xff", 1000),
		} {
			words := answer(&live.Error{HTTPStatus: 400, Code: strings.Repeat("C", 64), Message: message})
			Expect(len(words)).To(BeNumerically("<=", 64+200+20))
			Expect(words).To(HaveSuffix("..."))
			Expect(utf8.ValidString(words)).To(BeTrue())
		}
	})

	It("is bounded where taking out the request ID makes the message longer", func() {
		Expect(len(answer(&live.Error{RequestID: "a", Message: strings.Repeat("a", 1024)}))).To(BeNumerically("<=", 220))
	})
})

var _ = Describe("A failed call in the status", func() {
	now := metav1.NewTime(time.Unix(1795446880, 0))

	It("has the whole answer, with the request ID as sent", func() {
		var s v1alpha1.RecordCallbackConfigStatus
		record(&s, refused(live.OperationUpdate, 400, "LIVE.100011001", "Request Illegal", live.ClassRejected), now)
		Expect(s.RequestID).To(Equal(requestID))
		Expect(s.LastError).To(Equal(&v1alpha1.CallError{
			Operation: "Update", HTTPStatus: 400, Code: "LIVE.100011001", Message: "Request Illegal", RequestID: requestID, Time: now,
		}))
	})

	It("keeps the last request ID where there was no answer, and leaves status and code out", func() {
		s := v1alpha1.RecordCallbackConfigStatus{RequestID: "earlier"}
		record(&s, &live.Error{Operation: live.OperationAuthenticate, Message: "no such host", Class: live.ClassUnavailable}, now)
		Expect(s.RequestID).To(Equal("earlier"))
		written, err := json.Marshal(s.LastError)
		Expect(err).NotTo(HaveOccurred())
		Expect(written).To(MatchJSON(`{"operation":"Authenticate","message":"no such host","time":"` + now.UTC().Format(time.RFC3339) + `"}`))
	})

	It("bounds and cleans the message", func() {
		var s v1alpha1.RecordCallbackConfigStatus
		record(&s, &live.Error{Operation: live.OperationShow, Message: "a\x00\x1b[31m\r\nb" + strings.Repeat("配", 2000)}, now)
		Expect(len(s.LastError.Message)).To(BeNumerically("<=", 1024))
		Expect(utf8.ValidString(s.LastError.Message)).To(BeTrue())
		Expect(s.LastError.Message).NotTo(MatchRegexp(`[[:cntrl:]]`))
	})
})
