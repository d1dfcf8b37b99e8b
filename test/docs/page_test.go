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

// page is a page of the documentation.
type page struct {
	// path is relative to the top folder.
	path string
	// anchors are what a link to one of its headings may name.
	anchors map[string]bool
	links   []string
	blocks  []block
}

// block is a code block of a page.
type block struct {
	language, text string
}

// name tells a block from the others of its page: its first line.
func (b block) name() string {
	first, _, _ := strings.Cut(b.text, "\n")
	return first
}

// pages are all pages for users and contributors.
func pages() []*page {
	GinkgoHelper()
	paths := []string{"README.md", "CONTRIBUTING.md"}
	for _, folder := range []string{"docs", "charts"} {
		Expect(filepath.WalkDir(filepath.Join(harness.Root(), folder), func(path string, entry os.DirEntry, err error) error {
			if err == nil && !entry.IsDir() && strings.HasSuffix(path, ".md") {
				relative, _ := filepath.Rel(harness.Root(), path)
				paths = append(paths, relative)
			}
			return err
		})).To(Succeed())
	}
	var found []*page
	for _, path := range paths {
		found = append(found, readPage(path))
	}
	return found
}

var (
	link     = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	inline   = regexp.MustCompile("`[^`]*`")
	noAnchor = regexp.MustCompile(`[^\p{L}\p{N}\- _]`)
)

func readPage(path string) *page {
	GinkgoHelper()
	content, err := os.ReadFile(filepath.Join(harness.Root(), path))
	Expect(err).NotTo(HaveOccurred())
	p := &page{path: path, anchors: map[string]bool{}}
	var open *block
	for line := range strings.Lines(string(content)) {
		switch language, fence := strings.CutPrefix(line, "```"); {
		case fence && open == nil:
			open = &block{language: strings.TrimSpace(language)}
		case fence:
			p.blocks = append(p.blocks, *open)
			open = nil
		case open != nil:
			open.text += line
		case strings.HasPrefix(line, "#"):
			p.anchors[anchor(strings.TrimLeft(line, "#"))] = true
			fallthrough
		default:
			for _, match := range link.FindAllStringSubmatch(inline.ReplaceAllString(line, ""), -1) {
				p.links = append(p.links, match[1])
			}
		}
	}
	Expect(open).To(BeNil(), "%s ends inside a code block", path)
	return p
}

// anchor is what GitHub makes of a heading.
func anchor(heading string) string {
	text := strings.ToLower(strings.TrimSpace(heading))
	text = regexp.MustCompile(`\[([^\]]*)\]\([^)]*\)`).ReplaceAllString(text, "$1")
	return strings.ReplaceAll(noAnchor.ReplaceAllString(text, ""), " ", "-")
}

// section is the text of a page under a heading, to the next of its level.
func section(path, heading string) string {
	GinkgoHelper()
	content, err := os.ReadFile(filepath.Join(harness.Root(), path))
	Expect(err).NotTo(HaveOccurred())
	_, rest, found := strings.Cut(string(content), "\n"+heading+"\n")
	Expect(found).To(BeTrue(), "%s has no heading %s", path, heading)
	level, _, _ := strings.Cut(heading, " ")
	text, _, _ := strings.Cut(rest, "\n"+level+" ")
	return text
}
