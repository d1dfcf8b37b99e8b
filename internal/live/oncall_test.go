package live_test

import (
	"context"
	"errors"
	"net/http"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/live-operator/live-operator/internal/live"
)

var _ = Describe("Who counts calls", func() {
	var told []live.Call
	BeforeEach(func() { told = nil })
	counting := func(o *live.Options) { o.OnCall = func(c live.Call) { told = append(told, c) } }

	It("is told of each with its operation, status, class and duration", func(ctx SpecContext) {
		server := startAPI(says(200, shown))
		_, _, err := clientOf(server.URL, counting).Show(ctx, target, withToken(token), configID)
		Expect(err).NotTo(HaveOccurred())
		Expect(told).To(ConsistOf(And(HaveField("Operation", live.OperationShow), HaveField("HTTPStatus", 200),
			HaveField("Class", live.Class("")), HaveField("Duration", BeNumerically(">", time.Duration(0))))))
	})

	It("is told what the answer means, which its status alone may not", func(ctx SpecContext) {
		server := startAPI(says(400, `{"error_code":"LIVE.103011019","error_msg":"Not Found"}`))
		_, err := clientOf(server.URL, counting).Delete(ctx, target, withToken(token), configID)
		Expect(err).To(HaveOccurred())
		Expect(told).To(ConsistOf(And(HaveField("Operation", live.OperationDelete), HaveField("HTTPStatus", 400), HaveField("Class", live.ClassNotFound))))
	})

	It("is told of a call that nobody answered", func(ctx SpecContext) {
		server := startAPI(says(200, shown))
		server.Close()
		_, _, err := clientOf(server.URL, counting).List(ctx, target, withToken(token), live.Query{})
		Expect(err).To(HaveOccurred())
		Expect(told).To(ConsistOf(And(HaveField("Operation", live.OperationList), HaveField("HTTPStatus", 0), HaveField("Class", live.ClassUnavailable))))
	})

	It("is not told of a call that was never made", func(ctx SpecContext) {
		server := startAPI(says(200, shown))
		refuses := authorizer(func(context.Context, *http.Request) error { return errors.New("no token") })
		_, _, err := clientOf(server.URL, counting).Show(ctx, target, refuses, configID)
		Expect(err).To(HaveOccurred())
		Expect(told).To(BeEmpty())
	})
})
