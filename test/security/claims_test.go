// Package security holds docs/security.md to its word: behind each claim there
// is a test.
package security

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/live-operator/live-operator/test/harness"
)

func TestSecurity(t *testing.T) {
	RegisterFailHandler(Fail)
	RunSpecs(t, "Security")
}

// reference is a test as the page names it: `folder` "the spec's text", or
// `folder` FuzzTarget.
var reference = regexp.MustCompile("`([a-z/]+)` (?:\"([^\"]+)\"|(Fuzz[A-Za-z]+))")

var _ = Describe("The page about security", func() {
	It("names a test for each claim, and the test exists", func() {
		page, err := os.ReadFile(filepath.Join(harness.Root(), "docs", "security.md"))
		Expect(err).NotTo(HaveOccurred())
		claims, inTable := 0, false
		for line := range strings.Lines(string(page)) {
			cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
			switch {
			case !strings.HasPrefix(line, "|"):
				inTable = false
				continue
			case strings.TrimSpace(cells[len(cells)-1]) == "test":
				inTable = true
				continue
			case !inTable || strings.HasPrefix(line, "|---"):
				continue
			}
			claims++
			named := reference.FindAllStringSubmatch(cells[len(cells)-1], -1)
			Expect(named).NotTo(BeEmpty(), "no test stands behind: %s", line)
			for _, test := range named {
				want := `"` + test[2] + `"`
				if test[3] != "" {
					want = "func " + test[3] + "("
				}
				Expect(testsOf(test[1])).To(ContainSubstring(want), "the test behind: %s", line)
			}
		}
		Expect(claims).To(BeNumerically(">", 15))
	})
})

// testsOf is the source of a folder's tests.
func testsOf(folder string) string {
	GinkgoHelper()
	files, err := filepath.Glob(filepath.Join(harness.Root(), filepath.FromSlash(folder), "*_test.go"))
	Expect(err).NotTo(HaveOccurred())
	var all strings.Builder
	for _, file := range files {
		source, err := os.ReadFile(file)
		Expect(err).NotTo(HaveOccurred())
		all.Write(source)
	}
	return all.String()
}
