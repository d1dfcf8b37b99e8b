package main

import (
	"fmt"
	"time"

	"github.com/live-operator/live-operator/api/v1alpha1"
	"github.com/live-operator/live-operator/test/builder"
)

// phase is a part of the life of a fleet. It lasts until the next begins, so
// that no call or write between two of them gets lost.
type phase string

// The phases in their order.
const (
	creation phase = "creation"
	change   phase = "change"
	restart  phase = "restart"
	drift    phase = "drift"
	deletion phase = "deletion"
)

var phases = []phase{creation, change, restart, drift, deletion}

// fleet is a number of resources that are spread over projects. It has a
// namespace of its own.
type fleet struct {
	namespace string
	size      int
	projects  []project
	latency   time.Duration
	// bare: the operator does not serve it.
	bare     bool
	begun    map[phase]mark
	ended    mark
	measured map[phase]*measure
}

// measure is what was measured of a phase, besides what it cost.
type measure struct {
	// took is how long it took until the last resource was done, and bare the
	// same for the bare loop; zero where there was none.
	took, bare time.Duration
	// p50 and p99 are from a resource's request until it was done.
	p50, p99 time.Duration
	cpu      time.Duration
	rss      int64
	server   requests
}

// measure is that of a phase.
func (f *fleet) measure(p phase) *measure {
	if f.measured[p] == nil {
		f.measured[p] = &measure{}
	}
	return f.measured[p]
}

// project is one of a fleet's, with as many resources.
type project struct {
	id     string
	secret string
	size   int
}

// mark is a point in time, and how many writes the operator had made until then.
type mark struct {
	at     time.Time
	writes int
}

// newFleets makes a fleet of each size for each number of projects and each
// latency. Numbers of projects greater than the size are left out.
func newFleets(sizes, projects []int, latencies []time.Duration) []*fleet {
	var fleets []*fleet
	for _, latency := range latencies {
		for _, size := range sizes {
			for _, count := range projects {
				if count <= size {
					f := newFleet(fmt.Sprintf("fleet-%dms", latency.Milliseconds()), size, count)
					f.latency = latency
					fleets = append(fleets, f)
				}
			}
		}
	}
	return fleets
}

func newFleet(name string, size, projects int) *fleet {
	f := &fleet{
		namespace: fmt.Sprintf("%s-%d-in-%d", name, size, projects),
		size:      size,
		begun:     map[phase]mark{},
		measured:  map[phase]*measure{},
	}
	for i := range projects {
		p := project{id: fmt.Sprintf("%s-%d", f.namespace, i), secret: fmt.Sprintf("credentials-%d", i), size: size / projects}
		if i < size%projects {
			p.size++
		}
		f.projects = append(f.projects, p)
	}
	return f
}

func (f *fleet) String() string {
	return fmt.Sprintf("%s, %s away", spread(f.size, len(f.projects)), f.latency)
}

// spread says how many resources are in how many projects.
func spread(resources, projects int) string {
	plural := func(n int, word string) string {
		if n == 1 {
			return "1 " + word
		}
		return fmt.Sprintf("%d %ss", n, word)
	}
	return plural(resources, "resource") + " in " + plural(projects, "project")
}

// sizes are the numbers of resources by project.
func (f *fleet) sizes() []int {
	sizes := make([]int, 0, len(f.projects))
	for _, p := range f.projects {
		sizes = append(sizes, p.size)
	}
	return sizes
}

func resourceName(i int) string { return fmt.Sprintf("resource-%d", i) }

// The callback URL before the change and after it.
const (
	firstURL   = "https://callback.example.com/first"
	changedURL = "https://callback.example.com/changed"
)

// appsPerDomain is how many of a project's configurations share a domain.
const appsPerDomain = 50

// operated is the label of what the operator is to serve: the rest is the bare
// loop's.
const operated = "bench"

// resource is the i-th of the fleet. They take turns over the projects.
func (f *fleet) resource(i int) *v1alpha1.RecordCallbackConfig {
	p := f.projects[i%len(f.projects)]
	nth := i / len(f.projects)
	served := "operator"
	if f.bare {
		served = "bare"
	}
	return builder.Config(resourceName(i)).InNamespace(f.namespace).WithLabel(operated, served).InProject(p.id).WithCredentials(p.secret).
		WithDomain(fmt.Sprintf("publish-%d.example.com", nth/appsPerDomain)).
		WithApp(fmt.Sprintf("app-%d", nth%appsPerDomain)).
		WithURL(firstURL).
		WithEvents(v1alpha1.EventFileComplete).
		Build()
}
