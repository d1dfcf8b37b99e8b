package live_test

import (
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/live-operator/live-operator/internal/live"
)

var _ = Describe("Endpoints", func() {
	endpoints := live.Endpoints{
		Template: live.DefaultTemplate,
		Regions:  map[string]string{"lab": "http://127.0.0.1:8080/live/"},
	}

	DescribeTable("are found by region", func(region, want string) {
		u, err := endpoints.URL(region)
		Expect(err).NotTo(HaveOccurred())
		Expect(u.String()).To(Equal(want))
	},
		Entry("in the template", "cn-north-4", "https://live.cn-north-4.myhuaweicloud.com"),
		Entry("among the regions first", "lab", "http://127.0.0.1:8080/live"),
	)

	DescribeTable("can't be changed by what a region is called", func(region string) {
		_, err := endpoints.URL(region)
		Expect(err).To(MatchError(ContainSubstring("is not 1 to 32 lower-case letters")))
		Expect(len(err.Error())).To(BeNumerically("<", 200))
	},
		Entry("nothing", ""),
		Entry("a dot", "evil.example.com"),
		Entry("a slash", "evil/"),
		Entry("a user", "x@evil"),
		Entry("a port", "x:1"),
		Entry("a line break at the end", "cn-north-4\n"),
		Entry("upper case", "CN-NORTH-4"),
		Entry("the placeholder", "{region}"),
		Entry("too long", strings.Repeat("a", 33)),
		Entry("very long", strings.Repeat("é", 5000)),
	)

	It("that name single regions know no others", func() {
		only := live.Endpoints{Regions: endpoints.Regions}
		Expect(only.Validate()).To(Succeed())
		_, err := only.URL("cn-north-4")
		Expect(err).To(MatchError(ContainSubstring("--region-endpoint")))
	})

	DescribeTable("are checked at start", func(e live.Endpoints, message string) {
		if message == "" {
			Expect(e.Validate()).To(Succeed())
			return
		}
		Expect(e.Validate()).To(MatchError(And(ContainSubstring(message), Not(ContainSubstring("hunter2")))))
	},
		Entry("the default", live.Endpoints{Template: live.DefaultTemplate}, ""),
		Entry("without a placeholder", live.Endpoints{Template: "https://live.example.com"}, ""),
		Entry("with a placeholder in the path", live.Endpoints{Template: "http://10.0.0.1:8080/{region}"}, ""),
		Entry("none", live.Endpoints{}, "no endpoint"),
		Entry("no scheme", live.Endpoints{Template: "live.example.com"}, "https://"),
		Entry("another scheme", live.Endpoints{Template: "file:///etc"}, "https://"),
		Entry("no host", live.Endpoints{Template: "https:///v1"}, "host"),
		Entry("a password", live.Endpoints{Template: "https://user:hunter2@live.example.com"}, "password"),
		Entry("a password in what is no URL", live.Endpoints{Template: "https://user:hunter2@live.example.com:x"}, "not a URL"),
		Entry("a query", live.Endpoints{Template: "https://live.example.com?a=b"}, "query"),
		Entry("another placeholder", live.Endpoints{Template: "https://live.{zone}.example.com"}, "not a URL"),
		Entry("a region's name", live.Endpoints{Regions: map[string]string{"A": "https://a"}}, "lower-case"),
		Entry("a region's URL", live.Endpoints{Regions: map[string]string{"a": "a"}}, "endpoint of region a"),
		Entry("a placeholder in a region's URL", live.Endpoints{Regions: map[string]string{"a": "https://{region}"}}, "not a URL"),
	)
})
