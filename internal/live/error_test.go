package live_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/live-operator/live-operator/internal/live"
)

// documented is one line of the vendor's tables of codes.
type documented struct {
	status    int
	code      string
	class     live.Class
	uncertain bool
}

// documentedCodes are all that are known, the gateway's under both prefixes.
func documentedCodes() []documented {
	const service, records = "LIVE.100011", "LIVE.103011"
	codes := []documented{
		{400, service + "001", live.ClassRejected, false},
		{400, service + "004", live.ClassRejected, false},
		{400, service + "009", live.ClassRejected, false},
		{400, service + "011", live.ClassRejected, false},
		{400, service + "012", live.ClassRejected, false},
		{400, service + "013", live.ClassRejected, false},
		{400, service + "006", live.ClassUnavailable, false},
		{400, service + "008", live.ClassUnavailable, false},
		{400, records + "018", live.ClassAlreadyExists, false},
		{400, records + "021", live.ClassUnavailable, true},
		{400, records + "022", live.ClassRejected, false},
		{401, service + "002", live.ClassUnauthorized, false},
		{401, service + "014", live.ClassUnauthorized, false},
		{401, service + "015", live.ClassUnauthorized, false},
		{401, service + "003", live.ClassForbidden, false},
		{403, records + "016", live.ClassRejected, false},
		{404, records + "019", live.ClassNotFound, false},
		{400, records + "019", live.ClassNotFound, false},
		{500, service + "000", live.ClassUnavailable, true},
		{500, service + "005", live.ClassUnavailable, true},
		{500, service + "007", live.ClassThrottled, true},
	}
	for _, prefix := range []string{"APIGW.", "APIG."} {
		add := func(status int, class live.Class, numbers ...string) {
			for _, number := range numbers {
				codes = append(codes, documented{status, prefix + number, class, status >= 500})
			}
		}
		add(404, live.ClassUnavailable, "0101")
		add(401, live.ClassUnauthorized, "0301", "0303", "0307")
		add(403, live.ClassForbidden, "0302", "0304", "0306", "0310", "0802")
		add(429, live.ClassThrottled, "0308")
		add(400, live.ClassUnavailable, "0103", "0104", "0105")
		add(500, live.ClassUnavailable, "0103", "0104", "0105", "0201")
		add(502, live.ClassUnavailable, "0201")
		add(504, live.ClassUnavailable, "0201")
		add(413, live.ClassRejected, "0201")
		for i := 1; i <= 13; i++ {
			add(400, live.ClassUnavailable, fmt.Sprintf("06%02d", i))
			add(503, live.ClassUnavailable, fmt.Sprintf("06%02d", i))
		}
	}
	return codes
}

var _ = Describe("An error's class", func() {
	for _, d := range documentedCodes() {
		It(fmt.Sprintf("of %d with %s is %s", d.status, d.code, d.class), func(ctx SpecContext) {
			server := startAPI(says(d.status, `{"error_code":"`+d.code+`","error_msg":"as documented"}`, "X-request-id", requestID))
			meta, err := update(ctx, clientOf(server.URL))
			e := failure(err)
			Expect(*e).To(Equal(live.Error{
				Operation: live.OperationUpdate, HTTPStatus: d.status, Code: d.code, Message: "as documented",
				RequestID: requestID, Class: d.class, Uncertain: d.uncertain,
			}))
			Expect(meta.RequestID).To(Equal(requestID))
		})
	}

	DescribeTable("of a missing resource counts where the call names one",
		func(ctx SpecContext, call func(context.Context, *live.Client) (live.Meta, error), class live.Class) {
			server := startAPI(says(404, `{"error_code":"LIVE.103011019","error_msg":"?"}`))
			_, err := call(ctx, clientOf(server.URL))
			Expect(failure(err).Class).To(Equal(class))
		},
		Entry("create names none", create, live.ClassRejected),
		Entry("list names none", list, live.ClassRejected),
		Entry("update", update, live.ClassNotFound),
		Entry("show", show, live.ClassNotFound),
		Entry("delete", remove, live.ClassNotFound),
	)

	DescribeTable("falls back to the HTTP status", func(ctx SpecContext, status int, code string, class live.Class) {
		body := `{"error_code":"` + code + `","error_msg":"?"}`
		_, err := show(ctx, clientOf(startAPI(says(status, body)).URL))
		e := failure(err)
		Expect(e.Class).To(Equal(class))
		Expect(e.Code).To(Equal(code))
		Expect(e.Uncertain).To(Equal(status >= 500))
	},
		Entry("400", 400, "LIVE.9", live.ClassRejected),
		Entry("400 without a code", 400, "", live.ClassRejected),
		Entry("401", 401, "APIGW.9999", live.ClassUnauthorized),
		Entry("402", 402, "", live.ClassRejected),
		Entry("403", 403, "LIVE.9", live.ClassForbidden),
		Entry("404 of an unknown code proves nothing", 404, "LIVE.9", live.ClassUnavailable),
		Entry("404 without a code proves nothing", 404, "", live.ClassUnavailable),
		Entry("404 of a gateway", 404, "APIG.0106", live.ClassUnavailable),
		Entry("408", 408, "", live.ClassUnavailable),
		Entry("409 without the code is no proof of existence", 409, "", live.ClassRejected),
		Entry("409 with it", 409, "LIVE.103011018", live.ClassAlreadyExists),
		Entry("413", 413, "", live.ClassRejected),
		Entry("429", 429, "", live.ClassThrottled),
		Entry("500", 500, "", live.ClassUnavailable),
		Entry("503", 503, "LIVE.9", live.ClassUnavailable),
		Entry("599", 599, "", live.ClassUnavailable),
		Entry("a number without a prefix is not the gateway's", 400, "0301", live.ClassRejected),
	)
})

var _ = Describe("What an error says", func() {
	DescribeTable("comes from whatever shape the body has",
		func(ctx SpecContext, status int, body string, want live.Error) {
			_, err := show(ctx, clientOf(startAPI(says(status, body)).URL))
			e := failure(err)
			Expect(e.Code).To(Equal(want.Code))
			Expect(e.Message).To(Equal(want.Message))
			Expect(e.RequestID).To(Equal(want.RequestID))
		},
		Entry("the service's", 400, `{"error_code":"LIVE.100011001","error_msg":"Request Illegal"}`,
			live.Error{Code: "LIVE.100011001", Message: "Request Illegal"}),
		Entry("the gateway's", 429, `{"error_code":"APIGW.0308","error_msg":"The throttling threshold","request_id":"cd2f1c7e1f5f4b0d9a63f6a3b1d2c3e4"}`,
			live.Error{Code: "APIGW.0308", Message: "The throttling threshold", RequestID: "cd2f1c7e1f5f4b0d9a63f6a3b1d2c3e4"}),
		Entry("IAM's", 401, `{"error":{"code":401,"message":"The username or password is wrong.","title":"Unauthorized"}}`,
			live.Error{Message: "The username or password is wrong."}),
		Entry("IAM's with a title alone", 401, `{"error":{"code":"IAM.0011","title":"Unauthorized"}}`,
			live.Error{Code: "IAM.0011", Message: "Unauthorized"}),
		Entry("a code alone", 400, `{"error_code":"LIVE.100011001"}`, live.Error{Code: "LIVE.100011001", Message: "400 Bad Request"}),
		Entry("a code that is a number", 400, `{"error_code":17,"error_msg":"x"}`, live.Error{Code: "17", Message: "x"}),
		Entry("fields of other types", 400, `{"error_code":{"a":1},"error_msg":["x"],"error":"no"}`,
			live.Error{Message: "the answer is not the API's JSON (application/json): 400 Bad Request"}),
		Entry("no fields", 500, `{}`, live.Error{Message: "the answer is not the API's JSON (application/json): 500 Internal Server Error"}),
		Entry("nothing", 502, ``, live.Error{Message: "the answer is empty: 502 Bad Gateway"}),
		Entry("half of it", 400, `{"error_code":"LIVE.10001`, live.Error{Message: "the answer is cut short: 400 Bad Request"}),
	)

	It("does not dump a page", func(ctx SpecContext) {
		page := "<html><body>" + strings.Repeat("<h1>502 Bad Gateway</h1>", 1000) + "</body></html>"
		server := startAPI(says(502, page, "Content-Type", "text/html; charset=utf-8"))
		_, err := update(ctx, clientOf(server.URL))
		e := failure(err)
		Expect(e.Message).To(Equal("the answer is not the API's JSON (text/html): 502 Bad Gateway"))
		Expect(e.Class).To(Equal(live.ClassUnavailable))
		Expect(e.Uncertain).To(BeTrue())
	})

	It("is clean and bounded", func(ctx SpecContext) {
		server := startAPI(says(400, `{"error_code":"`+strings.Repeat("C", 100)+`","error_msg":"a\u0000\u001b[31mb\n`+strings.Repeat("配", 2000)+`"}`,
			"X-request-id", strings.Repeat("r", 1000)))
		meta, err := update(ctx, clientOf(server.URL))
		e := failure(err)
		Expect(e.Code).To(Equal(strings.Repeat("C", 64)))
		Expect(e.RequestID).To(Equal(strings.Repeat("r", 256)))
		Expect(meta.RequestID).To(Equal(e.RequestID))
		Expect(e.Message).To(HavePrefix("a[31mb 配配"))
		Expect(len(e.Message)).To(And(BeNumerically("<=", 1024), BeNumerically(">", 1020)))
		Expect(utf8.ValidString(e.Message)).To(BeTrue())
	})

	It("holds no secret that the answer echoes", func(ctx SpecContext) {
		const signature = "7be6668032f70418fcc22abc52071e57aff61b84a1d2381bb430d6870f4f6ebe"
		server := startAPI(func(w http.ResponseWriter, r *http.Request) {
			says(400, `{"error_code":"`+token+`","error_msg":"key `+settings.Key.Reveal()+` and token `+token+` and signature `+signature+` of AKEXAMPLE0123456789A are bad"}`,
				"X-request-id", token)(w, r)
		})
		_, meta, err := clientOf(server.URL).Update(ctx, target, authorizer(func(_ context.Context, req *http.Request) error {
			req.Header.Set("X-Auth-Token", token)
			req.Header.Set("Authorization", "SDK-HMAC-SHA256 Access=AKEXAMPLE0123456789A, SignedHeaders=host, Signature="+signature)
			return nil
		}), configID, settings)
		e := failure(err)
		Expect(e.Message).To(Equal("key [redacted] and token [redacted] and signature [redacted] of AKEXAMPLE0123456789A are bad"))
		Expect(e.Code).To(Equal("[redacted]"))
		Expect(meta.RequestID).To(Equal("[redacted]"))
		Expect(fmt.Sprintf("%+v %#v", err, *e)).NotTo(Or(ContainSubstring(token), ContainSubstring(settings.Key.Reveal())))
	})

	DescribeTable("takes the request ID",
		func(ctx SpecContext, headers []string, body, want string) {
			server := startAPI(func(w http.ResponseWriter, _ *http.Request) {
				for _, value := range headers {
					w.Header().Add("X-Request-Id", value)
				}
				w.WriteHeader(http.StatusBadRequest)
				_, _ = w.Write([]byte(body))
			})
			meta, err := update(ctx, clientOf(server.URL))
			Expect(failure(err).RequestID).To(Equal(want))
			Expect(meta.RequestID).To(Equal(want))
		},
		Entry("of the documented form as sent", []string{requestID}, `{"request_id":"other"}`, requestID),
		Entry("of the gateway", []string{"cd2f1c7e1f5f4b0d9a63f6a3b1d2c3e4"}, ``, "cd2f1c7e1f5f4b0d9a63f6a3b1d2c3e4"),
		Entry("of the service where the gateway adds its own", []string{"cd2f1c7e1f5f4b0d9a63f6a3b1d2c3e4", requestID}, ``, requestID),
		Entry("of the body where that is all there is", nil, `{"request_id":"body-id"}`, "body-id"),
		Entry("of no place where there is none", nil, `nothing`, ""),
	)

	It("tells how long to wait", func(ctx SpecContext) {
		for value, want := range map[string]time.Duration{
			"7":                             7 * time.Second,
			"Mon, 24 Nov 2025 03:00:30 GMT": 30 * time.Second,
			"-1":                            0,
			"99999999999999999999":          time.Hour,
			"":                              0,
		} {
			server := startAPI(says(429, "", "Retry-After", value, "Date", "Mon, 24 Nov 2025 03:00:00 GMT"))
			_, err := show(ctx, clientOf(server.URL))
			Expect(failure(err).RetryAfter).To(Equal(want), value)
		}
	})

	DescribeTable("reads on one line", func(e live.Error, want string) {
		Expect(e.Error()).To(Equal(want))
	},
		Entry("with all that is known", live.Error{Operation: live.OperationUpdate, HTTPStatus: 400, Code: "LIVE.100011001", Message: "Request Illegal", RequestID: requestID, Class: live.ClassRejected},
			"update: 400 LIVE.100011001: Request Illegal"),
		Entry("without a code", live.Error{Operation: live.OperationShow, HTTPStatus: 502, Message: "down"}, "show: 502: down"),
		Entry("without an answer", live.Error{Operation: live.OperationList, Message: "no answer within 30s"}, "list: no answer within 30s"),
		Entry("with a class alone", live.Error{Class: live.ClassUnavailable}, "Unavailable"),
	)

	It("is found in a chain", func() {
		e := &live.Error{Class: live.ClassThrottled}
		found, ok := live.AsError(fmt.Errorf("while updating: %w", e))
		Expect(ok).To(BeTrue())
		Expect(found).To(BeIdenticalTo(e))
		_, ok = live.AsError(errors.New("other"))
		Expect(ok).To(BeFalse())
		_, ok = live.AsError(nil)
		Expect(ok).To(BeFalse())
	})

	It("can be made of IAM's answer too", func() {
		e := live.AnswerError(live.OperationAuthenticate, 401, http.Header{"X-Request-Id": {"abc"}},
			[]byte(`{"error":{"code":401,"message":"The username or password is wrong.","title":"Unauthorized"}}`))
		Expect(*e).To(Equal(live.Error{Operation: live.OperationAuthenticate, HTTPStatus: 401,
			Message: "The username or password is wrong.", RequestID: "abc", Class: live.ClassUnauthorized}))
	})
})
