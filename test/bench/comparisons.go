package main

import (
	"encoding/json"
	"strings"
)

// comparisons reads from the operator's log how often each resource was
// compared with the API: a budget is no feat if the work was not done. Not safe
// for concurrent use.
type comparisons struct {
	read    int // bytes of the log
	looking map[string]bool
	done    map[string]map[string]int // by namespace and name
}

func newComparisons() *comparisons {
	return &comparisons{looking: map[string]bool{}, done: map[string]map[string]int{}}
}

// follow reads what the log has more than the last time.
func (c *comparisons) follow(log string) {
	for {
		line, _, complete := strings.Cut(log[c.read:], "\n")
		if !complete {
			return
		}
		c.read += len(line) + 1
		if strings.Contains(line, `"decided"`) {
			c.decided(line)
		}
	}
}

// decided takes a line that says what a pass decided. A pass that has looked
// decides again with what it saw.
func (c *comparisons) decided(line string) {
	var entry struct {
		Message   string `json:"msg"`
		Namespace string `json:"namespace"`
		Name      string `json:"name"`
		Action    string `json:"action"`
	}
	if json.Unmarshal([]byte(line), &entry) != nil || entry.Message != "decided" {
		return
	}
	key := entry.Namespace + "/" + entry.Name
	switch {
	case entry.Action == "Look" || entry.Action == "Show":
		c.looking[key] = true
	case c.looking[key]:
		delete(c.looking, key)
		if c.done[entry.Namespace] == nil {
			c.done[entry.Namespace] = map[string]int{}
		}
		c.done[entry.Namespace][entry.Name]++
	}
}

// count is how many resources of a namespace were compared so often or more.
func (c *comparisons) count(namespace string, times int) int {
	n := 0
	for _, done := range c.done[namespace] {
		if done >= times {
			n++
		}
	}
	return n
}
