package docs

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/live-operator/live-operator/api/v1alpha1"
	"github.com/live-operator/live-operator/test/harness"
)

const resourcePage = "docs/recordcallbackconfig.md"

// fields are the names in JSON of the type's fields.
func fields(of any) []string {
	var names []string
	for field := range reflect.TypeOf(of).Fields() {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		names = append(names, name)
	}
	return names
}

// constants are the values of the API's constants whose names begin so.
func constants(prefix string) []string {
	GinkgoHelper()
	file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(harness.Root(), "api", "v1alpha1", "conditions.go"), nil, 0)
	Expect(err).NotTo(HaveOccurred())
	var values []string
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if ok && strings.HasPrefix(spec.Names[0].Name, prefix) {
			value, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
			Expect(err).NotTo(HaveOccurred())
			values = append(values, value)
		}
		return true
	})
	Expect(values).NotTo(BeEmpty())
	return values
}

// entries are the code words in the first cells of the tables.
func entries(text string, cell int) string {
	var found strings.Builder
	for line := range strings.Lines(text) {
		if cells := strings.Split(line, "|"); len(cells) > cell {
			found.WriteString(cells[cell])
		}
	}
	return found.String()
}

var _ = Describe("The page of the resource", func() {
	DescribeTable("has an entry for each field of", func(heading string, of any) {
		listed := entries(section(resourcePage, heading), 1)
		for _, name := range fields(of) {
			Expect(listed).To(MatchRegexp("`"+name+"(\\.name)?`"), "%s lacks it", heading)
		}
	},
		Entry("the spec", "## Fields of the spec", v1alpha1.RecordCallbackConfigSpec{}),
		Entry("the status", "## Status", v1alpha1.RecordCallbackConfigStatus{}),
	)

	It("has an entry for each condition and each reason, with what to do", func() {
		text := section(resourcePage, "## Conditions")
		for _, condition := range constants("Condition") {
			Expect(text).To(ContainSubstring("`"+condition+"`"), "the condition %s", condition)
		}
		for _, reason := range constants("Reason") {
			Expect(entries(text, 2)+entries(text, 1)).To(ContainSubstring("`"+reason+"`"), "the reason %s", reason)
		}
	})
})

var _ = Describe("The page about troubleshooting", func() {
	It("has a section for each reason of a resource that is not ready", func() {
		anchors := readPage("docs/troubleshooting.md").anchors
		for _, reason := range constants("Reason") {
			if reason != v1alpha1.ReasonSynced && reason != v1alpha1.ReasonSuspended {
				Expect(anchors).To(HaveKey(strings.ToLower(reason)))
			}
		}
	})
})
