package livesim

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"
)

const (
	timeFormat   = "2006-01-02T15:04:05Z"
	maxOffset    = 4096
	maxLimit     = 100
	defaultLimit = 10
	maxID        = 128
)

// shown is a configuration as answers have it.
type shown struct {
	ID                      string   `json:"id"`
	PublishDomain           string   `json:"publish_domain"`
	App                     string   `json:"app"`
	NotifyCallbackURL       string   `json:"notify_callback_url"`
	NotifyEventSubscription []string `json:"notify_event_subscription"`
	OnDemandCallbackURL     *string  `json:"on_demand_callback_url,omitempty"`
	SignType                *string  `json:"sign_type,omitempty"`
	Key                     *string  `json:"key,omitempty"`
	CreateTime              string   `json:"create_time"`
	UpdateTime              string   `json:"update_time"`
}

func (b Behavior) show(c Config) shown {
	v := shown{
		ID:                      c.ID,
		PublishDomain:           c.PublishDomain,
		App:                     c.App,
		NotifyCallbackURL:       c.NotifyCallbackURL,
		NotifyEventSubscription: slices.Clone(c.NotifyEventSubscription),
		CreateTime:              apiTime(c.CreateTime),
		UpdateTime:              apiTime(c.UpdateTime),
	}
	if b.ReverseEvents {
		slices.Reverse(v.NotifyEventSubscription)
	}
	if !b.OmitOnDemandCallbackURL {
		v.OnDemandCallbackURL = &c.OnDemandCallbackURL
	}
	if !b.OmitSignType {
		v.SignType = &c.SignType
	}
	if b.ShowKey {
		key := c.Key.Reveal()
		v.Key = &key
	}
	return v
}

func apiTime(t time.Time) string { return t.UTC().Format(timeFormat) }

// operate does what the call asks for, and answers it.
func (s *Simulator) operate(req *request) answer {
	switch req.operation {
	case Authenticate:
		return s.authenticateUser(req)
	case Unknown:
		return s.noSuchAPI()
	}
	credential, refused := s.authenticate(req)
	if refused != nil {
		return *refused
	}
	if refused := s.throttle(req, credential); refused != nil {
		return *refused
	}
	if refused := s.permit(credential, req.operation); refused != nil {
		return *refused
	}
	if refused := s.checkForm(req); refused != nil {
		return *refused
	}
	switch req.operation {
	case Create:
		return s.create(req)
	case Update:
		return s.update(req)
	case Show:
		if c, ok := s.store.get(req.project, req.id); ok {
			return s.reply(http.StatusOK, s.Behavior().show(c))
		}
		return s.absent()
	case Delete:
		if s.store.remove(req.project, req.id) {
			return s.reply(http.StatusNoContent, nil)
		}
		return s.absent()
	default:
		return s.list(req)
	}
}

// checkForm refuses what is wrong whatever the operation.
func (s *Simulator) checkForm(req *request) *answer {
	refuse := func(a answer) *answer { return &a }
	hasBody := req.operation == Create || req.operation == Update
	switch {
	case req.oversize:
		return refuse(s.illegal("the body is larger than %d bytes", maxBody))
	case hasBody && !isJSON(req.http):
		return refuse(s.refusal(http.StatusBadRequest, "LIVE.100011012", "Content-Type has to be application/json."))
	case !hasBody && len(req.body) > 0:
		return refuse(s.illegal("the operation takes no body"))
	case req.operation != List && req.http.URL.RawQuery != "":
		return refuse(s.illegal("the operation takes no query parameters"))
	case len(req.id) > maxID:
		return refuse(s.illegal("id has more than %d characters", maxID))
	}
	return nil
}

func (s *Simulator) create(req *request) answer {
	sent, err := parseSettings(req.body)
	if err != nil {
		return s.illegal("%v", err)
	}
	behavior, now := s.Behavior(), wholeSeconds(s.timeOf(req))
	c := Config{CreateTime: now, UpdateTime: now}
	sent.apply(&c, true)
	created, ok := s.store.add(req.project, c, !behavior.AllowDuplicates)
	if !ok {
		return s.exists()
	}
	req.id = created.ID
	return s.reply(http.StatusCreated, behavior.show(created))
}

func (s *Simulator) update(req *request) answer {
	sent, err := parseSettings(req.body)
	if err != nil {
		return s.illegal("%v", err)
	}
	behavior, now := s.Behavior(), wholeSeconds(s.timeOf(req))
	moves := false
	changed, result := s.store.change(req.project, req.id, !behavior.AllowDuplicates, func(c *Config) {
		if moves = c.PublishDomain != sent.domain || c.App != sent.app; moves && behavior.FixedIdentity {
			return
		}
		sent.apply(c, behavior.UpdateReplaces)
		c.UpdateTime = now
	})
	switch {
	case result == missing:
		return s.absent()
	case result == taken:
		return s.exists()
	case moves && behavior.FixedIdentity:
		return s.illegal("publish_domain and app cannot be changed")
	case behavior.EmptyUpdateBody:
		return s.reply(http.StatusOK, nil)
	}
	return s.reply(http.StatusOK, behavior.show(changed))
}

func (s *Simulator) list(req *request) answer {
	q, err := parseListQuery(req.http.URL.RawQuery)
	if err != nil {
		return s.illegal("%v", err)
	}
	behavior := s.Behavior()
	found, total := s.store.page(req.project, q.domain, q.app, q.offset, q.limit)
	page := struct {
		Total   int     `json:"total"`
		Configs []shown `json:"callback_config"`
	}{total, make([]shown, 0, len(found))}
	for _, c := range found {
		page.Configs = append(page.Configs, behavior.show(c))
	}
	return s.reply(http.StatusOK, page)
}

type listQuery struct {
	domain, app   string
	offset, limit int
}

func parseListQuery(raw string) (listQuery, error) {
	q := listQuery{limit: defaultLimit}
	values, err := url.ParseQuery(raw)
	if err != nil {
		return q, fmt.Errorf("the query cannot be read")
	}
	for _, name := range sortedKeys(values) {
		if len(values[name]) != 1 {
			return q, fmt.Errorf("a query parameter comes twice")
		}
		value := values[name][0]
		switch name {
		case "publish_domain":
			q.domain, err = value, checkLength(name, value, 255)
		case "app":
			q.app, err = value, checkLength(name, value, 128)
		case "offset":
			q.offset, err = parseRange(name, value, 0, maxOffset)
		case "limit":
			q.limit, err = parseRange(name, value, 1, maxLimit)
		default:
			err = fmt.Errorf("there is a query parameter that the API does not have")
		}
		if err != nil {
			return q, err
		}
	}
	return q, nil
}

func parseRange(name, value string, least, most int) (int, error) {
	n, err := strconv.Atoi(value)
	if err != nil || n < least || n > most {
		return 0, fmt.Errorf("%s has to be %d to %d", name, least, most)
	}
	return n, nil
}
