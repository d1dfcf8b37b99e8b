package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"

	"github.com/live-operator/live-operator/test/livesim"
)

// grant is a credential and the projects that it may use.
type grant struct {
	values   []string
	projects []string
}

type config struct {
	listen, caFile            string
	certFile, keyFile         string
	tlsHosts                  []string
	tokens, accessKeys, users []grant
	behavior                  livesim.Behavior
	log, quiet                bool
}

// parse reads the command line. Its errors do not repeat the credentials.
func parse(args []string, usage io.Writer) (config, error) {
	var c config
	var bad error
	flags := flag.NewFlagSet("livesim", flag.ContinueOnError)
	flags.SetOutput(usage)
	flags.StringVar(&c.listen, "listen", "127.0.0.1:8087", "the `address` to listen on; with port 0 the first line of output tells the port")
	flags.Var(grants{"token", &c.tokens, splitToken, &bad}, "token", "`TOKEN=PROJECT[,PROJECT]`: take this X-Auth-Token for these projects, * for all; repeatable")
	flags.Var(grants{"access-key", &c.accessKeys, splitAccessKey, &bad}, "access-key", "`ACCESS:SECRET[:SECURITY_TOKEN]=PROJECT[,PROJECT]`: take requests signed with this access key; repeatable")
	flags.Var(grants{"user", &c.users, splitUser, &bad}, "user", "`DOMAIN/NAME:PASSWORD=PROJECT[,PROJECT]`: issue tokens to this user; repeatable")
	flags.IntVar(&c.behavior.LimitPerMinute, "limit-per-minute", 0, "how many `calls` a user and a project may make in any minute; 0: no limit")
	flags.DurationVar(&c.behavior.RetryAfter, "retry-after", 0, "sent with a 429; 0: not sent")
	flags.DurationVar(&c.behavior.Latency, "latency", 0, "how long each call takes at least")
	flags.DurationVar(&c.behavior.TokenLifetime, "token-lifetime", 0, "how long an issued token lives (default 24h)")
	flags.StringVar(&c.caFile, "tls-ca-file", "", "serve https, and write the certificate authority to trust to this `file`")
	flags.Func("tls-host", "a further `name` or IP address for the certificate; repeatable", func(host string) error {
		c.tlsHosts = append(c.tlsHosts, host)
		return nil
	})
	flags.StringVar(&c.certFile, "tls-cert-file", "", "serve https by the certificate in this `file`, and the key of --tls-key-file")
	flags.StringVar(&c.keyFile, "tls-key-file", "", "the `file` of that certificate's key")
	flags.BoolVar(&c.log, "log", false, "write each call to standard output, in one line")
	flags.BoolVar(&c.quiet, "quiet", false, "write nothing but the address")
	if err := flags.Parse(args); err != nil {
		return config{}, err
	}
	if bad != nil {
		return config{}, bad
	}
	if c.certFile != "" && c.caFile != "" {
		return config{}, errors.New("--tls-cert-file brings a certificate, and --tls-ca-file makes one: there can be only one of them")
	}
	if (c.certFile == "") != (c.keyFile == "") {
		return config{}, errors.New("--tls-cert-file and --tls-key-file need each other")
	}
	if flags.NArg() > 0 {
		return config{}, errors.New("there are arguments that are not flags")
	}
	return c, nil
}

// grants is a flag that grows a list of credentials.
type grants struct {
	name  string
	list  *[]grant
	split func(string) ([]string, error)
	// bad takes the error, because the flag package would print the value,
	// which is a secret, with one that Set returns.
	bad *error
}

// String implements flag.Value, and shows no credential.
func (g grants) String() string { return "" }

// Set implements flag.Value.
func (g grants) Set(value string) error {
	if err := g.add(value); err != nil && *g.bad == nil {
		*g.bad = fmt.Errorf("--%s: %w", g.name, err)
	}
	return nil
}

func (g grants) add(value string) error {
	// A token may have '=' in it, a project has none.
	at := strings.LastIndex(value, "=")
	if at <= 0 || at == len(value)-1 {
		return errors.New("it has to end in =PROJECT[,PROJECT]")
	}
	values, err := g.split(value[:at])
	if err != nil {
		return err
	}
	*g.list = append(*g.list, grant{values, strings.Split(value[at+1:], ",")})
	return nil
}

func splitToken(s string) ([]string, error) { return []string{s}, nil }

func splitAccessKey(s string) ([]string, error) {
	parts := strings.SplitN(s, ":", 3)
	if len(parts) < 2 || parts[0] == "" || parts[1] == "" {
		return nil, fmt.Errorf("it has to start with ACCESS:SECRET")
	}
	return append(parts, "")[:3], nil
}

func splitUser(s string) ([]string, error) {
	domain, rest, _ := strings.Cut(s, "/")
	name, password, _ := strings.Cut(rest, ":")
	if domain == "" || name == "" || password == "" {
		return nil, fmt.Errorf("it has to start with DOMAIN/NAME:PASSWORD")
	}
	return []string{domain, name, password}, nil
}
