package ratelimit_test

import (
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/live-operator/live-operator/internal/ratelimit"
)

// BenchmarkTakeThousandProjects is the usual case: many projects, none of which
// is busy.
func BenchmarkTakeThousandProjects(b *testing.B) {
	budget := ratelimit.New(ratelimit.Options{QPS: qps, Burst: burst})
	projects, owners := names("project", 1000), names("owner", 1000)
	var n atomic.Uint64
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			i := n.Add(1)
			budget.Take(projects[i%1000], owners[i/1000%1000], ratelimit.High)
		}
	})
}

// BenchmarkTakeLongLine has 10,000 owners arrive in one project and come back
// when they are told to, twice each.
func BenchmarkTakeLongLine(b *testing.B) {
	owners := names("owner", 10000)
	b.ReportAllocs()
	for b.Loop() {
		clock := newWatch()
		budget := usual(clock)
		for _, owner := range owners {
			budget.Take("p", owner, ratelimit.Low)
		}
		for _, owner := range owners[burst:] {
			clock.pass(places(1))
			budget.Take("p", owner, ratelimit.Low)
		}
	}
}

func names(prefix string, n int) []string {
	all := make([]string, n)
	for i := range all {
		all[i] = fmt.Sprint(prefix, i)
	}
	return all
}
