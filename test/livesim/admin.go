package livesim

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"
)

const adminPrefix = "/_sim/"

// wireConfig is a configuration on the simulator's own HTTP API, with the
// names that the Live API uses. A nil field is left as it is.
type wireConfig struct {
	ID                      string     `json:"id,omitempty"`
	PublishDomain           *string    `json:"publish_domain,omitempty"`
	App                     *string    `json:"app,omitempty"`
	NotifyCallbackURL       *string    `json:"notify_callback_url,omitempty"`
	NotifyEventSubscription []string   `json:"notify_event_subscription,omitempty"`
	OnDemandCallbackURL     *string    `json:"on_demand_callback_url,omitempty"`
	SignType                *string    `json:"sign_type,omitempty"`
	Key                     *string    `json:"key,omitempty"` // only ever sent to the simulator
	CreateTime              *time.Time `json:"create_time,omitempty"`
	UpdateTime              *time.Time `json:"update_time,omitempty"`
}

func (w wireConfig) apply(c *Config) {
	set(&c.PublishDomain, w.PublishDomain)
	set(&c.App, w.App)
	set(&c.NotifyCallbackURL, w.NotifyCallbackURL)
	set(&c.OnDemandCallbackURL, w.OnDemandCallbackURL)
	set(&c.SignType, w.SignType)
	set(&c.CreateTime, w.CreateTime)
	set(&c.UpdateTime, w.UpdateTime)
	if w.NotifyEventSubscription != nil {
		c.NotifyEventSubscription = w.NotifyEventSubscription
	}
	if w.Key != nil {
		c.Key = Secret(*w.Key)
	}
}

func set[T any](field, value *T) {
	if value != nil {
		*field = *value
	}
}

// wire is c for sending it, without its key.
func (c Config) wire() wireConfig {
	return wireConfig{
		ID:                      c.ID,
		PublishDomain:           &c.PublishDomain,
		App:                     &c.App,
		NotifyCallbackURL:       &c.NotifyCallbackURL,
		NotifyEventSubscription: c.NotifyEventSubscription,
		OnDemandCallbackURL:     &c.OnDemandCallbackURL,
		SignType:                &c.SignType,
		CreateTime:              &c.CreateTime,
		UpdateTime:              &c.UpdateTime,
	}
}

// The bodies of the simulator's own HTTP API.
type (
	wireID struct {
		ID string `json:"id"`
	}
	wireError struct {
		Error string `json:"error"`
	}
	wireSeed struct {
		Project string     `json:"project"`
		ID      string     `json:"id,omitempty"`
		Config  wireConfig `json:"config"`
	}
	wireClock struct {
		Skew duration `json:"skew"`
	}
	wireBusiest struct {
		Calls int `json:"calls"`
	}
)

func (s *Simulator) adminHandler() http.Handler {
	mux := http.NewServeMux()
	handle := func(pattern string, answer func(*http.Request) (any, error)) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			content, err := answer(r)
			status := http.StatusOK
			if err != nil {
				status, content = http.StatusBadRequest, wireError{err.Error()}
			}
			w.Header().Set("Content-Type", jsonType)
			w.WriteHeader(status)
			_ = json.NewEncoder(w).Encode(content) // the client may have gone away
		})
	}
	handle("GET /_sim/healthz", func(*http.Request) (any, error) { return "ok", nil })
	handle("GET /_sim/calls", s.adminCalls)
	handle("DELETE /_sim/calls", func(*http.Request) (any, error) { s.ResetLog(); return struct{}{}, nil })
	handle("GET /_sim/counts", func(r *http.Request) (any, error) {
		return s.Counts(r.URL.Query()["project"]...), nil
	})
	handle("GET /_sim/acted", func(r *http.Request) (any, error) {
		return s.Acted(r.URL.Query()["project"]...), nil
	})
	handle("GET /_sim/busiest", func(r *http.Request) (any, error) {
		return wireBusiest{s.Busiest(r.URL.Query().Get("project"))}, nil
	})
	handle("GET /_sim/configs", s.adminConfigs)
	handle("POST /_sim/seed", s.adminSeed)
	handle("POST /_sim/change", s.adminChange)
	handle("POST /_sim/remove", s.adminRemove)
	handle("POST /_sim/faults", func(r *http.Request) (any, error) {
		var f Fault
		if err := decodeBody(r, &f); err != nil {
			return nil, err
		}
		return wireID{s.Fail(f)}, nil
	})
	handle("DELETE /_sim/faults", func(r *http.Request) (any, error) {
		s.ClearFaults(r.URL.Query()["id"]...)
		return struct{}{}, nil
	})
	handle("POST /_sim/tokens", s.adminCredential)
	handle("POST /_sim/access-keys", s.adminCredential)
	handle("POST /_sim/users", s.adminCredential)
	handle("POST /_sim/permissions", s.adminPermissions)
	handle("GET /_sim/behavior", func(*http.Request) (any, error) { return s.Behavior(), nil })
	handle("PUT /_sim/behavior", func(r *http.Request) (any, error) { return s.adminBehavior(r, true) })
	handle("PATCH /_sim/behavior", func(r *http.Request) (any, error) { return s.adminBehavior(r, false) })
	handle("POST /_sim/clock", func(r *http.Request) (any, error) {
		var body wireClock
		if err := decodeBody(r, &body); err != nil {
			return nil, err
		}
		s.clock.Skew(time.Duration(body.Skew))
		return struct{}{}, nil
	})
	return mux
}

func decodeBody(r *http.Request, v any) error {
	body, err := io.ReadAll(http.MaxBytesReader(nil, r.Body, maxBody))
	if err != nil {
		return fmt.Errorf("reading the body: %w", err)
	}
	return decodeStrict(body, v)
}

func (s *Simulator) adminCalls(r *http.Request) (any, error) {
	query := r.URL.Query()
	after := 0
	if text := query.Get("after"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil {
			return nil, errors.New("after has to be the number of a call")
		}
		after = n
	}
	var operations []Operation
	for _, operation := range query["operation"] {
		operations = append(operations, Operation(operation))
	}
	return s.log.calls(after, operations...), nil
}

func (s *Simulator) adminConfigs(r *http.Request) (any, error) {
	configs := []wireConfig{}
	for _, c := range s.Configs(r.URL.Query().Get("project")) {
		configs = append(configs, c.wire())
	}
	return configs, nil
}

func (s *Simulator) adminSeed(r *http.Request) (any, error) {
	var body wireSeed
	if err := decodeBody(r, &body); err != nil {
		return nil, err
	}
	c := Config{ID: body.Config.ID}
	body.Config.apply(&c)
	id, err := s.seed(body.Project, c)
	return wireID{id}, err
}

func (s *Simulator) adminChange(r *http.Request) (any, error) {
	var body wireSeed
	if err := decodeBody(r, &body); err != nil {
		return nil, err
	}
	if !s.Change(body.Project, body.ID, body.Config.apply) {
		return nil, errNoConfig
	}
	return struct{}{}, nil
}

func (s *Simulator) adminRemove(r *http.Request) (any, error) {
	var body wireSeed
	if err := decodeBody(r, &body); err != nil {
		return nil, err
	}
	if !s.Remove(body.Project, body.ID) {
		return nil, errNoConfig
	}
	return struct{}{}, nil
}

var errNoConfig = errors.New("there is no configuration of that ID in that project")

// adminBehavior sets the fields that are sent, and with whole the others to
// their defaults.
func (s *Simulator) adminBehavior(r *http.Request, whole bool) (any, error) {
	// Read first: the lock is not to be held while a body comes in.
	body, err := io.ReadAll(http.MaxBytesReader(nil, r.Body, maxBody))
	if err != nil {
		return nil, fmt.Errorf("reading the body: %w", err)
	}
	s.SetBehavior(func(b *Behavior) {
		changed := *b
		if whole {
			changed = Behavior{}
		}
		if err = changed.UnmarshalJSON(body); err == nil {
			*b = changed
		}
	})
	return s.Behavior(), err
}
