package main

import (
	"errors"
	"path/filepath"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/live-operator/live-operator/api/v1alpha1"
	"github.com/live-operator/live-operator/test/livesim"
)

// told joins findings to the text that a person would read.
func told(f findings) string {
	if len(f) == 0 {
		return ""
	}
	return errors.Join(f...).Error()
}

var _ = Describe("The checks of the show", func() {
	var (
		resource *v1alpha1.RecordCallbackConfig
		call     livesim.Call
	)
	BeforeEach(func() {
		s, err := readSamples(filepath.Join("..", "..", "config", "samples"))
		Expect(err).NotTo(HaveOccurred())
		resource = &s.good
		resource.Generation = 1
		call = livesim.Call{
			Method:     "PUT",
			Path:       "/v1/0123456789abcdef0123456789abcdef/record/callbacks/e89b76aa0bc4421f9d3425ab80af501c",
			Credential: "token-1",
			Status:     200,
			RequestID:  "id-1",
			Body: `{"publish_domain": "publish.example.com", "app": "live", "notify_callback_url": "https://callback.example.com/record",
				"notify_event_subscription": ["RECORD_FILE_COMPLETE", "RECORD_FAILED"]}`,
		}
		resource.Status = v1alpha1.RecordCallbackConfigStatus{
			ID: resource.Spec.ID, RequestID: "id-1",
			Conditions: []metav1.Condition{{Type: "Ready", Status: "True", Reason: "Synced", ObservedGeneration: 1}},
		}
	})

	It("hold when all is as it should be", func() {
		Expect(told(checkCall(resource, []livesim.Call{call}, "token-1", 200))).To(BeEmpty())
		Expect(told(checkReady(resource, call))).To(BeEmpty())
	})

	It("miss a call that never came, and one too many", func() {
		Expect(told(checkCall(resource, nil, "token-1", 200))).To(ContainSubstring("0 calls for one change"))
		Expect(told(checkCall(resource, []livesim.Call{call, call}, "token-1", 200))).To(ContainSubstring("2 calls for one change"))
	})

	DescribeTable("find what is wrong with the call",
		func(spoil func(*livesim.Call), complaint string) {
			spoil(&call)
			Expect(told(checkCall(resource, []livesim.Call{call}, "token-1", 200))).To(ContainSubstring(complaint))
		},
		Entry("another method", func(c *livesim.Call) { c.Method = "POST" }, "the call was POST"),
		Entry("another configuration", func(c *livesim.Call) { c.Path += "0" }, "and is to be PUT /v1/"),
		Entry("another credential", func(c *livesim.Call) { c.Credential = "" }, "not made with the Secret's token"),
		Entry("another answer", func(c *livesim.Call) { c.Status = 500 }, "answered 500"),
		Entry("no request ID", func(c *livesim.Call) { c.RequestID = "" }, "without a request ID"),
		Entry("a field that the spec does not set", func(c *livesim.Call) { c.Body = c.Body[:len(c.Body)-1] + `, "sign_type": "MD5"}` },
			"the body has"),
		Entry("a body that is not JSON", func(c *livesim.Call) { c.Body = "{" }, "the body is not JSON"),
	)

	DescribeTable("find what is wrong with a status that should be Ready",
		func(spoil func(*v1alpha1.RecordCallbackConfigStatus), complaint string) {
			spoil(&resource.Status)
			Expect(told(checkReady(resource, call))).To(ContainSubstring(complaint))
		},
		Entry("another request ID", func(s *v1alpha1.RecordCallbackConfigStatus) { s.RequestID = "id-2" },
			`the status has the request ID "id-2", and the API answered "id-1"`),
		Entry("no condition", func(s *v1alpha1.RecordCallbackConfigStatus) { s.Conditions = nil }, "no condition Ready"),
		Entry("not Ready", func(s *v1alpha1.RecordCallbackConfigStatus) { s.Conditions[0].Status = "False" }, "Ready is False"),
		Entry("Ready of an older spec", func(s *v1alpha1.RecordCallbackConfigStatus) { s.Conditions[0].ObservedGeneration = 0 },
			"Ready is of generation 0"),
		Entry("another ID", func(s *v1alpha1.RecordCallbackConfigStatus) { s.ID = "other" }, `the status has the ID "other"`),
		Entry("an error", func(s *v1alpha1.RecordCallbackConfigStatus) { s.LastError = &v1alpha1.CallError{} }, "the status has an error"),
	)

	Describe("of a rejected resource", func() {
		BeforeEach(func() {
			resource.Status.Conditions[0].Status, resource.Status.Conditions[0].Reason = "False", "Rejected"
			resource.Status.LastError = &v1alpha1.CallError{
				Operation: "Update", HTTPStatus: 400, Code: "LIVE.100011001", Message: "Request Illegal", RequestID: "id-1",
			}
		})

		It("hold when all is as it should be", func() {
			Expect(told(checkRejected(resource, call))).To(BeEmpty())
		})

		DescribeTable("find what is wrong with the error",
			func(spoil func(*v1alpha1.RecordCallbackConfigStatus), complaint string) {
				spoil(&resource.Status)
				Expect(told(checkRejected(resource, call))).To(ContainSubstring(complaint))
			},
			Entry("none", func(s *v1alpha1.RecordCallbackConfigStatus) { s.LastError = nil }, "no lastError"),
			Entry("Ready all the same", func(s *v1alpha1.RecordCallbackConfigStatus) { s.Conditions[0].Status = "True" }, "Ready is True"),
			Entry("another reason", func(s *v1alpha1.RecordCallbackConfigStatus) { s.Conditions[0].Reason = "Pending" }, "Pending"),
			Entry("another operation", func(s *v1alpha1.RecordCallbackConfigStatus) { s.LastError.Operation = "Show" }, "of the operation Show"),
			Entry("another status", func(s *v1alpha1.RecordCallbackConfigStatus) { s.LastError.HTTPStatus = 500 }, "HTTP status 500"),
			Entry("another code", func(s *v1alpha1.RecordCallbackConfigStatus) { s.LastError.Code = "" }, `the code ""`),
			Entry("another message", func(s *v1alpha1.RecordCallbackConfigStatus) { s.LastError.Message = "" }, `the message ""`),
			Entry("another request ID", func(s *v1alpha1.RecordCallbackConfigStatus) { s.LastError.RequestID = "" }, `the request ID ""`),
		)
	})
})
