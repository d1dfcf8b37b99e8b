package live

import (
	"net/http"
	"strings"
)

// verdict is what a code means.
type verdict struct {
	class Class
	// uncertain: the call may have had its effect, whatever the HTTP status.
	uncertain bool
	// serverOnly: the code has this meaning with a 5xx alone; with a 4xx it
	// complains of the request's form, and the HTTP status decides.
	serverOnly bool
}

// serviceCodes are the codes of the Live service itself, from the vendor's
// table of error codes. Two of them contradict their HTTP status: .003 is a
// missing permission answered with 401, and .019 has been seen with 400.
var serviceCodes = map[string]verdict{
	"LIVE.100011000": {class: ClassUnavailable},   // internal
	"LIVE.100011001": {class: ClassRejected},      // invalid parameter; also an unknown domain
	"LIVE.100011002": {class: ClassUnauthorized},  // authentication
	"LIVE.100011003": {class: ClassForbidden},     // no permission
	"LIVE.100011004": {class: ClassRejected},      // HTTPS only
	"LIVE.100011005": {class: ClassUnavailable},   // internal
	"LIVE.100011006": {class: ClassUnavailable},   // unsupported
	"LIVE.100011007": {class: ClassThrottled},     // too many concurrent requests
	"LIVE.100011008": {class: ClassUnavailable},   // in maintenance
	"LIVE.100011009": {class: ClassRejected},      // no such user
	"LIVE.100011011": {class: ClassRejected},      // method
	"LIVE.100011012": {class: ClassRejected},      // media type
	"LIVE.100011013": {class: ClassRejected},      // no real-name authentication
	"LIVE.100011014": {class: ClassUnauthorized},  // account frozen
	"LIVE.100011015": {class: ClassUnauthorized},  // project ID
	"LIVE.103011016": {class: ClassRejected},      // invalid content
	"LIVE.103011018": {class: ClassAlreadyExists}, // already exists
	"LIVE.103011019": {class: ClassNotFound},      // the resource does not exist
	// A failing database may fail after it wrote.
	"LIVE.103011021": {class: ClassUnavailable, uncertain: true},
	"LIVE.103011022": {class: ClassRejected}, // not allowed in the domain's state
}

// gatewayPrefixes: gateways of different age give the same numbers.
var gatewayPrefixes = []string{"APIGW.", "APIG."}

// gatewayCodes are the codes of the API gateway, without their prefix.
var gatewayCodes = map[string]verdict{
	// The API, not the configuration, does not exist at this address.
	"0101": {class: ClassUnavailable},
	"0103": {class: ClassUnavailable},
	"0104": {class: ClassUnavailable},
	"0105": {class: ClassUnavailable},
	// With 500, 502 and 504 the backend; with 400, 413 and 414 the request.
	"0201": {class: ClassUnavailable, serverOnly: true},
	"0301": {class: ClassUnauthorized}, // token, signature or access key
	"0302": {class: ClassForbidden},
	"0303": {class: ClassUnauthorized}, // signature; also a clock that is 15 minutes off
	"0304": {class: ClassForbidden},
	"0306": {class: ClassForbidden},
	"0307": {class: ClassUnauthorized}, // the token must be renewed, or is another region's
	"0308": {class: ClassThrottled},
	"0310": {class: ClassForbidden},
	"0601": {class: ClassUnavailable},
	"0602": {class: ClassUnavailable},
	"0603": {class: ClassUnavailable},
	"0604": {class: ClassUnavailable},
	"0605": {class: ClassUnavailable},
	"0606": {class: ClassUnavailable},
	"0607": {class: ClassUnavailable},
	"0608": {class: ClassUnavailable},
	"0609": {class: ClassUnavailable},
	"0610": {class: ClassUnavailable},
	"0611": {class: ClassUnavailable},
	"0612": {class: ClassUnavailable},
	"0613": {class: ClassUnavailable},
	"0802": {class: ClassForbidden},
}

// classify says what an unsuccessful answer means: by its code where that is
// known, else by its HTTP status.
func classify(status int, code string) (class Class, uncertain bool) {
	uncertain = status < 300 || status >= 500
	if status < 400 {
		// A redirect, or a success that is none, whatever its body says.
		return ClassUnavailable, uncertain
	}
	if v, known := lookup(code); known && (!v.serverOnly || status >= 500) {
		return v.class, uncertain || v.uncertain
	}
	return byStatus(status), uncertain
}

func lookup(code string) (verdict, bool) {
	for _, prefix := range gatewayPrefixes {
		if number, found := strings.CutPrefix(code, prefix); found {
			v, known := gatewayCodes[number]
			return v, known
		}
	}
	v, known := serviceCodes[code]
	return v, known
}

// byStatus is for answers without a known code. Without the service's own code
// a 404 proves nothing about the configuration: it is a gateway's or a proxy's.
// So is a 409 no proof that the configuration exists.
func byStatus(status int) Class {
	switch status {
	case http.StatusUnauthorized:
		return ClassUnauthorized
	case http.StatusForbidden:
		return ClassForbidden
	case http.StatusTooManyRequests:
		return ClassThrottled
	case http.StatusNotFound, http.StatusRequestTimeout:
		return ClassUnavailable
	}
	if status >= 400 && status < 500 {
		return ClassRejected
	}
	return ClassUnavailable
}
