package credentials

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

// canaries are secrets by what they are. Each is found wherever it was let out.
type canaries map[string]string

// add makes up a secret of letters and digits.
func (c canaries) add(name string) string {
	c[name] = "canary" + newID() + newID()
	return c[name]
}

// in names the canaries that a text shows in whole or in part, as they are, in
// base64, in hexadecimal digits or in a dump of bytes.
func (c canaries) in(text string) []string {
	dumped := undump(text)
	var found []string
	for name, value := range c {
		for _, form := range forms(value) {
			if strings.Contains(text, form) || strings.Contains(dumped, form) {
				found = append(found, fmt.Sprintf("%s (as %.12s...)", name, form))
				break
			}
		}
	}
	slices.Sort(found)
	return found
}

// forms are what a secret may look like.
func forms(value string) []string {
	// Half of its random digits are enough to know it by, and too many to show.
	random := value[len(value)-64:]
	head, tail := random[:20], random[len(random)-20:]
	all := []string{head, tail, hex.EncodeToString([]byte(head)), strings.ToUpper(hex.EncodeToString([]byte(head))), url.QueryEscape(head)}
	for skip := range 3 {
		// Wherever it stands, some of its base64 depends on nothing else.
		inner := base64.StdEncoding.EncodeToString([]byte(head[skip:]))
		all = append(all, inner[:20])
	}
	return all
}

// dumpLine is the right column of hex.Dump.
var dumpLine = regexp.MustCompile(`\|([[:print:]]{1,16})\|(?:\\n|\n|"|$)`)

// undump puts together what hex.Dump took apart.
func undump(text string) string {
	var b strings.Builder
	for _, m := range dumpLine.FindAllStringSubmatch(text, -1) {
		b.WriteString(m[1])
	}
	return b.String()
}

var _ = DescribeTable("The search for secrets finds one",
	func(show func(string) string) {
		c := canaries{}
		value := c.add("token")
		c.add("other")
		Expect(c.in("before " + show(value) + " after")).To(ConsistOf(HavePrefix("token")))
		Expect(c.in("nothing")).To(BeEmpty())
	},
	Entry("as it is", func(s string) string { return s }),
	Entry("cut off", func(s string) string { return s[:len(s)-40] }),
	Entry("without its beginning", func(s string) string { return s[len(s)-30:] }),
	Entry("in base64", func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }),
	Entry("inside of other base64", func(s string) string { return base64.StdEncoding.EncodeToString([]byte("token: " + s + "; ")) }),
	Entry("in hexadecimal digits", func(s string) string { return hex.EncodeToString([]byte(s)) }),
	Entry("in a dump", func(s string) string { return hex.Dump([]byte("the token is " + s)) }),
	Entry("in a dump inside of JSON", func(s string) string {
		return strings.ReplaceAll(hex.Dump([]byte("the token is "+s)), "\n", `\n`)
	}),
)
