package credentials_test

import (
	"context"
	"net/http"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	clocktesting "k8s.io/utils/clock/testing"

	"github.com/live-operator/live-operator/internal/credentials"
	"github.com/live-operator/live-operator/internal/live"
)

var _ = Describe("Who counts", func() {
	var (
		clock *clocktesting.FakeClock
		calls []live.Call
		rests int
		cache func(iamURL string) *credentials.Cache
	)
	BeforeEach(func() {
		clock, calls, rests = clocktesting.NewFakeClock(start), nil, 0
		cache = func(iamURL string) *credentials.Cache {
			GinkgoHelper()
			c, err := credentials.NewCache(credentials.Options{
				IAM: live.Endpoints{Template: iamURL}, Clock: clock,
				OnCall: func(c live.Call) { calls = append(calls, c) },
				OnRest: func() { rests++ },
			})
			Expect(err).NotTo(HaveOccurred())
			return c
		}
	})

	It("is told of each call to IAM, with what came of it", func(ctx SpecContext) {
		server := newIAM(clock, "good")
		c := cache(server.URL)
		_, err := authorize(ctx, read(c, "one", "1", userData("good")), projectA)
		Expect(err).NotTo(HaveOccurred())
		_, err = authorize(ctx, read(c, "two", "1", userData("bad")), projectA)
		Expect(err).To(HaveOccurred())
		Expect(calls).To(HaveLen(2))
		Expect(calls).To(HaveEach(HaveField("Operation", live.OperationAuthenticate)))
		Expect(calls[0]).To(And(HaveField("HTTPStatus", 201), HaveField("Class", live.Class(""))))
		Expect(calls[1]).To(And(HaveField("HTTPStatus", 401), HaveField("Class", live.ClassUnauthorized)))
	})

	It("is told when credentials are put to rest, and how many Secrets rest", func() {
		c := cache("http://iam.invalid")
		cred := read(c, "one", "1", tokenData("bad"))
		read(c, "two", "1", tokenData("unused"))
		refused := func() {
			GinkgoHelper()
			lease := begin(cred, projectA)
			req, err := http.NewRequestWithContext(context.Background(), http.MethodGet, "https://live.example.com/v1/p/record/callbacks", nil)
			Expect(err).NotTo(HaveOccurred())
			Expect(lease.Authorize(context.Background(), req)).To(Succeed())
			lease.Done(unauthorized())
		}
		refused()
		Expect(rests).To(BeZero(), "it may be tried once more")
		Expect(c.Resting()).To(BeZero())
		refused()
		Expect(rests).To(Equal(1))
		Expect(c.Resting()).To(Equal(1))
		clock.Step(5 * time.Minute)
		Expect(c.Resting()).To(BeZero())
	})
})
