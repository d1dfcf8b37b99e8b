package credentials

import (
	"fmt"
	"io"
	"log/slog"
	"strings"
)

const mask = "[redacted]"

// redacted, embedded, gives a type methods by which it reads "[redacted]"
// however it is printed, logged or marshaled.
type redacted struct{}

// String is "[redacted]".
func (redacted) String() string { return mask }

// GoString is "[redacted]".
func (redacted) GoString() string { return mask }

// Format prints "[redacted]" for every verb.
func (redacted) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, mask) }

// MarshalJSON gives the JSON string "[redacted]".
func (redacted) MarshalJSON() ([]byte, error) { return []byte(`"` + mask + `"`), nil }

// MarshalText gives "[redacted]".
func (redacted) MarshalText() ([]byte, error) { return []byte(mask), nil }

// MarshalLog is for logr: "[redacted]".
func (redacted) MarshalLog() any { return mask }

// LogValue is for log/slog: "[redacted]".
func (redacted) LogValue() slog.Value { return slog.StringValue(mask) }

// sealed holds what must not be seen. Package fmt calls no methods of what an
// unexported field holds, and follows even a pointer where the verb does not
// suit it (%s); of a function it has nothing to print but the address.
type sealed[T any] func() T

func seal[T any](v T) sealed[T] { return func() T { return v } }

// withoutSecret takes a secret out of a text that came from outside. One that
// is so short that it may be part of any word stays.
func withoutSecret(text, secret string) string {
	if len(secret) < 4 {
		return text
	}
	return strings.ReplaceAll(text, secret, mask)
}
