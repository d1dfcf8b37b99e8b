package livesim

import (
	"bytes"
	"context"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"time"
)

// sendHuge streams an unfinished JSON string of n bytes.
func (s *Simulator) sendHuge(w http.ResponseWriter, a answer, n int64) {
	s.writeHeader(w, a)
	w.WriteHeader(a.status)
	start := []byte(`{"id":"`)
	start = start[:min(int64(len(start)), n)]
	if _, err := w.Write(start); err != nil {
		return
	}
	chunk := bytes.Repeat([]byte("a"), 64<<10)
	for left := n - int64(len(start)); left > 0; left -= int64(len(chunk)) {
		chunk = chunk[:min(int64(len(chunk)), left)]
		if _, err := w.Write(chunk); err != nil {
			return // the client has had enough
		}
	}
}

// sendHalf announces the whole body and sends half of it. It does not return.
func (s *Simulator) sendHalf(w http.ResponseWriter, a answer) {
	s.writeHeader(w, a)
	w.Header().Set("Content-Length", strconv.Itoa(len(a.body)))
	w.WriteHeader(a.status)
	_, _ = w.Write(a.body[:len(a.body)/2])
	_ = http.NewResponseController(w).Flush()
	panic(http.ErrAbortHandler)
}

// sendSlowly sends one byte of the body at a time.
func (s *Simulator) sendSlowly(ctx context.Context, w http.ResponseWriter, a answer, pause time.Duration) {
	s.writeHeader(w, a)
	w.Header().Set("Content-Length", strconv.Itoa(len(a.body)))
	w.WriteHeader(a.status)
	flusher := http.NewResponseController(w)
	_ = flusher.Flush()
	for i := range a.body {
		if !s.wait(ctx, pause) {
			panic(http.ErrAbortHandler)
		}
		if _, err := w.Write(a.body[i : i+1]); err != nil {
			return
		}
		_ = flusher.Flush()
	}
}

func cloneHeader(header map[string]string) map[string]string {
	if header == nil {
		return map[string]string{}
	}
	return maps.Clone(header)
}

func contains(all []string, one string) bool { return slices.Contains(all, one) }
