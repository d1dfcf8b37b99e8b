package credentials_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/live-operator/live-operator/internal/credentials"
)

// FuzzParse checks that Parse takes any data, that an error says nothing about
// a value but what kind of mistake it is, and that whitespace around a value
// makes no difference.
func FuzzParse(f *testing.F) {
	f.Add(uint8(0b0000_0001), "token", "", "")
	f.Add(uint8(0b0000_0110), "key", "secret\n", "")
	f.Add(uint8(0b0000_1110), "key", "sec\nret", "\x00")
	f.Add(uint8(0b0111_0000), "user", "пароль", "domain")
	f.Add(uint8(0b1000_0000), "true", "", "")
	f.Add(uint8(0b1000_0001), "false", "x", "")
	names := []string{"token", "accessKey", "secretKey", "securityToken", "username", "password", "domainName", "podIdentity"}
	f.Fuzz(func(t *testing.T, which uint8, a, b, c string) {
		values := []string{a, b, c}
		original, spaced, masked := map[string][]byte{}, map[string][]byte{}, map[string][]byte{}
		for i, name := range names {
			if which&(1<<i) == 0 {
				continue
			}
			value := values[len(original)%len(values)]
			original[name] = []byte(value)
			spaced[name] = []byte(" \n" + value + "\r\n")
			masked[name] = []byte(value)
			if name != "podIdentity" {
				for j, c := range masked[name] {
					masked[name][j] = mask(c)
				}
			}
		}
		v, err := credentials.Parse(original)
		_, spacedErr := credentials.Parse(spaced)
		_, maskedErr := credentials.Parse(masked)
		if message(t, err) != message(t, maskedErr) {
			t.Errorf("the message depends on a value: %q and %q", message(t, err), message(t, maskedErr))
		}
		if message(t, err) != message(t, spacedErr) && !strings.Contains(message(t, spacedErr), "64 KiB") {
			t.Errorf("whitespace around values makes a difference: %q and %q", message(t, err), message(t, spacedErr))
		}
		if err == nil && v.Kind() == "" || err != nil && v.Kind() != "" {
			t.Errorf("neither credentials nor an error, or both: %q, %v", v.Kind(), err)
		}
	})
}

// mask changes letters and digits, and nothing that makes a value valid or not.
func mask(c byte) byte {
	if '0' <= c && c <= '9' || 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z' {
		return 'x'
	}
	return c
}

func message(t *testing.T, err error) string {
	if err == nil {
		return ""
	}
	var invalid *credentials.InvalidError
	if !errors.As(err, &invalid) {
		t.Fatalf("not an *InvalidError: %v", err)
	}
	return invalid.Message
}
