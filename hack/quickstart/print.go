package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
)

// printer writes for a person at a terminal.
type printer struct{ w io.Writer }

func (p printer) title(text string) {
	fmt.Fprintf(p.w, "\n=== %s\n", text)
}

func (p printer) line(format string, args ...any) {
	fmt.Fprintf(p.w, "    "+format+"\n", args...)
}

func (p printer) blank() { fmt.Fprintln(p.w) }

// block writes text that stands for itself, such as YAML.
func (p printer) block(text string) {
	for line := range strings.Lines(strings.TrimSpace(text) + "\n") {
		fmt.Fprintln(p.w, strings.TrimRight("    | "+line, " \n"))
	}
}

// held says that a check held.
func (p printer) held(format string, args ...any) {
	fmt.Fprintf(p.w, "    ok: "+format+"\n", args...)
}

// withoutComments is a manifest without the lines that only explain it.
func withoutComments(manifest []byte) string {
	var kept strings.Builder
	for line := range strings.Lines(string(manifest)) {
		trimmed := strings.TrimSpace(line)
		if trimmed != "" && !strings.HasPrefix(trimmed, "#") {
			kept.WriteString(line)
		}
	}
	return kept.String()
}

// indented is a JSON body on several lines, or as it is where it is not JSON.
func indented(body string) string {
	var b bytes.Buffer
	if json.Indent(&b, []byte(body), "", "  ") != nil {
		return body
	}
	return b.String()
}
