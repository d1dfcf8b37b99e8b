package credentials

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Kind is the kind of credentials that a Secret holds.
type Kind string

// The four kinds, by the keys that make a Secret one.
const (
	// KindToken: token, sent as X-Auth-Token.
	KindToken Kind = "token"
	// KindAccessKey: accessKey and secretKey, and securityToken where they are
	// temporary. Requests are signed.
	KindAccessKey Kind = "accessKey"
	// KindPassword: username, password and domainName (the account). IAM gives a
	// token for each project.
	KindPassword Kind = "password"
	// KindPodIdentity: podIdentity "true". Requests are signed with the temporary
	// keys that CCE gives the operator's pod.
	KindPodIdentity Kind = "podIdentity"
)

// The keys of a Secret. All others are ignored, whatever they hold.
const (
	keyToken         = "token"
	keyAccessKey     = "accessKey"
	keySecretKey     = "secretKey"
	keySecurityToken = "securityToken"
	keyUsername      = "username"
	keyPassword      = "password"
	keyDomainName    = "domainName"
	keyPodIdentity   = "podIdentity"
)

// keys says what each kind is made of. The last key of an access key is
// optional.
var keys = map[Kind][]string{
	KindToken:       {keyToken},
	KindAccessKey:   {keyAccessKey, keySecretKey, keySecurityToken},
	KindPassword:    {keyUsername, keyPassword, keyDomainName},
	KindPodIdentity: {keyPodIdentity},
}

// kindOrder is the order in which messages name the kinds.
var kindOrder = []Kind{KindToken, KindAccessKey, KindPassword, KindPodIdentity}

// choice lists all that a Secret may hold.
const choice = `token; or accessKey and secretKey (and securityToken, if they are temporary); or username, password and domainName; or podIdentity with the value "true"`

// maxValue is the most that a value may have, in bytes. Tokens of 5 to 9 KB
// are normal, and servers take headers of a few times that.
const maxValue = 64 << 10

// InvalidError says what is wrong with the data of a Secret.
type InvalidError struct {
	// Message is for a person: whole sentences that name the keys and say what
	// to write. It never holds a value, so it stays the same for the same mistake.
	Message string
}

// Error is the message.
func (e *InvalidError) Error() string { return e.Message }

// Values is what a Secret holds: credentials of exactly one kind, as Parse read
// them. It reads "[redacted]" however it is printed.
type Values struct {
	redacted
	kind Kind
	// byKey is nil in the zero Values.
	byKey sealed[map[string]string]
}

// Kind of the credentials.
func (v Values) Kind() Kind { return v.kind }

func (v Values) get(key string) string {
	if v.byKey == nil {
		return ""
	}
	return v.byKey()[key]
}

func (v Values) equal(w Values) bool {
	return v.kind == w.kind && v.byKey != nil && w.byKey != nil && maps.Equal(v.byKey(), w.byKey())
}

// Parse reads the data of a Secret, which must hold the keys of exactly one
// kind: token; or accessKey, secretKey and optionally securityToken; or
// username, password and domainName; or podIdentity with the value "true".
//
// Whitespace and line breaks around a value are dropped. Values that are empty,
// that hold control characters (such as a line break inside), that are not
// UTF-8 or longer than 64 KiB are refused, and so are spaces and characters
// beyond ASCII in all that is sent or signed as it stands (tokens and keys).
// Keys that belong to no kind are ignored, and podIdentity is where its value
// is "false".
//
// Its error is an *InvalidError.
func Parse(data map[string][]byte) (Values, error) {
	kind, err := kindOf(data)
	if err != nil {
		return Values{}, err
	}
	values := map[string]string{}
	for _, key := range keys[kind] {
		raw, found := data[key]
		if !found {
			if key == keySecurityToken {
				continue
			}
			return Values{}, missing(kind, key)
		}
		value, problem := clean(raw, kind != KindPassword)
		if problem != "" {
			return Values{}, &InvalidError{Message: fmt.Sprintf("The value of the key %s %s", key, problem)}
		}
		values[key] = value
	}
	return Values{kind: kind, byKey: seal(values)}, nil
}

// kindOf finds the one kind whose keys are there.
func kindOf(data map[string][]byte) (Kind, error) {
	var found []Kind
	var names []string
	for _, kind := range kindOrder {
		var present []string
		for _, key := range keys[kind] {
			if _, ok := data[key]; ok {
				present = append(present, key)
			}
		}
		if kind == KindPodIdentity && len(present) > 0 {
			switch value := strings.TrimSpace(string(data[keyPodIdentity])); {
			case strings.EqualFold(value, "false"):
				present = nil
			case !strings.EqualFold(value, "true"):
				return "", &InvalidError{Message: `The value of the key podIdentity is not "true". Write "true" to use the identity of the operator's pod, or remove the key.`}
			}
		}
		if len(present) > 0 {
			found = append(found, kind)
			names = append(names, present...)
		}
	}
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		return "", &InvalidError{Message: "The Secret holds no credentials. Write " + choice + "." + similar(data)}
	default:
		return "", &InvalidError{Message: fmt.Sprintf(
			"The Secret holds credentials of more than one kind (the keys %s), so it is not clear which to use. Keep one of: %s; and remove the other keys.",
			strings.Join(names, ", "), choice)}
	}
}

// missing names all the keys of the kind, since whoever forgot one may not know
// of the others.
func missing(kind Kind, key string) error {
	need := "An access key needs accessKey and secretKey, and also securityToken if it is temporary."
	if kind == KindPassword {
		need = "A user needs username, password and domainName (the name of the account)."
	}
	return &InvalidError{Message: fmt.Sprintf("The key %s is missing. %s", key, need)}
}

// similar names the keys that differ from the right ones only in how they are
// written.
func similar(data map[string][]byte) string {
	plainName := func(s string) string {
		return strings.ToLower(strings.NewReplacer("-", "", "_", "", ".", "").Replace(s))
	}
	var hints []string
	for _, name := range slices.Sorted(maps.Keys(data)) {
		for _, kind := range kindOrder {
			for _, key := range keys[kind] {
				if name != key && plainName(name) == plainName(key) {
					hints = append(hints, fmt.Sprintf("%s to %s", name, key))
				}
			}
		}
	}
	if len(hints) == 0 {
		return ""
	}
	return " Keys are case-sensitive: rename " + strings.Join(hints, ", ") + "."
}

// clean trims a value and says what is wrong with it; the problem continues
// "The value of the key x". Strict values are sent or signed as they stand.
func clean(raw []byte, strict bool) (value, problem string) {
	if len(raw) > maxValue {
		return "", "is longer than 64 KiB, so it can't be what the key is for. Write the credential alone."
	}
	value = strings.TrimSpace(string(raw))
	switch {
	case value == "":
		return "", "is empty. Write the credential, or remove the key if it is not needed."
	case !utf8.ValidString(value):
		return "", "is not text. Write it as it was given, base64-encoded once under data or as it is under stringData."
	case strings.ContainsAny(value, "\r\n"):
		return "", "has a line break inside. Write it in one line."
	case strings.ContainsFunc(value, func(r rune) bool { return unicode.IsControl(r) || r == '\uFEFF' }):
		return "", "holds a control character. Write it again without characters that can't be seen."
	case strict && strings.ContainsFunc(value, unicode.IsSpace):
		return "", "has a space inside. Write the credential alone, without spaces."
	case strict && strings.ContainsFunc(value, func(r rune) bool { return r > unicode.MaxASCII }):
		return "", "holds a character that is not ASCII. Write it again, and type rather than paste quotation marks and hyphens."
	}
	return value, ""
}
