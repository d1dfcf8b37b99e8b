package faults

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"os"
	"strings"
)

// usage is what a process holds.
type usage struct {
	goroutines, files int
	resident          int // bytes
}

func (u usage) String() string {
	return fmt.Sprintf("%d goroutines, %d file descriptors, %d MiB resident", u.goroutines, u.files, u.resident>>20)
}

// usageOf reads it from /proc and from the metrics of the process.
func usageOf(ctx context.Context, client *http.Client, pid int, metrics string) (u usage, err error) {
	files, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", pid))
	if err != nil {
		return u, err
	}
	u.files = len(files)
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return u, err
	}
	for line := range strings.Lines(string(status)) {
		var kilobytes int
		if n, _ := fmt.Sscanf(line, "VmRSS: %d kB", &kilobytes); n == 1 {
			u.resident = kilobytes << 10
		}
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, metrics, nil)
	if err != nil {
		return u, err
	}
	response, err := client.Do(request)
	if err != nil {
		return u, err
	}
	defer func() { _ = response.Body.Close() }()
	lines := bufio.NewScanner(response.Body)
	for lines.Scan() {
		if n, _ := fmt.Sscanf(lines.Text(), "go_goroutines %d", &u.goroutines); n == 1 {
			break
		}
	}
	if u.resident == 0 || u.goroutines == 0 {
		return u, fmt.Errorf("the process %d does not tell what it holds", pid)
	}
	return u, lines.Err()
}
