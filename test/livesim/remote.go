package livesim

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Remote scripts a simulator that runs in another process. It is safe for
// concurrent use.
type Remote struct {
	base   string
	client *http.Client
}

// NewRemote makes a client of the simulator at this URL. A nil client stands
// for http.DefaultClient.
func NewRemote(url string, client *http.Client) *Remote {
	if client == nil {
		client = http.DefaultClient
	}
	return &Remote{base: strings.TrimSuffix(url, "/") + adminPrefix, client: client}
}

// Healthy gives an error unless the simulator answers.
func (r *Remote) Healthy(ctx context.Context) error {
	return r.do(ctx, http.MethodGet, "healthz", nil, nil, nil)
}

// Calls is Simulator.Calls, of those with a number above after.
func (r *Remote) Calls(ctx context.Context, after int, operations ...Operation) ([]Call, error) {
	query := url.Values{"after": {strconv.Itoa(after)}}
	for _, operation := range operations {
		query.Add("operation", string(operation))
	}
	var calls []Call
	err := r.do(ctx, http.MethodGet, "calls", query, nil, &calls)
	return calls, err
}

// Counts is Simulator.Counts.
func (r *Remote) Counts(ctx context.Context, projects ...string) (Counts, error) {
	var counts Counts
	err := r.do(ctx, http.MethodGet, "counts", url.Values{"project": projects}, nil, &counts)
	return counts, err
}

// Acted is Simulator.Acted.
func (r *Remote) Acted(ctx context.Context, projects ...string) (Counts, error) {
	var counts Counts
	err := r.do(ctx, http.MethodGet, "acted", url.Values{"project": projects}, nil, &counts)
	return counts, err
}

// Busiest is Simulator.Busiest.
func (r *Remote) Busiest(ctx context.Context, projectID string) (int, error) {
	var busiest wireBusiest
	err := r.do(ctx, http.MethodGet, "busiest", url.Values{"project": {projectID}}, nil, &busiest)
	return busiest.Calls, err
}

// ResetLog is Simulator.ResetLog.
func (r *Remote) ResetLog(ctx context.Context) error {
	return r.do(ctx, http.MethodDelete, "calls", nil, nil, nil)
}

// Configs is Simulator.Configs.
func (r *Remote) Configs(ctx context.Context, projectID string) ([]Config, error) {
	var wires []wireConfig
	if err := r.do(ctx, http.MethodGet, "configs", url.Values{"project": {projectID}}, nil, &wires); err != nil {
		return nil, err
	}
	configs := make([]Config, len(wires))
	for i, wire := range wires {
		configs[i].ID = wire.ID
		wire.apply(&configs[i])
	}
	return configs, nil
}

// Seed is Simulator.Seed.
func (r *Remote) Seed(ctx context.Context, projectID string, c Config) (id string, err error) {
	wire := c.wire()
	if c.Key != "" {
		key := c.Key.Reveal()
		wire.Key = &key
	}
	var seeded wireID
	err = r.do(ctx, http.MethodPost, "seed", nil, wireSeed{Project: projectID, Config: wire}, &seeded)
	return seeded.ID, err
}

// Change is Simulator.Change, of the configuration as it is now: what someone
// else changes meanwhile is overwritten.
func (r *Remote) Change(ctx context.Context, projectID, id string, edit func(*Config)) error {
	configs, err := r.Configs(ctx, projectID)
	if err != nil {
		return err
	}
	for _, c := range configs {
		if c.ID != id {
			continue
		}
		before := c.UpdateTime
		edit(&c)
		wire := c.wire()
		if c.UpdateTime.Equal(before) {
			wire.UpdateTime = nil
		}
		if c.Key != "" {
			key := c.Key.Reveal()
			wire.Key = &key
		}
		return r.do(ctx, http.MethodPost, "change", nil, wireSeed{Project: projectID, ID: id, Config: wire}, nil)
	}
	return errNoConfig
}

// Remove is Simulator.Remove.
func (r *Remote) Remove(ctx context.Context, projectID, id string) error {
	return r.do(ctx, http.MethodPost, "remove", nil, wireSeed{Project: projectID, ID: id}, nil)
}

// Fail is Simulator.Fail; the fault cannot have a gate, use Hang.
func (r *Remote) Fail(ctx context.Context, f Fault) (id string, err error) {
	if f.Gate != nil {
		return "", fmt.Errorf("a gate cannot be sent to another process: use Hang and ClearFaults")
	}
	var added wireID
	err = r.do(ctx, http.MethodPost, "faults", nil, f, &added)
	return added.ID, err
}

// ClearFaults is Simulator.ClearFaults.
func (r *Remote) ClearFaults(ctx context.Context, ids ...string) error {
	return r.do(ctx, http.MethodDelete, "faults", url.Values{"id": ids}, nil, nil)
}

// AddToken is Simulator.AddToken. It gives the credential's name.
func (r *Remote) AddToken(ctx context.Context, token string, projects ...string) (string, error) {
	return r.add(ctx, "tokens", wireCredential{Who: Who{Token: token}, Projects: projects})
}

// AddAccessKey is Simulator.AddAccessKey. It gives the credential's name.
func (r *Remote) AddAccessKey(ctx context.Context, access, secret string, projects ...string) (string, error) {
	return r.add(ctx, "access-keys", wireCredential{Who: Who{AccessKey: access}, SecretKey: secret, Projects: projects})
}

// AddUser is Simulator.AddUser. It gives the credential's name.
func (r *Remote) AddUser(ctx context.Context, domain, name, password string, projects ...string) (string, error) {
	return r.add(ctx, "users", wireCredential{Who: Who{Domain: domain, User: name}, Password: password, Projects: projects})
}

func (r *Remote) add(ctx context.Context, kind string, c wireCredential) (string, error) {
	var added wireName
	err := r.do(ctx, http.MethodPost, kind, nil, c, &added)
	return added.Name, err
}

// SetPermissions changes what a credential may do.
func (r *Remote) SetPermissions(ctx context.Context, who Who, p Permissions) error {
	return r.do(ctx, http.MethodPost, "permissions", nil, wirePermissions{who, p}, nil)
}

// SetBehavior is Simulator.SetBehavior.
func (r *Remote) SetBehavior(ctx context.Context, change func(*Behavior)) error {
	var behavior Behavior
	if err := r.do(ctx, http.MethodGet, "behavior", nil, nil, &behavior); err != nil {
		return err
	}
	change(&behavior)
	return r.do(ctx, http.MethodPut, "behavior", nil, behavior, nil)
}

// SkewClock makes the API's clock run ahead of its machine's by d.
func (r *Remote) SkewClock(ctx context.Context, d time.Duration) error {
	return r.do(ctx, http.MethodPost, "clock", nil, wireClock{duration(d)}, nil)
}

func (r *Remote) do(ctx context.Context, method, path string, query url.Values, body, result any) error {
	var content io.Reader
	if body != nil {
		data, err := json.Marshal(body)
		if err != nil {
			return fmt.Errorf("writing the request to the simulator: %w", err)
		}
		content = bytes.NewReader(data)
	}
	req, err := http.NewRequestWithContext(ctx, method, r.base+path+"?"+query.Encode(), content)
	if err != nil {
		return fmt.Errorf("making the request to the simulator: %w", err)
	}
	resp, err := r.client.Do(req)
	if err != nil {
		return fmt.Errorf("calling the simulator: %w", err)
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		var failure wireError
		_ = json.NewDecoder(resp.Body).Decode(&failure) // the status is said in any case
		return fmt.Errorf("the simulator answered %d: %s", resp.StatusCode, failure.Error)
	}
	if result == nil {
		return nil
	}
	if err := json.NewDecoder(resp.Body).Decode(result); err != nil {
		return fmt.Errorf("reading the simulator's answer: %w", err)
	}
	return nil
}
