package live

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
)

// redacted stands wherever a Secret would be printed.
const redacted = "[redacted]"

// Secret is a value that must not be seen: a callback key, a token, a password.
// However it is printed, logged or marshaled it reads "[redacted]", or nothing
// where it is empty; only Reveal gives the value.
//
// Two things defeat that, so avoid them: package fmt calls no methods of what
// an unexported field holds, so a struct that keeps a Secret in one needs its
// own String method before it is printed; and encoding/json writes a map's keys
// as they are.
type Secret string

// Reveal is the value itself, for the place that sends it.
func (s Secret) Reveal() string {
	return string(s)
}

// String is "[redacted]", or empty for an empty Secret.
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return redacted
}

// GoString is what %#v prints; see String.
func (s Secret) GoString() string {
	return s.String()
}

// Format prints the same for every verb, since %x or %q would tell the value.
func (s Secret) Format(f fmt.State, _ rune) {
	_, _ = io.WriteString(f, s.String())
}

// MarshalJSON gives a JSON string; see String.
func (s Secret) MarshalJSON() ([]byte, error) {
	return json.Marshal(s.String())
}

// MarshalText is for YAML and XML; see String.
func (s Secret) MarshalText() ([]byte, error) {
	return []byte(s.String()), nil
}

// LogValue is for log/slog; see String.
func (s Secret) LogValue() slog.Value {
	return slog.StringValue(s.String())
}

// MarshalLog is for logr; see String.
func (s Secret) MarshalLog() any {
	return s.String()
}
