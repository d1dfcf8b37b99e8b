package observability

import (
	"fmt"
	"os"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/live-operator/live-operator/internal/metrics"
)

var _ = Describe("docs/metrics.md", func() {
	It("has every metric, as the code defines it", func() {
		const begin, end = "<!-- metrics: written by `UPDATE=1 go test ./test/observability` from internal/metrics -->\n", "<!-- end of metrics -->"
		page := read("docs", "metrics.md")
		before, rest, found := strings.Cut(page, begin)
		Expect(found).To(BeTrue())
		table, after, found := strings.Cut(rest, end)
		Expect(found).To(BeTrue())
		if os.Getenv("UPDATE") != "" {
			Expect(os.WriteFile(repository("docs", "metrics.md"), []byte(before+begin+metricsTable()+end+after), 0o644)).To(Succeed())
			return
		}
		Expect(table).To(Equal(metricsTable()), "run UPDATE=1 go test ./test/observability")
	})

	It("has every alert, with its runbook", func() {
		page := read("docs", "metrics.md")
		for _, a := range alerts() {
			Expect(page).To(ContainSubstring("[" + a.Alert + "](runbooks/" + a.Alert + ".md)"))
		}
	})
})

func metricsTable() string {
	var table strings.Builder
	table.WriteString("| metric | type | labels | meaning |\n| --- | --- | --- | --- |\n")
	for _, d := range metrics.Definitions() {
		fmt.Fprintf(&table, "| `%s` | %s | %s | %s |\n", d.Name, d.Type, strings.Join(d.Labels, ", "), d.Help)
	}
	return table.String()
}
