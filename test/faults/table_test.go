package faults

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/live-operator/live-operator/test/harness"
)

// unnoticed stands in the table for a fault that the status does not tell of.
const unnoticed = "·"

// table shows what the status said in each cell.
func table(groups []*group, lasting bool) string {
	rows := [][]string{{"fault"}}
	for _, f := range catalog {
		rows = append(rows, []string{f.name})
	}
	for _, g := range groups {
		rows[0] = append(rows[0], g.operation.name)
		row := 0
		for _, c := range g.cells {
			if c.lasting != lasting {
				continue
			}
			row++
			said := c.said
			if said == "" {
				said = unnoticed
			}
			rows[row] = append(rows[row], said)
		}
	}
	widths := make([]int, len(rows[0]))
	for _, row := range rows {
		for i, word := range row {
			widths[i] = max(widths[i], len([]rune(word)))
		}
	}
	var b strings.Builder
	for i, row := range rows {
		for j, word := range row {
			fmt.Fprintf(&b, "| %-*s ", widths[j], word)
		}
		b.WriteString("|\n")
		if i == 0 {
			for _, width := range widths {
				b.WriteString("|" + strings.Repeat("-", width+2))
			}
			b.WriteString("|\n")
		}
	}
	return b.String()
}

// published is the page that shows the tables.
func published() string { return filepath.Join(harness.Root(), "docs", "reliability.md") }

// publish compares a table with the one between its marks on the page, or
// writes it there.
func publish(name, content string) {
	GinkgoHelper()
	page, err := os.ReadFile(published())
	Expect(err).NotTo(HaveOccurred())
	begin, end := "<!-- "+name+" -->\n", "<!-- end -->"
	before, rest, found := strings.Cut(string(page), begin)
	Expect(found).To(BeTrue(), "%s has no mark %s", published(), begin)
	shown, after, found := strings.Cut(rest, end)
	Expect(found).To(BeTrue(), "%s has no mark %s", published(), end)
	if *update {
		Expect(os.WriteFile(published(), []byte(before+begin+content+end+after), 0o600)).To(Succeed())
		return
	}
	Expect(shown).To(Equal(content), "docs/reliability.md does not show what was seen; write it by make test PKG=./test/faults ARGS=-update")
}
