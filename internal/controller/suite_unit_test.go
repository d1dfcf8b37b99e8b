package controller

import (
	"slices"
	"testing"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/format"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/live-operator/live-operator/api/v1alpha1"
	"github.com/live-operator/live-operator/internal/live"
)

func TestController(t *testing.T) {
	format.MaxLength = 0
	RegisterFailHandler(Fail)
	RunSpecs(t, "Controller")
}

const (
	theDomain = "publish.example.com"
	theApp    = "live"
	// ownID is the configuration that the resource has, or is about to have;
	// otherID is one that it has nothing to do with.
	ownID   = "e89b76"
	otherID = "0badc0de"
	digest  = "d1"
)

// markTime is the API's time at which the configuration was not there yet.
var markTime = time.Date(2026, time.March, 1, 12, 0, 0, 0, time.UTC)

// given is the facts of a resource that was never handled and of which nothing
// is known, then changed as the scenario says.
func given(changes ...func(*facts)) *facts {
	f := &facts{
		generation: 2,
		spec:       theSpec(),
		holder:     func(string) *holder { return nil },
	}
	for _, change := range changes {
		change(f)
	}
	return f
}

func theSpec() v1alpha1.RecordCallbackConfigSpec {
	return v1alpha1.RecordCallbackConfigSpec{
		Region:                  "cn-north-4",
		ProjectID:               "project-a",
		CredentialsSecretRef:    v1alpha1.LocalSecretReference{Name: "live-credentials"},
		PublishDomain:           theDomain,
		App:                     theApp,
		NotifyCallbackURL:       "https://callback.example.com/record",
		NotifyEventSubscription: []v1alpha1.NotifyEvent{v1alpha1.EventFileComplete, v1alpha1.EventFailed},
		SignType:                v1alpha1.SignTypeHMACSHA256,
		ManagementPolicy:        v1alpha1.ManagementManage,
		AdoptionPolicy:          v1alpha1.AdoptionNever,
		DriftPolicy:             v1alpha1.DriftCorrect,
	}
}

// theConfig agrees with theSpec and was created just at the mark.
func theConfig(id string, changes ...func(*live.Config)) live.Config {
	signType := "HMACSHA256"
	c := live.Config{
		ID:                      id,
		PublishDomain:           theDomain,
		App:                     theApp,
		NotifyCallbackURL:       "https://callback.example.com/record",
		NotifyEventSubscription: []string{"RECORD_FILE_COMPLETE", "RECORD_FAILED"},
		SignType:                &signType,
		CreateTime:              apiTime(markTime),
		UpdateTime:              apiTime(markTime),
	}
	for _, change := range changes {
		change(&c)
	}
	return c
}

func apiTime(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05Z") }

// The changes of a remote configuration.
func withURL(url string) func(*live.Config) {
	return func(c *live.Config) { c.NotifyCallbackURL = url }
}

func withApp(app string) func(*live.Config) {
	return func(c *live.Config) { c.App = app }
}

func createdAt(words string) func(*live.Config) {
	return func(c *live.Config) { c.CreateTime = words }
}

// The parts of a scenario.
func spec(change func(*v1alpha1.RecordCallbackConfigSpec)) func(*facts) {
	return func(f *facts) { change(&f.spec) }
}

func specID(id string) func(*facts) {
	return func(f *facts) { f.spec.ID = id }
}

// owning: the status holds the configuration and the current generation is
// applied.
func owning(id string, origin v1alpha1.Origin) func(*facts) {
	return func(f *facts) {
		f.status.ID, f.status.Origin = id, origin
		f.status.AppliedGeneration, f.status.KeyDigest = f.generation, f.keyDigest
	}
}

// sighting: the status names a configuration that was only observed.
func sighting(id string) func(*facts) {
	return func(f *facts) { f.status.ID = id }
}

// specChanged: the spec was changed since it was last applied.
func specChanged(f *facts) { f.generation++ }

// keyChanged: the callback key was changed since it was last applied.
func keyChanged(f *facts) { f.keyDigest = "another" }

func keyed(f *facts) { f.keyDigest = digest }

func wasReady(reason string) func(*facts) {
	return func(f *facts) {
		f.status.Conditions = []metav1.Condition{{Type: v1alpha1.ConditionReady, Reason: reason, ObservedGeneration: f.generation}}
	}
}

func due(f *facts)       { f.due = true }
func forced(f *facts)    { f.forced, f.due = true, true }
func suspend(f *facts)   { f.spec.Suspend = true }
func observe(f *facts)   { f.spec.ManagementPolicy = v1alpha1.ManagementObserve }
func ifExists(f *facts)  { f.spec.AdoptionPolicy = v1alpha1.AdoptionIfExists }
func reporting(f *facts) { f.spec.DriftPolicy = v1alpha1.DriftReport }
func deleting(f *facts)  { f.deleting, f.finalizer = true, true }

func deletion(p v1alpha1.DeletionPolicy) func(*facts) {
	return func(f *facts) { f.spec.DeletionPolicy = p }
}

func marked(at time.Time) func(*facts) {
	return func(f *facts) { f.mark = at }
}

func quietUntil(at time.Time) func(*facts) {
	return func(f *facts) { f.quietUntil = at }
}

func listForbidden(f *facts) { f.sight.listForbidden = true }
func showForbidden(f *facts) { f.sight.showForbidden = true }

// listedAt is when the lists of the scenarios began.
var listedAt = markTime.Add(time.Hour)

// listing: a list of the project shows those configurations.
func listing(configs ...live.Config) func(*facts) {
	return func(f *facts) {
		f.sight.listed, f.sight.listedAt, f.sight.date = true, listedAt, listedAt
		f.sight.byID = func(id string) (live.Config, bool) {
			i := slices.IndexFunc(configs, func(c live.Config) bool { return c.ID == id })
			if i < 0 {
				return live.Config{}, false
			}
			return configs[i], true
		}
		f.sight.byKey = func(domain, app string) (live.Config, bool) {
			i := slices.IndexFunc(configs, func(c live.Config) bool { return c.PublishDomain == domain && c.App == app })
			if i < 0 {
				return live.Config{}, false
			}
			return configs[i], true
		}
	}
}

// showing: Show answered with the configuration.
func showing(c live.Config) func(*facts) {
	return func(f *facts) { f.sight.shown, f.sight.show = true, &c }
}

// shownGone: the service's own not-found.
func shownGone(f *facts) { f.sight.shown, f.sight.show = true, nil }

// heldBy: another resource of that namespace holds the configuration.
func heldBy(namespace, name, id string) func(*facts) {
	return func(f *facts) {
		f.holder = func(asked string) *holder {
			if asked != id {
				return nil
			}
			return &holder{namespace: namespace, name: name, sameNamespace: namespace == "streaming"}
		}
	}
}

// corrected: that difference was corrected so often in a row.
func corrected(times int, fields ...string) func(*facts) {
	return func(f *facts) { f.corrections, f.corrected = times, fields }
}

// expected is a decision. Fields left out must be left out of the decision,
// but for the verdict, which must have that reason and say those words.
type expected struct {
	action action
	id     string
	origin v1alpha1.Origin
	drift  []string
	until  time.Time

	reason string
	says   []string
	silent []string
	keep   bool
}

// decides runs decide twice, to see that it is a function, and compares.
func decides(f *facts, want expected) {
	d := decide(f)
	again := decide(f)
	Expect(again).To(Equal(d), "the same facts must give the same decision")
	Expect(d.action).To(Equal(want.action), "the verdict was %q", d.verdict.message)
	Expect(d.origin).To(Equal(want.origin))
	Expect(d.drift).To(Equal(want.drift))
	Expect(d.until).To(BeTemporally("==", want.until))
	Expect(d.verdict.reason).To(Equal(want.reason), d.verdict.message)
	Expect(d.verdict.keep).To(Equal(want.keep))
	if d.action != actionFail {
		Expect(d.id).To(Equal(want.id))
	}
	for _, words := range want.says {
		Expect(d.verdict.message).To(ContainSubstring(words))
	}
	for _, words := range want.silent {
		Expect(d.verdict.message).NotTo(ContainSubstring(words))
	}
	if want.reason != "" {
		expectFlags(&d.verdict)
	}
}
