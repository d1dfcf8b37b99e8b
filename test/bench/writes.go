package main

import (
	"strings"

	"github.com/live-operator/live-operator/test/harness"
)

// writes are the operator's writes to Kubernetes, by what they write.
type writes struct {
	// Metadata are those to resources themselves: finalizers and annotations.
	Metadata int `json:"metadata"`
	Status   int `json:"status"`
	// Other are those to anything else, of which there should be none.
	Other int `json:"other"`
	// Events count for no budget.
	Events int `json:"events"`
}

// total is all of them but events.
func (w writes) total() int { return w.Metadata + w.Status + w.Other }

// countWrites counts the writes in a namespace.
func countWrites(all []harness.Write, namespace string) writes {
	var w writes
	for _, one := range all {
		in, kind, rest := split(one.Path)
		switch {
		case in != namespace:
		case kind == "events":
			w.Events++
		case kind != "recordcallbackconfigs":
			w.Other++
		case strings.HasSuffix(rest, "/status"):
			w.Status++
		default:
			w.Metadata++
		}
	}
	return w
}

// warmUpNamespace begins the names of the namespaces of fleets that count for
// nothing.
const warmUpNamespace = "warm-up-"

// stray are the writes in none of the namespaces, warm-ups apart.
func stray(all []harness.Write, namespaces map[string]bool) []harness.Write {
	var found []harness.Write
	for _, one := range all {
		if in, _, _ := split(one.Path); !namespaces[in] && !strings.HasPrefix(in, warmUpNamespace) {
			found = append(found, one)
		}
	}
	return found
}

// split takes the path of a namespaced object apart: its namespace, its kind
// and the rest. Of any other path all are empty.
func split(path string) (namespace, kind, rest string) {
	_, after, found := strings.Cut(path, "/namespaces/")
	if !found {
		return "", "", ""
	}
	namespace, after, _ = strings.Cut(after, "/")
	kind, rest, _ = strings.Cut(after, "/")
	return namespace, kind, rest
}
