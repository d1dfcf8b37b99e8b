package live

import (
	"context"
	"net/http"
	"time"
)

// Target is the project that a call is about.
type Target struct {
	// Region picks the endpoint, such as cn-north-4.
	Region string
	// ProjectID is the first segment of every path.
	ProjectID string
}

// Authorizer proves to the API who is calling.
type Authorizer interface {
	// Authorize adds what proves it to the headers of req: a token, or a
	// signature over the request as it stands. It may read the body through
	// req.GetBody, and changes nothing but headers. An error of a call that it
	// makes itself (to IAM) is an *Error with OperationAuthenticate. It must be
	// safe for concurrent use.
	Authorize(ctx context.Context, req *http.Request) error
}

// Config is a configuration as the API shows it. The API never has to show a
// callback key, and one that it does show is not read.
type Config struct {
	ID                      string   `json:"id"`
	PublishDomain           string   `json:"publish_domain"`
	App                     string   `json:"app"`
	NotifyCallbackURL       string   `json:"notify_callback_url"`
	NotifyEventSubscription []string `json:"notify_event_subscription"`
	// OnDemandCallbackURL is nil where the answer has no such field: newer
	// versions of the API do not show it.
	OnDemandCallbackURL *string `json:"on_demand_callback_url"`
	// SignType is nil where the answer has no such field.
	SignType *string `json:"sign_type"`
	// CreateTime and UpdateTime are the API's own words, documented as
	// yyyy-mm-ddThh:mm:ssZ; see ParseTime.
	CreateTime string `json:"create_time"`
	UpdateTime string `json:"update_time"`
}

// Settings is the body of a create or an update. Only what is not empty is
// sent: a field left out belongs to the API.
type Settings struct {
	PublishDomain           string
	App                     string
	NotifyCallbackURL       string
	NotifyEventSubscription []string
	OnDemandCallbackURL     string
	SignType                string
	// Key is the callback key, or empty to send none.
	Key Secret
}

// Query picks a page of a list. Offset is 0 to 4096 and Limit 1 to 100 by the
// API's rules; PublishDomain and App filter where they are not empty.
type Query struct {
	PublishDomain string
	App           string
	Offset        int
	Limit         int
}

// Page is one page of a list.
type Page struct {
	// Total is how many configurations match the query, on all pages; 0 where the
	// answer does not say.
	Total   int
	Configs []Config
}

// Meta is what every answer carries.
type Meta struct {
	// RequestID is the answer's X-request-id as sent, or the body's request_id
	// where that is all there is; empty where there is neither.
	RequestID string
	// Date is the API's own time, from the Date header; zero without one.
	Date time.Time
}
