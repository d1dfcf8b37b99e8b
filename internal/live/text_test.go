package live_test

import (
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/live-operator/live-operator/internal/live"
)

var _ = DescribeTable("CleanMessage makes one line for a person", func(in, want string) {
	Expect(live.CleanMessage(in)).To(Equal(want))
	Expect(live.CleanMessage(want)).To(Equal(want))
},
	Entry("of nothing", "", ""),
	Entry("of a clean one", "Request Illegal", "Request Illegal"),
	Entry("of several", " one\r\n\ttwo\u2028three \n", "one two three"),
	Entry("without control characters", "a\x00b\x1b[0mc\u009fd", "ab[0mcd"),
	Entry("without what reorders text", "a\u202eb\u2066c", "abc"),
	Entry("that is UTF-8", "a\xff\xfeb", "a\ufffd\ufffdb"),
	Entry("of 1,024 bytes", strings.Repeat("x", 5000), strings.Repeat("x", 1024)),
	Entry("cut between characters", "x"+strings.Repeat("配", 400), "x"+strings.Repeat("配", 341)),
	Entry("of nothing but blanks", strings.Repeat(" \n", 5000), ""),
)

var _ = DescribeTable("ParseTime reads the API's times", func(in string, want time.Time) {
	got, err := live.ParseTime(in)
	if want.IsZero() {
		Expect(err).To(HaveOccurred())
		Expect(len(err.Error())).To(BeNumerically("<", 200))
		return
	}
	Expect(err).NotTo(HaveOccurred())
	Expect(got).To(Equal(want))
},
	Entry("as documented", "2026-01-02T03:04:05Z", time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)),
	Entry("with a fraction", "2026-01-02T03:04:05.25Z", time.Date(2026, 1, 2, 3, 4, 5, 250000000, time.UTC)),
	Entry("with another zone", "2026-01-02T11:04:05+08:00", time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)),
	Entry("but none without a zone", "2026-01-02T03:04:05", time.Time{}),
	Entry("but no date alone", "2026-01-02", time.Time{}),
	Entry("but nothing", "", time.Time{}),
	Entry("but no other text", strings.Repeat("x", 10000), time.Time{}),
)
