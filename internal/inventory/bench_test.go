package inventory_test

import (
	"context"
	"fmt"
	"runtime"
	"testing"

	"github.com/live-operator/live-operator/internal/inventory"
	"github.com/live-operator/live-operator/internal/live"
)

// large answers with so many configurations, made anew for each page as those of
// a real answer are.
type large int

func (n large) List(_ context.Context, _ live.Target, _ live.Authorizer, q live.Query) (live.Page, live.Meta, error) {
	page := live.Page{Total: int(n)}
	for at := q.Offset; at < min(q.Offset+q.Limit, int(n)); at++ {
		sign, url := fmt.Sprint("HMAC", "SHA256"), fmt.Sprint("https://callback.example.com/", "ondemand")
		page.Configs = append(page.Configs, live.Config{
			ID: fmt.Sprintf("%032x", at), PublishDomain: fmt.Sprint("publish", ".example.com"), App: fmt.Sprintf("app-%05d", at),
			NotifyCallbackURL:       fmt.Sprint("https://callback.example.com/", "record"),
			NotifyEventSubscription: []string{fmt.Sprint("RECORD_FILE", "_COMPLETE"), fmt.Sprint("RECORD", "_OVER")},
			OnDemandCallbackURL:     &url, SignType: &sign,
			CreateTime: fmt.Sprintf("2026-01-01T00:%02d:%02dZ", at/60%60, at%60), UpdateTime: "2026-01-02T00:00:00Z",
		})
	}
	return page, live.Meta{}, nil
}

// stocked is an inventory of a project with so many configurations.
func stocked(n int) *inventory.Inventory {
	i := inventory.New(inventory.Options{Lister: large(n), Budget: unlimited(), MaxOffset: n})
	done := make(chan struct{})
	_, _, _ = i.Look(here, credential("a"), begin, "", "", func() { close(done) })
	<-done
	return i
}

// BenchmarkList also reports what a configuration takes of memory.
func BenchmarkList(b *testing.B) {
	const n = 10000
	var kept []*inventory.Inventory
	for b.Loop() {
		kept = append(kept[:0], stocked(n))
	}
	kept = nil
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	for range 5 {
		kept = append(kept, stocked(n))
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/(5*n), "B/config")
	runtime.KeepAlive(kept)
}

func BenchmarkLook(b *testing.B) {
	const n = 10000
	i := stocked(n)
	c := credential("a")
	b.ReportAllocs()
	for b.Loop() {
		v, _, _ := i.Look(here, c, begin, "publish.example.com", "app-05000", nil)
		if _, found := v.ByKey("publish.example.com", "app-05000"); !found {
			b.Fatal("not found")
		}
	}
}

// BenchmarkPut writes 10,000 configurations over as many that were listed.
func BenchmarkPut(b *testing.B) {
	const n = 10000
	i := stocked(n)
	c := credential("a")
	b.ReportAllocs()
	at := 0
	for b.Loop() {
		i.Put(here, live.Config{ID: fmt.Sprintf("%032x", at%n), PublishDomain: "publish.example.com", App: "new"})
		_, _, _ = i.Look(here, c, begin, "publish.example.com", "new", nil)
		at++
	}
}
