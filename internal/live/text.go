package live

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// CleanMessage makes one line for a person out of any text: valid UTF-8, no
// control characters (a line break or a tab becomes a space), no characters
// that reorder text, no surrounding whitespace, and at most 1,024 bytes, cut
// between characters. To clean a clean message changes nothing.
func CleanMessage(s string) string {
	return clean(s, maxMessage)
}

// clean is CleanMessage with another limit in bytes. Its work is bounded by
// what it drops and the limit, not by the length of s.
func clean(s string, limit int) string {
	var b strings.Builder
	afterSpace := true
	// Ranging over a string gives U+FFFD for every byte that is not UTF-8.
	for _, r := range s {
		breaks := isBreak(r)
		switch {
		case breaks:
			r = ' '
		case unicode.IsControl(r), unicode.Is(unicode.Bidi_Control, r):
			continue
		}
		if afterSpace && (breaks || b.Len() == 0 && unicode.IsSpace(r)) {
			continue
		}
		if b.Len()+utf8.RuneLen(r) > limit {
			break
		}
		b.WriteRune(r)
		afterSpace = r == ' '
	}
	return strings.TrimRightFunc(b.String(), unicode.IsSpace)
}

// isBreak tells the characters that are whitespace and would break a line or
// a table.
func isBreak(r rune) bool {
	switch r {
	case '\t', '\n', '\v', '\f', '\r', '\u0085', '\u2028', '\u2029':
		return true
	}
	return false
}

// minScrubbed keeps scrub from blanking words that merely equal a short value.
const minScrubbed = 8

// scrub takes the secrets out of a text that came from outside.
func scrub(s string, secrets []string) string {
	for _, secret := range secrets {
		if len(secret) >= minScrubbed {
			s = strings.ReplaceAll(s, secret, redacted)
		}
	}
	return s
}
