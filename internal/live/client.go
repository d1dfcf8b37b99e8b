package live

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// DefaultTimeout bounds a call where Options do not say.
const DefaultTimeout = 30 * time.Second

// Options of a Client.
type Options struct {
	// Endpoints say where the regions are; required.
	Endpoints Endpoints
	// Timeout bounds a call from its authorization to the last byte of its
	// answer; 0 means DefaultTimeout.
	Timeout time.Duration
	// Version is sent as User-Agent: live-operator/Version.
	Version string
	// RootCAs are the only authorities that are trusted; nil: the system's. They
	// have no effect where Transport is set.
	RootCAs *x509.CertPool
	// Transport makes the requests; nil: NewTransport(RootCAs). One should be
	// shared by the whole process.
	Transport http.RoundTripper
	// OnCall is told of every call that was made; nil: nobody is. It must not
	// block.
	OnCall func(Call)
}

// Client makes the calls. Safe for concurrent use. Every error that its methods
// return is an *Error, and the Meta beside it is the answer's, if there was one.
type Client struct {
	endpoints Endpoints
	timeout   time.Duration
	userAgent string
	transport http.RoundTripper
	onCall    func(Call)
}

// New checks the options and makes a Client. It makes no call.
func New(o Options) (*Client, error) {
	if err := o.Endpoints.Validate(); err != nil {
		return nil, err
	}
	if o.Timeout < 0 {
		return nil, fmt.Errorf("the timeout of a call can't be negative: %s", o.Timeout)
	}
	// A copy, since the caller may go on with its map.
	o.Endpoints.Regions = maps.Clone(o.Endpoints.Regions)
	c := &Client{endpoints: o.Endpoints, timeout: o.Timeout, userAgent: "live-operator", transport: o.Transport, onCall: o.OnCall}
	if c.timeout == 0 {
		c.timeout = DefaultTimeout
	}
	if o.Version != "" {
		c.userAgent += "/" + o.Version
	}
	if !sendable(c.userAgent) {
		return nil, errors.New("the version can't be sent as part of the header User-Agent: it holds control characters")
	}
	if c.transport == nil {
		c.transport = NewTransport(o.RootCAs)
	}
	return c, nil
}

// Create makes a configuration (POST /v1/{project_id}/record/callbacks, 201).
// The Config has an ID at least; some versions of the API answer nothing else.
func (c *Client) Create(ctx context.Context, t Target, a Authorizer, s Settings) (Config, Meta, error) {
	var config Config
	meta, err := c.call(ctx, a, request{
		operation: OperationCreate,
		method:    http.MethodPost,
		target:    t,
		settings:  &s,
		success:   []int{http.StatusCreated, http.StatusOK},
		decode: func(body []byte) (err error) {
			config, err = decodeConfig(body)
			return err
		},
	})
	return config, meta, err
}

// Update changes a configuration (PUT /v1/{project_id}/record/callbacks/{id},
// 200). The Config is zero where the answer does not hold it: before 2022 the
// body was empty.
func (c *Client) Update(ctx context.Context, t Target, a Authorizer, id string, s Settings) (Config, Meta, error) {
	var config Config
	meta, err := c.call(ctx, a, request{
		operation: OperationUpdate,
		method:    http.MethodPut,
		target:    t,
		item:      true,
		id:        id,
		settings:  &s,
		success:   []int{http.StatusOK, http.StatusNoContent},
		decode: func(body []byte) (err error) {
			config, err = decodeConfirmation(body)
			if !strings.EqualFold(config.ID, id) {
				// The status is proof enough that it was done; a body about
				// something else is only not to be believed.
				config = Config{}
			}
			return err
		},
	})
	return config, meta, err
}

// Show reads one configuration (GET /v1/{project_id}/record/callbacks/{id}).
func (c *Client) Show(ctx context.Context, t Target, a Authorizer, id string) (Config, Meta, error) {
	var config Config
	meta, err := c.call(ctx, a, request{
		operation: OperationShow,
		method:    http.MethodGet,
		target:    t,
		item:      true,
		id:        id,
		success:   []int{http.StatusOK},
		decode: func(body []byte) error {
			shown, err := decodeConfig(body)
			if err == nil && !strings.EqualFold(shown.ID, id) {
				err = errOtherID
			}
			if err == nil {
				config = shown
			}
			return err
		},
	})
	return config, meta, err
}

// List reads one page of a project's configurations
// (GET /v1/{project_id}/record/callbacks).
func (c *Client) List(ctx context.Context, t Target, a Authorizer, q Query) (Page, Meta, error) {
	var page Page
	meta, err := c.call(ctx, a, request{
		operation: OperationList,
		method:    http.MethodGet,
		target:    t,
		query:     q.values(),
		success:   []int{http.StatusOK},
		decode: func(body []byte) (err error) {
			page, err = decodePage(body)
			return err
		},
	})
	return page, meta, err
}

// Delete removes a configuration
// (DELETE /v1/{project_id}/record/callbacks/{id}, 204).
func (c *Client) Delete(ctx context.Context, t Target, a Authorizer, id string) (Meta, error) {
	return c.call(ctx, a, request{
		operation: OperationDelete,
		method:    http.MethodDelete,
		target:    t,
		item:      true,
		id:        id,
		success:   []int{http.StatusNoContent, http.StatusOK},
		decode: func(body []byte) error {
			_, err := decodeConfirmation(body)
			return err
		},
	})
}

// values leaves out what is zero: the API has its defaults.
func (q Query) values() url.Values {
	values := url.Values{}
	if q.PublishDomain != "" {
		values.Set("publish_domain", q.PublishDomain)
	}
	if q.App != "" {
		values.Set("app", q.App)
	}
	if q.Offset != 0 {
		values.Set("offset", strconv.Itoa(q.Offset))
	}
	if q.Limit != 0 {
		values.Set("limit", strconv.Itoa(q.Limit))
	}
	return values
}
