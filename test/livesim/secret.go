package livesim

import (
	"fmt"
	"log/slog"
)

const redacted = "[redacted]"

// Secret is a string that prints as "[redacted]", in every format; the empty
// one prints as nothing.
type Secret string

// Reveal gives the value.
func (s Secret) Reveal() string { return string(s) }

// String implements fmt.Stringer.
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return redacted
}

// GoString implements fmt.GoStringer.
func (s Secret) GoString() string { return fmt.Sprintf("%q", s.String()) }

// Format implements fmt.Formatter, so that no verb shows the value.
func (s Secret) Format(state fmt.State, verb rune) {
	if verb == 'q' || (verb == 'v' && state.Flag('#')) {
		_, _ = fmt.Fprintf(state, "%q", s.String())
		return
	}
	_, _ = fmt.Fprint(state, s.String())
}

// MarshalText implements encoding.TextMarshaler, and so JSON.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// LogValue implements slog.LogValuer.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }
