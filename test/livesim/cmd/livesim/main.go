// Command livesim serves the simulator of the recording-callback API of Huawei
// Cloud Live. The first line of its output is its URL. What it can be told to
// do meanwhile is on its own HTTP API, under /_sim/; see livesim.Remote.
package main

import (
	"context"
	"crypto/tls"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"sync"
	"syscall"

	"github.com/live-operator/live-operator/test/livesim"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "livesim:", err)
		os.Exit(1)
	}
}

// run serves until ctx ends.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	c, err := parse(args, stderr)
	if err != nil {
		return err
	}
	var mu sync.Mutex
	options := livesim.Options{Behavior: c.behavior}
	if c.log && !c.quiet {
		options.OnCall = func(call livesim.Call) {
			mu.Lock()
			defer mu.Unlock()
			_, _ = fmt.Fprintln(stdout, call) // nobody may be reading
		}
	}
	sim := livesim.New(options)
	defer sim.Close()
	for _, token := range c.tokens {
		sim.AddToken(token.values[0], token.projects...)
	}
	for _, key := range c.accessKeys {
		sim.AddTemporaryAccessKey(key.values[0], key.values[1], key.values[2], key.projects...)
	}
	for _, user := range c.users {
		sim.AddUser(user.values[0], user.values[1], user.values[2], user.projects...)
	}
	serveBy, err := certificate(c)
	if err != nil {
		return err
	}
	mu.Lock() // the URL is to be the first line
	url, err := sim.Listen(ctx, c.listen, serveBy)
	if err == nil {
		_, err = fmt.Fprintln(stdout, url)
	}
	mu.Unlock()
	if err != nil {
		return err
	}
	if !c.quiet {
		_, _ = fmt.Fprintf(stderr, "livesim: serving the Live API at %s and IAM at %s/v3, scripted at %s/_sim/\n", url, url, url)
	}
	<-ctx.Done()
	return nil
}

// certificate is what to serve by: nil for plain HTTP.
func certificate(c config) (*tls.Certificate, error) {
	switch {
	case c.certFile != "":
		loaded, err := tls.LoadX509KeyPair(c.certFile, c.keyFile)
		if err != nil {
			return nil, fmt.Errorf("reading --tls-cert-file and --tls-key-file: %w", err)
		}
		return &loaded, nil
	case c.caFile != "":
		made, ca, err := livesim.NewCertificate(c.tlsHosts...)
		if err != nil {
			return nil, err
		}
		if err := os.WriteFile(c.caFile, ca, 0o644); err != nil {
			return nil, fmt.Errorf("writing --tls-ca-file: %w", err)
		}
		return &made, nil
	}
	return nil, nil
}
