package live

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
)

// maxBody is the most that is read of an answer. A page of 100 configurations
// whose every field has its greatest length is about half of it.
const maxBody = 1 << 20

var (
	errTooLarge   = errors.New("the answer is larger than 1 MiB")
	errNoID       = errors.New("the answer holds no usable id")
	errEntryNoID  = errors.New("a configuration in the answer holds no usable id")
	errOtherID    = errors.New("the answer is about another configuration")
	errNoList     = errors.New("the answer holds no list of configurations")
	errHoldsError = errors.New("the answer says success, and holds an error")
)

// readBody reads a body to its end. One that is too large is left unread, so
// that to close it closes the connection.
func readBody(r io.Reader) ([]byte, error) {
	body, err := io.ReadAll(io.LimitReader(r, maxBody+1))
	if err == nil && len(body) > maxBody {
		err = errTooLarge
	}
	if err != nil {
		return nil, err
	}
	return body, nil
}

// decodeConfig reads the answer of a create or a show.
func decodeConfig(body []byte) (Config, error) {
	var config Config
	if err := json.Unmarshal(body, &config); err != nil {
		return Config{}, err
	}
	if !usableID(config.ID) {
		return Config{}, errNoID
	}
	return config, nil
}

// decodeConfirmation reads the answer of an update or a delete: empty, or an
// object. The status has said already that it was done, so the configuration is
// zero rather than an error where it can't be read; but what is not an object,
// or holds an error, is not the API's success.
func decodeConfirmation(body []byte) (Config, error) {
	if len(bytes.TrimSpace(body)) == 0 {
		return Config{}, nil
	}
	var answer struct {
		ErrorCode word `json:"error_code"`
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		return Config{}, err
	}
	if answer.ErrorCode != "" {
		return Config{}, errHoldsError
	}
	if config, err := decodeConfig(body); err == nil {
		return config, nil
	}
	return Config{}, nil
}

// decodePage reads the answer of a list. An object with neither a list nor a total is not taken for an empty page: what is missing
// from a page is thought to be gone.
func decodePage(body []byte) (Page, error) {
	var answer struct {
		Total   *int     `json:"total"`
		Configs []Config `json:"callback_config"`
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		return Page{}, err
	}
	if answer.Configs == nil && answer.Total == nil {
		return Page{}, errNoList
	}
	for _, config := range answer.Configs {
		if !usableID(config.ID) {
			return Page{}, errEntryNoID
		}
	}
	page := Page{Configs: answer.Configs}
	if answer.Total != nil {
		page.Total = max(*answer.Total, 0)
	}
	return page, nil
}

// usableID tells whether an ID from an answer can name a configuration: 1 to
// 128 bytes (documented) without spaces and control characters, and safe as a
// segment of a path.
func usableID(id string) bool {
	if len(id) > 128 || checkSegment(id) != nil {
		return false
	}
	for i := range len(id) {
		if id[i] <= ' ' || id[i] == 0x7f {
			return false
		}
	}
	return true
}

// word is a JSON string, or a number in its place; anything else is as if it
// were absent, so that one odd field does not cost the others.
type word string

// UnmarshalJSON never fails.
func (w *word) UnmarshalJSON(data []byte) error {
	var s string
	var n json.Number
	switch {
	case json.Unmarshal(data, &s) == nil:
		*w = word(s)
	case json.Unmarshal(data, &n) == nil:
		*w = word(n)
	}
	return nil
}

// errorBody is what an unsuccessful answer may hold: error_code and error_msg
// from the service, request_id too from the gateway, error from IAM.
type errorBody struct {
	Code      word     `json:"error_code"`
	Message   word     `json:"error_msg"`
	RequestID word     `json:"request_id"`
	IAM       iamError `json:"error"`
}

type iamError struct {
	Code, Message, Title word
}

// UnmarshalJSON never fails.
func (e *iamError) UnmarshalJSON(data []byte) error {
	var fields struct {
		Code    word `json:"code"`
		Message word `json:"message"`
		Title   word `json:"title"`
	}
	if json.Unmarshal(data, &fields) == nil {
		*e = iamError{Code: fields.Code, Message: fields.Message, Title: fields.Title}
	}
	return nil
}

// AnswerError is the *Error of an answer that is no success, of the Live API,
// its gateway or IAM. Callers that talk to IAM by other means than this client
// can make theirs with it. Body is the answer's body, or its beginning.
func AnswerError(op Operation, status int, header http.Header, body []byte) *Error {
	return answerError(op, status, header, body, nil)
}

// answerError is AnswerError that takes secrets out of what the answer says.
func answerError(op Operation, status int, header http.Header, body []byte, secrets []string) *Error {
	var said errorBody
	_ = json.Unmarshal(body, &said)
	code, message := said.Code, said.Message
	if code == "" && message == "" {
		code, message = said.IAM.Code, said.IAM.Message
		if message == "" {
			message = said.IAM.Title
		}
		if string(code) == strconv.Itoa(status) {
			// IAM repeats the HTTP status there.
			code = ""
		}
	}
	e := &Error{
		Operation:  op,
		HTTPStatus: status,
		Code:       clean(scrub(string(code), secrets), maxCode),
		Message:    CleanMessage(scrub(string(message), secrets)),
		RequestID:  requestIDOf(header, body, secrets),
		RetryAfter: retryAfterOf(header),
	}
	e.Class, e.Uncertain = classify(status, e.Code)
	if e.Class == ClassNotFound && (op == OperationCreate || op == OperationList) {
		// The call names no configuration that could be missing.
		e.Class = ClassRejected
	}
	switch {
	case status >= 300 && status < 400:
		e.Message = CleanMessage(scrub(redirectMessage(status, header), secrets))
	case status < 300 && (e.Code != "" || e.Message != ""):
		e.Message = CleanMessage("the answer says " + statusText(status) + ", and holds an error: " + e.Message)
	case e.Message != "":
	case e.Code != "":
		e.Message = statusText(status)
	default:
		e.Message = CleanMessage(scrub(notJSON(status, header, body), secrets))
	}
	return e
}

// redirectMessage names the other host, and no more of the address: the rest
// may hold what identifies somebody, or change from answer to answer.
func redirectMessage(status int, header http.Header) string {
	to := ""
	if location, err := url.Parse(header.Get("Location")); err == nil && location.Host != "" {
		to = " to " + location.Host
	}
	return fmt.Sprintf("the endpoint redirects%s (%s), and redirects are refused, since credentials must not follow them; check the endpoint flags of the operator (--live-endpoint, --iam-endpoint, --region-endpoint)",
		to, statusText(status))
}

// notJSON says what came in place of the API's JSON, without quoting it.
func notJSON(status int, header http.Header, body []byte) string {
	switch {
	case len(bytes.TrimSpace(body)) == 0:
		return "the answer is empty: " + statusText(status)
	case cutShort(body):
		return "the answer is cut short: " + statusText(status)
	}
	kind, _, err := mime.ParseMediaType(header.Get("Content-Type"))
	if err != nil || kind == "" {
		kind = "of no content type"
	}
	return fmt.Sprintf("the answer is not the API's JSON (%s): %s", clean(kind, maxCode), statusText(status))
}

// cutShort tells JSON that ends too early from what never was JSON.
func cutShort(body []byte) bool {
	e, ok := errors.AsType[*json.SyntaxError](json.Unmarshal(body, new(json.RawMessage)))
	return ok && e.Offset >= int64(len(body)) && e.Error() == "unexpected end of JSON input"
}

// statusText is such as "502 Bad Gateway".
func statusText(status int) string {
	if text := http.StatusText(status); text != "" {
		return strconv.Itoa(status) + " " + text
	}
	return strconv.Itoa(status)
}

// documentedRequestID is request_id-timestamp-hostname, where request_id is a
// UUID.
var documentedRequestID = regexp.MustCompile(`^[0-9A-Fa-f-]{32,36}-[0-9]{10,}-.`)

// requestIDOf is the answer's X-request-id as sent, the documented form first
// where a gateway added its own; else the body's request_id.
func requestIDOf(header http.Header, body []byte, secrets []string) string {
	first := ""
	for _, value := range header.Values("X-Request-Id") {
		value = clean(scrub(value, secrets), maxRequestID)
		if documentedRequestID.MatchString(value) {
			return value
		}
		if first == "" {
			first = value
		}
	}
	if first != "" {
		return first
	}
	var said struct {
		RequestID word `json:"request_id"`
	}
	_ = json.Unmarshal(body, &said)
	return clean(scrub(string(said.RequestID), secrets), maxRequestID)
}
