package livesim

import (
	"fmt"
	"math"
	"time"
)

// Seed stores a configuration as if a person had made it in the console, and
// gives its ID. It checks nothing, so that a test can have configurations that
// the API would no longer take, or several of one domain and app. App defaults
// to "*", events and sign type to the API's defaults, the times to now. It
// panics where c.ID is taken.
func (s *Simulator) Seed(projectID string, c Config) string {
	id, err := s.seed(projectID, c)
	if err != nil {
		panic("livesim: " + err.Error())
	}
	return id
}

func (s *Simulator) seed(projectID string, c Config) (string, error) {
	if c.App == "" {
		c.App = "*"
	}
	if len(c.NotifyEventSubscription) == 0 {
		c.NotifyEventSubscription = []string{defaultEvent}
	}
	if c.SignType == "" {
		c.SignType = defaultSignType
	}
	if c.CreateTime.IsZero() {
		c.CreateTime = s.now()
	}
	if c.UpdateTime.IsZero() {
		c.UpdateTime = c.CreateTime
	}
	c.CreateTime, c.UpdateTime = wholeSeconds(c.CreateTime), wholeSeconds(c.UpdateTime)
	stored, ok := s.store.add(projectID, c, false)
	if !ok {
		return "", fmt.Errorf("there is already a configuration with ID %s in project %s", c.ID, projectID)
	}
	return stored.ID, nil
}

// Change lets edit rewrite a configuration as a person in the console would,
// and sets its update time unless edit does. It gives false where there is
// none of that ID. The ID stays whatever edit does. Edit must not call the
// simulator.
func (s *Simulator) Change(projectID, id string, edit func(*Config)) bool {
	now := s.now()
	_, result := s.store.change(projectID, id, false, func(c *Config) {
		before := c.UpdateTime
		edit(c)
		if c.UpdateTime.Equal(before) {
			c.UpdateTime = now
		}
		c.CreateTime, c.UpdateTime = wholeSeconds(c.CreateTime), wholeSeconds(c.UpdateTime)
	})
	return result == done
}

// Remove deletes a configuration as a person in the console would. It gives
// false where there is none of that ID.
func (s *Simulator) Remove(projectID, id string) bool { return s.store.remove(projectID, id) }

// Configs gives the project's configurations, oldest first, without keys.
func (s *Simulator) Configs(projectID string) []Config {
	all, _ := s.store.page(projectID, "", "", 0, math.MaxInt)
	for i := range all {
		all[i].Key = ""
	}
	return all
}

// Config gives one configuration, without its key, and whether it is there.
func (s *Simulator) Config(projectID, id string) (Config, bool) {
	c, ok := s.store.get(projectID, id)
	c.Key = ""
	return c, ok
}

// KeyOf gives the callback key stored with a configuration, empty where there
// is no key, or no such configuration.
func (s *Simulator) KeyOf(projectID, id string) Secret {
	c, _ := s.store.get(projectID, id)
	return c.Key
}

// wholeSeconds cuts t to the API's resolution, in UTC.
func wholeSeconds(t time.Time) time.Time { return t.UTC().Truncate(time.Second) }
