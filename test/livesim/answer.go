package livesim

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"
)

const jsonType = "application/json"

// answer is what a call is to be answered with.
type answer struct {
	status      int
	code        string
	body        []byte
	contentType string
	header      map[string]string
	requestID   string
	// idHeader is the name of the header that holds the request ID, in the
	// case that its sender uses.
	idHeader string
}

// acted tells whether the call did what it was to do.
func (a answer) acted() bool { return a.status >= 200 && a.status < 300 }

type errorBody struct {
	Code      string `json:"error_code"`
	Message   string `json:"error_msg"`
	RequestID string `json:"request_id,omitempty"`
}

// refusal is an error of the service, or of the gateway where the code is one
// of a gateway's.
func (s *Simulator) refusal(status int, code, message string) answer {
	if strings.HasPrefix(code, "APIG") {
		id := newHex()
		a := s.reply(status, errorBody{Code: code, Message: message, RequestID: id})
		a.code, a.requestID, a.idHeader = code, id, "X-Request-Id"
		return a
	}
	a := s.reply(status, errorBody{Code: code, Message: message})
	a.code = code
	return a
}

func (s *Simulator) illegal(format string, args ...any) answer {
	return s.refusal(http.StatusBadRequest, "LIVE.100011001", "Request Illegal: "+fmt.Sprintf(format, args...))
}

func (s *Simulator) absent() answer {
	return s.refusal(http.StatusNotFound, "LIVE.103011019", "The resource does not exist.")
}

func (s *Simulator) exists() answer {
	return s.refusal(http.StatusBadRequest, "LIVE.103011018", "The resource already exists.")
}

func (s *Simulator) noSuchAPI() answer {
	return s.refusal(http.StatusNotFound, "APIGW.0101", "The API does not exist or has not been published in the environment")
}

func (s *Simulator) unauthorized(why string) answer {
	return s.refusal(http.StatusUnauthorized, "APIGW.0301", "Incorrect IAM authentication information: "+why)
}

// iamRefusal is an error in the form of IAM.
func (s *Simulator) iamRefusal(status int, message string) answer {
	type iamError struct {
		Code    int    `json:"code"`
		Message string `json:"message"`
		Title   string `json:"title"`
	}
	a := s.reply(status, map[string]iamError{
		"error": {Code: status, Message: message, Title: http.StatusText(status)},
	})
	return a.fromIAM()
}

// reply is an answer of the Live service with a JSON body, or with none where
// content is nil.
func (s *Simulator) reply(status int, content any) answer {
	a := answer{status: status, header: map[string]string{}, idHeader: "X-request-id", requestID: s.newRequestID()}
	if content == nil {
		return a
	}
	body, err := json.Marshal(content)
	if err != nil {
		panic("livesim: an answer cannot be written as JSON: " + err.Error())
	}
	a.body, a.contentType = body, jsonType
	return a
}

// fromIAM gives the answer the request ID that IAM would.
func (a answer) fromIAM() answer {
	a.idHeader, a.requestID = "X-Request-Id", newHex()
	return a
}

// newRequestID is in the form that the vendor documents: a UUID, the time, and
// the name of the server, with '-' in between. The time is in milliseconds.
func (s *Simulator) newRequestID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails, by its documentation
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x-%d-%s", b[0:4], b[4:6], b[6:8], b[8:10], b[10:],
		s.now().UnixMilli(), s.Behavior().Hostname)
}

// writeHeader puts the answer's headers on w. It sends nothing yet.
func (s *Simulator) writeHeader(w http.ResponseWriter, a answer) {
	h := w.Header()
	if a.contentType != "" {
		h.Set("Content-Type", a.contentType)
	} else {
		h["Content-Type"] = nil // else net/http would guess one from the body
	}
	if a.idHeader != "" {
		h[a.idHeader] = []string{a.requestID}
	}
	h.Set("Date", s.now().UTC().Format(http.TimeFormat))
	if s.Behavior().NoDate {
		h["Date"] = nil
	}
	for name, value := range a.header {
		canonical := http.CanonicalHeaderKey(name)
		for present := range h {
			if http.CanonicalHeaderKey(present) == canonical {
				delete(h, present)
			}
		}
		if value != "" {
			h[name] = []string{value}
		} else if canonical == "Date" || canonical == "Content-Type" {
			h[canonical] = nil
		}
	}
}

func retryAfter(d time.Duration) string {
	return fmt.Sprint(int64((d + time.Second - 1) / time.Second))
}
