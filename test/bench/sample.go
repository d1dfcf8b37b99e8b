package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"k8s.io/client-go/kubernetes"
)

// requests are those to Kubernetes that are about resources, Secrets or events;
// watches, which last, are left out.
type requests struct {
	Reads  int `json:"reads"`
	Writes int `json:"writes"`
	Events int `json:"events"`
}

// sample is what has been used up to a point in time.
type sample struct {
	cpu    time.Duration // of the operator's process
	rss    int64         // its peak, in bytes
	server requests      // of all clients, as the API server counts them
	own    requests      // of the benchmark
}

// sample looks at the operator's process and at the API server.
func (b *bed) sample(ctx context.Context) (s sample, err error) {
	if s.cpu, s.rss, err = usageOf(b.operator.PID()); err != nil {
		return s, err
	}
	s.own = b.own.requests()
	text, err := b.serverMetrics(ctx)
	if err != nil {
		return s, err
	}
	s.server, err = countRequests(bytes.NewReader(text))
	return s, err
}

// since is what was used between two samples. The peak is that of the later.
func (s sample) since(before sample) (cpu time.Duration, rss int64, operator requests) {
	minus := func(a, b requests) requests {
		return requests{a.Reads - b.Reads, a.Writes - b.Writes, a.Events - b.Events}
	}
	return s.cpu - before.cpu, s.rss, minus(minus(s.server, before.server), minus(s.own, before.own))
}

// usageOf is the processor time and the peak resident memory of a process. Where
// the system does not tell, both are zero.
func usageOf(pid int) (cpu time.Duration, peak int64, err error) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if errors.Is(err, os.ErrNotExist) {
		return 0, 0, nil
	}
	status, err2 := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err := errors.Join(err, err2); err != nil {
		return 0, 0, err
	}
	// The second field is a name in parentheses, and may have spaces.
	_, rest, _ := strings.Cut(string(stat), ") ")
	fields := strings.Fields(rest)
	const userTime, systemTime, ticks = 11, 12, 100
	if len(fields) <= systemTime {
		return 0, 0, errors.New("/proc/PID/stat is not as expected")
	}
	for _, field := range []string{fields[userTime], fields[systemTime]} {
		n, err := strconv.ParseInt(field, 10, 64)
		if err != nil {
			return 0, 0, err
		}
		cpu += time.Duration(n) * time.Second / ticks
	}
	for line := range strings.Lines(string(status)) {
		if value, found := strings.CutPrefix(line, "VmHWM:"); found {
			kib, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(value), " kB"), 10, 64)
			return cpu, kib << 10, err
		}
	}
	return cpu, 0, nil
}

// serverMetrics is what the API server tells of itself.
func (b *bed) serverMetrics(ctx context.Context) ([]byte, error) {
	clients, err := kubernetes.NewForConfig(b.cluster.Config)
	if err != nil {
		return nil, err
	}
	return clients.RESTClient().Get().AbsPath("/metrics").DoRaw(ctx)
}

// countRequests adds up apiserver_request_total.
func countRequests(metrics io.Reader) (requests, error) {
	var r requests
	scanner := bufio.NewScanner(metrics)
	scanner.Buffer(nil, 1<<20)
	for scanner.Scan() {
		labels, found := strings.CutPrefix(scanner.Text(), "apiserver_request_total{")
		if !found {
			continue
		}
		labels, number, _ := strings.Cut(labels, "} ")
		value, err := strconv.ParseFloat(number, 64)
		if err != nil {
			return r, err
		}
		r.count(label(labels, "verb"), label(labels, "resource"), int(value))
	}
	return r, scanner.Err()
}

func label(labels, name string) string {
	_, value, _ := strings.Cut(","+labels, ","+name+`="`)
	value, _, _ = strings.Cut(value, `"`)
	return value
}

func (r *requests) count(verb, resource string, n int) {
	switch resource {
	case "events":
		r.Events += n
	case "recordcallbackconfigs", "secrets":
		switch verb {
		case "GET", "LIST":
			r.Reads += n
		case "POST", "PUT", "PATCH", "APPLY", "DELETE":
			r.Writes += n
		}
	}
}

// counted counts the requests that it lets through. Safe for concurrent use.
type counted struct {
	next          http.RoundTripper
	reads, writes *atomic.Int64
}

// RoundTrip implements http.RoundTripper.
func (c counted) RoundTrip(r *http.Request) (*http.Response, error) {
	switch {
	case r.URL.Query().Get("watch") != "":
	case r.Method == http.MethodGet:
		c.reads.Add(1)
	default:
		c.writes.Add(1)
	}
	return c.next.RoundTrip(r)
}

// ownRequests are those of the benchmark.
type ownRequests struct{ reads, writes atomic.Int64 }

func (o *ownRequests) requests() requests {
	return requests{Reads: int(o.reads.Load()), Writes: int(o.writes.Load())}
}

// wrap makes a client count.
func (o *ownRequests) wrap(next http.RoundTripper) http.RoundTripper {
	return counted{next, &o.reads, &o.writes}
}
