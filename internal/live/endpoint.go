package live

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// DefaultTemplate is the public cloud's address of the Live API.
const DefaultTemplate = "https://live.{region}.myhuaweicloud.com"

// regionPlaceholder is what URL replaces in a template.
const regionPlaceholder = "{region}"

// regionPattern leaves no character by which a region could change more of a
// URL than one label of its host.
var regionPattern = regexp.MustCompile(`^[a-z0-9-]{1,32}$`)

// Endpoints say where a region's API is. They are the administrator's: nothing
// that a resource holds but its region goes into them. The zero value knows no
// region. Safe for concurrent use while it is not changed.
type Endpoints struct {
	// Template is a base URL that may hold {region}, such as DefaultTemplate:
	// http or https, without user, query or fragment; a path is kept as a
	// prefix. Empty where Regions name them all.
	Template string
	// Regions are base URLs that go before the template, by region.
	Regions map[string]string
}

// Validate checks the template and every region's URL, so that a mistake shows
// at start and not at the first call.
func (e Endpoints) Validate() error {
	if e.Template == "" && len(e.Regions) == 0 {
		return errors.New("no endpoint is set")
	}
	if e.Template != "" {
		// Any region does: what it can hold can't change the outcome.
		if _, err := parseBase(strings.ReplaceAll(e.Template, regionPlaceholder, "region-1")); err != nil {
			return fmt.Errorf("endpoint template %w", err)
		}
	}
	// Sorted, so that the same mistakes give the same message.
	regions := make([]string, 0, len(e.Regions))
	for region := range e.Regions {
		regions = append(regions, region)
	}
	slices.Sort(regions)
	for _, region := range regions {
		if !regionPattern.MatchString(region) {
			return regionError(region)
		}
		if _, err := parseBase(e.Regions[region]); err != nil {
			return fmt.Errorf("endpoint of region %s %w", region, err)
		}
	}
	return nil
}

// URL is the base URL of a region's API, without a trailing slash. The caller
// may change it. It fails for a region that is not 1 to 32 lower-case letters,
// digits and hyphens, or that has no endpoint.
func (e Endpoints) URL(region string) (*url.URL, error) {
	if !regionPattern.MatchString(region) {
		return nil, regionError(region)
	}
	base, found := e.Regions[region]
	if !found {
		if e.Template == "" {
			return nil, fmt.Errorf("region %s has no endpoint; the administrator can give it one with --region-endpoint", region)
		}
		base = strings.ReplaceAll(e.Template, regionPlaceholder, region)
	}
	u, err := parseBase(base)
	if err != nil {
		return nil, fmt.Errorf("endpoint of region %s %w", region, err)
	}
	return u, nil
}

// parseBase reads a base URL. Its errors continue a sentence that names what
// the URL is for, and do not quote it: it might hold a password.
func parseBase(base string) (*url.URL, error) {
	u, err := url.Parse(base)
	switch {
	case err != nil || strings.ContainsAny(base, "{}"):
		return nil, errors.New("is not a URL; write one like " + DefaultTemplate)
	case u.Scheme != "https" && u.Scheme != "http":
		return nil, errors.New("must begin with https:// (or http://)")
	case u.Hostname() == "":
		return nil, errors.New("has no host; write one like " + DefaultTemplate)
	case u.User != nil:
		return nil, errors.New("must not hold a user or password; credentials belong in Secrets")
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return nil, errors.New("must not have a query (?...) or a fragment (#...)")
	}
	u.Path, u.RawPath = strings.TrimRight(u.Path, "/"), strings.TrimRight(u.RawPath, "/")
	return u, nil
}

func regionError(region string) error {
	return fmt.Errorf("region %q is not 1 to 32 lower-case letters, digits and hyphens, such as cn-north-4", clean(region, maxCode))
}
