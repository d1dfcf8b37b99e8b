package docs

import (
	"os"
	"path/filepath"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/live-operator/live-operator/test/harness"
)

var _ = Describe("The links of the pages", func() {
	It("lead somewhere", func() {
		seen := 0
		for _, p := range pages() {
			for _, target := range p.links {
				if strings.Contains(target, "://") || strings.HasPrefix(target, "mailto:") {
					continue
				}
				seen++
				path, fragment, _ := strings.Cut(target, "#")
				to := p
				if path != "" {
					full := filepath.Join(filepath.Dir(p.path), path)
					_, err := os.Stat(filepath.Join(harness.Root(), full))
					Expect(err).NotTo(HaveOccurred(), "%s links to %s", p.path, target)
					if !strings.HasSuffix(full, ".md") {
						continue
					}
					to = readPage(full)
				}
				if fragment != "" {
					Expect(to.anchors).To(HaveKey(fragment), "%s links to %s", p.path, target)
				}
			}
		}
		Expect(seen).To(BeNumerically(">", 20), "the pages have links, and they were found")
	})
})
