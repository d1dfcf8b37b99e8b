package livesim

import (
	"net/http"
	"strings"
)

// Sign signs r for the tests as a client would, with these headers.
func Sign(r *http.Request, body, access, secret string, headers ...string) {
	r.Header.Set("Authorization", algorithm+" Access="+access+", SignedHeaders="+strings.Join(headers, ";")+
		", Signature="+sign(r, []byte(body), headers, secret))
}
