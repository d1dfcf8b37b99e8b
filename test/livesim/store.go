package livesim

import (
	"crypto/rand"
	"encoding/hex"
	"slices"
	"sync"
	"time"
)

// Config is a stored recording-callback configuration.
type Config struct {
	// ID is 32 hex digits where the simulator chose it.
	ID                      string
	PublishDomain           string
	App                     string
	NotifyCallbackURL       string
	NotifyEventSubscription []string
	OnDemandCallbackURL     string
	SignType                string
	// Key is the callback key. Configs never gives it; see KeyOf.
	Key Secret
	// CreateTime and UpdateTime are in whole seconds, UTC.
	CreateTime time.Time
	UpdateTime time.Time
}

func (c Config) clone() Config {
	c.NotifyEventSubscription = slices.Clone(c.NotifyEventSubscription)
	return c
}

type naturalKey struct{ domain, app string }

// project holds one project's configurations in order of creation.
type project struct {
	order []*Config
	byID  map[string]*Config
	byKey map[naturalKey]int
}

// store holds every project's configurations. It is safe for concurrent use.
type store struct {
	mu       sync.Mutex
	projects map[string]*project
}

func newStore() *store { return &store{projects: map[string]*project{}} }

// project is called with the lock held.
func (s *store) project(name string) *project {
	p, ok := s.projects[name]
	if !ok {
		p = &project{byID: map[string]*Config{}, byKey: map[naturalKey]int{}}
		s.projects[name] = p
	}
	return p
}

// add stores c under a new ID unless it has one. It gives false and changes
// nothing where unique is asked for and the domain and app are taken, or
// where the ID is.
func (s *store) add(projectID string, c Config, unique bool) (Config, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.project(projectID)
	key := naturalKey{c.PublishDomain, c.App}
	if unique && p.byKey[key] > 0 {
		return Config{}, false
	}
	if c.ID == "" {
		c.ID = newHex()
	}
	if _, taken := p.byID[c.ID]; taken {
		return Config{}, false
	}
	stored := c.clone()
	p.byID[c.ID] = &stored
	p.byKey[key]++
	p.order = append(p.order, &stored)
	return c, true
}

type outcome int

const (
	done outcome = iota
	missing
	taken
)

// change lets edit rewrite a configuration. The ID stays. With unique, an
// edit that would take another's domain and app changes nothing.
func (s *store) change(projectID, id string, unique bool, edit func(*Config)) (Config, outcome) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.project(projectID)
	stored, ok := p.byID[id]
	if !ok {
		return Config{}, missing
	}
	changed := stored.clone()
	edit(&changed)
	changed.ID = id
	before, after := naturalKey{stored.PublishDomain, stored.App}, naturalKey{changed.PublishDomain, changed.App}
	if before != after {
		if unique && p.byKey[after] > 0 {
			return Config{}, taken
		}
		p.drop(before)
		p.byKey[after]++
	}
	*stored = changed.clone()
	return changed, done
}

func (p *project) drop(key naturalKey) {
	if p.byKey[key]--; p.byKey[key] == 0 {
		delete(p.byKey, key)
	}
}

func (s *store) remove(projectID, id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.project(projectID)
	stored, ok := p.byID[id]
	if !ok {
		return false
	}
	delete(p.byID, id)
	p.drop(naturalKey{stored.PublishDomain, stored.App})
	at := slices.Index(p.order, stored)
	p.order = slices.Delete(p.order, at, at+1)
	return true
}

func (s *store) get(projectID, id string) (Config, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	stored, ok := s.project(projectID).byID[id]
	if !ok {
		return Config{}, false
	}
	return stored.clone(), true
}

// page gives at most limit configurations from offset on, of those that match
// domain and app where these are not empty, oldest first, and how many match
// in all.
func (s *store) page(projectID, domain, app string, offset, limit int) ([]Config, int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	matching := s.project(projectID).order
	if domain != "" || app != "" {
		matching = nil
		for _, c := range s.project(projectID).order {
			if (domain == "" || c.PublishDomain == domain) && (app == "" || c.App == app) {
				matching = append(matching, c)
			}
		}
	}
	total := len(matching)
	from := min(offset, total)
	to := from + min(limit, total-from)
	page := make([]Config, 0, to-from)
	for _, c := range matching[from:to] {
		page = append(page, c.clone())
	}
	return page, total
}

// newHex gives 32 random hex digits, the form of the API's IDs.
func newHex() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails, by its documentation
	return hex.EncodeToString(b[:])
}
