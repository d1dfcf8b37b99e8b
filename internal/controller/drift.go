package controller

import (
	"slices"

	"github.com/live-operator/live-operator/api/v1alpha1"
	"github.com/live-operator/live-operator/internal/live"
)

// drift names the fields of the spec, in its own words and order, in which the
// remote configuration differs. A field that the spec leaves unset belongs to
// the API and is not compared; events are a set; the callback key is never
// shown, so it can't be compared. The signing type and the on-demand URL are
// compared only where the answer has them: some versions of the API do not
// show them.
func drift(spec *v1alpha1.RecordCallbackConfigSpec, remote *live.Config) []string {
	var fields []string
	differs := func(name string, unlike bool) {
		if unlike {
			fields = append(fields, name)
		}
	}
	differs("publishDomain", spec.PublishDomain != remote.PublishDomain)
	differs("app", wildcard(spec.App) != wildcard(remote.App))
	differs("notifyCallbackURL", spec.NotifyCallbackURL != "" && spec.NotifyCallbackURL != remote.NotifyCallbackURL)
	differs("notifyEventSubscription", len(spec.NotifyEventSubscription) > 0 &&
		!slices.Equal(set(eventNames(spec.NotifyEventSubscription)), set(remote.NotifyEventSubscription)))
	differs("onDemandCallbackURL", spec.OnDemandCallbackURL != "" &&
		remote.OnDemandCallbackURL != nil && spec.OnDemandCallbackURL != *remote.OnDemandCallbackURL)
	differs("signType", spec.SignType != "" && remote.SignType != nil && string(spec.SignType) != *remote.SignType)
	return fields
}

// wildcard gives the two ways in which the API's documentation writes "any app"
// one form: the text of the page says *, and its example **.
func wildcard(app string) string {
	if app == "**" {
		return "*"
	}
	return app
}

// settings is the body that makes the API agree with the spec.
func settings(spec *v1alpha1.RecordCallbackConfigSpec, key live.Secret) live.Settings {
	return live.Settings{
		PublishDomain:           spec.PublishDomain,
		App:                     spec.App,
		NotifyCallbackURL:       spec.NotifyCallbackURL,
		NotifyEventSubscription: eventNames(spec.NotifyEventSubscription),
		OnDemandCallbackURL:     spec.OnDemandCallbackURL,
		SignType:                string(spec.SignType),
		Key:                     key,
	}
}

func eventNames(events []v1alpha1.NotifyEvent) []string {
	names := make([]string, 0, len(events))
	for _, e := range events {
		names = append(names, string(e))
	}
	return names
}

// set is the names sorted and each once.
func set(names []string) []string {
	sorted := slices.Clone(names)
	slices.Sort(sorted)
	return slices.Compact(sorted)
}
