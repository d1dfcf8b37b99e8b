package main

import (
	"testing"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/live-operator/live-operator/test/livesim"
)

func TestBench(t *testing.T) {
	RegisterFailHandler(Fail)
	RunSpecs(t, "Bench")
}

// noon is when everything here begins.
var noon = time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)

func at(seconds float64) time.Time {
	return noon.Add(time.Duration(seconds * float64(time.Second)))
}

// record adds a call of that operation at so many seconds after noon; a list
// has its offset.
func record(l *ledger, project string, seconds float64, operation livesim.Operation, offset ...string) {
	c := livesim.Call{Time: at(seconds), Project: project, Operation: operation}
	if len(offset) > 0 {
		c.Query = map[string][]string{"offset": offset}
	}
	l.add(c)
}
