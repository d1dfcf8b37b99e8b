package v1alpha1_test

import (
	"fmt"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

var _ = Describe("A callback's URL", func() {
	// Both fields have the same rules, each with its own name and example.
	for name, example := range map[string]string{
		"notifyCallbackURL":   "https://callback.example.com/record",
		"onDemandCallbackURL": "https://callback.example.com/ondemand",
	} {
		path := "spec." + name
		urlSentence := fmt.Sprintf("%s must be a whole http or https URL, for example %s; "+
			"leave the field out to keep what the API has", name, example)
		querySentence := fmt.Sprintf("%s can't have a query (?...) or a fragment (#...): the Live API refuses them; "+
			"put what you need into the path", name)
		start := "https://callback.example.com/"

		DescribeTable(name+" is accepted",
			func(ctx SpecContext, url string) {
				_, err := dryRunCreate(ctx, setText(path, url))
				Expect(err).NotTo(HaveOccurred())
			},
			Entry("as the message's own example", example),
			Entry("with http", "http://callback.example.com/record"),
			Entry("with a scheme in capitals", "HTTPS://callback.example.com/record"),
			Entry("with a port", "https://callback.example.com:8443/record"),
			Entry("with an address", "http://192.0.2.1/record"),
			Entry("with an IPv6 address", "http://[2001:db8::1]:8080/record"),
			Entry("without a path", "https://callback.example.com"),
			Entry("with escapes in the path", "https://callback.example.com/a%3Fb%20c"),
			Entry("of 2,048 characters", start+strings.Repeat("a", 2048-len(start))),
		)

		DescribeTable(name+" is refused, and the message says what to write,",
			func(ctx SpecContext, url, sentence string) {
				_, err := dryRunCreate(ctx, setText(path, url))
				Expect(err).To(beInvalid(path, sentence))
			},
			Entry("when empty, though named", "", urlSentence),
			Entry("with a query", "https://callback.example.com/record?app=live", querySentence),
			Entry("with an empty query", "https://callback.example.com/record?", querySentence),
			Entry("with a fragment", "https://callback.example.com/record#live", querySentence),
			Entry("with an empty fragment", "https://callback.example.com/record#", querySentence),
			Entry("with another scheme", "ftp://callback.example.com/record", urlSentence),
			Entry("without a scheme", "callback.example.com/record", urlSentence),
			Entry("with a path only", "/record", urlSentence),
			Entry("without a host", "https:///record", urlSentence),
			Entry("with a port but no host", "https://:8443/record", urlSentence),
			Entry("with a space in the host", "https://call back.example.com/", urlSentence),
			Entry("with a space in the path", "https://callback.example.com/a b", urlSentence),
			Entry("with a newline at its end", "https://callback.example.com/record\n", urlSentence),
			Entry("with a broken escape", "https://callback.example.com/%zz", urlSentence),
			Entry("with a port that is no number", "https://callback.example.com:https/", urlSentence),
			Entry("of 2,049 characters", start+strings.Repeat("a", 2049-len(start)),
				"Too long: may not be more than 2048 bytes"),
		)
	}
})
