package docs

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/live-operator/live-operator/test/harness"
)

const (
	original    = "README.md"
	translation = "docs/zh-CN/README.md"
)

var _ = Describe("The README in Chinese", func() {
	It("has the code of the README", func() {
		Expect(readPage(original).blocks).NotTo(BeEmpty())
		Expect(readPage(translation).blocks).To(Equal(readPage(original).blocks))
	})

	It("has a section for each of the README", func() {
		Expect(readPage(translation).anchors).To(HaveLen(len(readPage(original).anchors)))
	})

	It("leads where the README leads, and each leads to the other", func() {
		to, from := destinations(original), destinations(translation)
		Expect(to[0]).To(Equal(translation))
		Expect(from[0]).To(Equal(original))
		Expect(from[1:]).To(Equal(to[1:]))
	})

	It("has the figures of the README", func() {
		Expect(figures(original)).To(ContainElement("1.01"))
		// Another language may tell them in another order.
		Expect(figures(translation)).To(ConsistOf(figures(original)))
	})
})

// destinations are what a page links to, from the top folder.
func destinations(path string) []string {
	GinkgoHelper()
	var found []string
	for _, target := range readPage(path).links {
		if !strings.Contains(target, "://") {
			target = filepath.Join(filepath.Dir(path), target)
		}
		found = append(found, target)
	}
	return found
}

var (
	fenced = regexp.MustCompile("(?s)\n```.*?\n```\n")
	figure = regexp.MustCompile(`\d+(\.\d+)?`)
)

// figures are the numbers in a page's prose.
func figures(path string) []string {
	GinkgoHelper()
	content, err := os.ReadFile(filepath.Join(harness.Root(), path))
	Expect(err).NotTo(HaveOccurred())
	return figure.FindAllString(fenced.ReplaceAllString(string(content), ""), -1)
}
