package livesim

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"time"
)

// duration is a time.Duration that JSON shows as a string such as "1.5s".
type duration time.Duration

// MarshalText implements encoding.TextMarshaler, and so JSON.
func (d duration) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler, and so JSON.
func (d *duration) UnmarshalText(text []byte) error {
	parsed, err := time.ParseDuration(string(text))
	*d = duration(parsed)
	return err
}

// decodeStrict reads exactly one JSON value into v and refuses unknown fields.
func decodeStrict(data []byte, v any) error {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(v); err != nil {
		return err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return errors.New("there is more after the JSON value")
	}
	return nil
}

// fields reads a JSON object into its fields, as they are written: names are
// not folded to one case, which the json package would do, and a name that
// comes twice is an error.
func fields(data []byte) (map[string]json.RawMessage, error) {
	decoder := json.NewDecoder(bytes.NewReader(data))
	if start, err := decoder.Token(); err != nil || start != json.Delim('{') {
		return nil, errors.New("the body is not a JSON object")
	}
	found := map[string]json.RawMessage{}
	for decoder.More() {
		token, err := decoder.Token()
		name, ok := token.(string)
		if err != nil || !ok {
			return nil, errors.New("the body is not JSON")
		}
		var value json.RawMessage
		if err := decoder.Decode(&value); err != nil {
			return nil, errors.New("the body is not JSON")
		}
		if _, twice := found[name]; twice {
			return nil, errors.New("a field comes twice")
		}
		found[name] = value
	}
	if _, err := decoder.Token(); err != nil {
		return nil, errors.New("the body is not JSON")
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("there is more after the JSON object")
	}
	return found, nil
}
