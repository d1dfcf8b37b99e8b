package controller

import (
	"slices"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"k8s.io/utils/ptr"

	"github.com/live-operator/live-operator/api/v1alpha1"
	"github.com/live-operator/live-operator/internal/live"
)

type specChange = func(*v1alpha1.RecordCallbackConfigSpec)

// asItIs is theSpec.
func asItIs(*v1alpha1.RecordCallbackConfigSpec) {}

// minimal sets nothing that may be left out.
func minimal(s *v1alpha1.RecordCallbackConfigSpec) {
	s.NotifyCallbackURL, s.NotifyEventSubscription, s.OnDemandCallbackURL, s.SignType = "", nil, "", ""
}

func wantingEvents(names ...v1alpha1.NotifyEvent) specChange {
	return func(s *v1alpha1.RecordCallbackConfigSpec) { s.NotifyEventSubscription = names }
}

func onDemand(url string) specChange {
	return func(s *v1alpha1.RecordCallbackConfigSpec) { s.OnDemandCallbackURL = url }
}

var _ = DescribeTable("drift names the fields that differ",
	func(wish specChange, have func(*live.Config), fields ...string) {
		spec, remote := theSpec(), theConfig(ownID)
		wish(&spec)
		have(&remote)
		before := remote
		before.NotifyEventSubscription = slices.Clone(remote.NotifyEventSubscription)

		if len(fields) == 0 {
			Expect(drift(&spec, &remote)).To(BeEmpty())
		} else {
			Expect(drift(&spec, &remote)).To(Equal(fields))
		}
		Expect(remote).To(Equal(before), "comparing must not sort what others share")
	},
	Entry("agreeing", asItIs, func(*live.Config) {}),
	Entry("publishDomain", asItIs,
		func(c *live.Config) { c.PublishDomain = "other.example.com" }, "publishDomain"),
	Entry("app", asItIs, withApp("*"), "app"),
	Entry("app, any, in the other way to write it", func(s *v1alpha1.RecordCallbackConfigSpec) { s.App = "*" }, withApp("**")),

	Entry("notifyCallbackURL", asItIs, withURL(oldURL), "notifyCallbackURL"),
	Entry("notifyCallbackURL, by a slash", asItIs, withURL("https://callback.example.com/record/"), "notifyCallbackURL"),
	Entry("notifyCallbackURL, not there any more", asItIs, withURL(""), "notifyCallbackURL"),
	Entry("notifyCallbackURL, unset: whatever there is", minimal, withURL(oldURL)),
	Entry("notifyCallbackURL, unset: nothing there", minimal, withURL("")),

	Entry("notifyEventSubscription, one more", wantingEvents(v1alpha1.EventOver), withEvents("RECORD_OVER", "RECORD_FAILED"), "notifyEventSubscription"),
	Entry("notifyEventSubscription, one less", wantingEvents(v1alpha1.EventOver, v1alpha1.EventFailed), withEvents("RECORD_OVER"), "notifyEventSubscription"),
	Entry("notifyEventSubscription, another", wantingEvents(v1alpha1.EventOver), withEvents("RECORD_FAILED"), "notifyEventSubscription"),
	Entry("notifyEventSubscription, one that this version does not know", wantingEvents(v1alpha1.EventOver), withEvents("RECORD_OVER", "RECORD_NEW"), "notifyEventSubscription"),
	Entry("notifyEventSubscription, empty there", wantingEvents(v1alpha1.EventOver), withEvents([]string{}...), "notifyEventSubscription"),
	Entry("notifyEventSubscription, absent there", wantingEvents(v1alpha1.EventOver), func(c *live.Config) { c.NotifyEventSubscription = nil }, "notifyEventSubscription"),
	Entry("notifyEventSubscription, in another order", wantingEvents(v1alpha1.EventOver, v1alpha1.EventFailed, v1alpha1.EventNewFileStart),
		withEvents("RECORD_NEW_FILE_START", "RECORD_FAILED", "RECORD_OVER")),
	Entry("notifyEventSubscription, told twice", wantingEvents(v1alpha1.EventOver, v1alpha1.EventFailed), withEvents("RECORD_FAILED", "RECORD_OVER", "RECORD_FAILED")),
	Entry("notifyEventSubscription, unset: whatever there is", minimal, withEvents("RECORD_OVER")),
	Entry("notifyEventSubscription, unset: nothing there", minimal, func(c *live.Config) { c.NotifyEventSubscription = nil }),

	Entry("onDemandCallbackURL", onDemand("https://callback.example.com/ondemand"),
		func(c *live.Config) { c.OnDemandCallbackURL = ptr.To(oldURL) }, "onDemandCallbackURL"),
	Entry("onDemandCallbackURL, empty there", onDemand("https://callback.example.com/ondemand"),
		func(c *live.Config) { c.OnDemandCallbackURL = ptr.To("") }, "onDemandCallbackURL"),
	Entry("onDemandCallbackURL, which newer versions do not show", onDemand("https://callback.example.com/ondemand"),
		func(c *live.Config) { c.OnDemandCallbackURL = nil }),
	Entry("onDemandCallbackURL, agreeing", onDemand(oldURL), func(c *live.Config) { c.OnDemandCallbackURL = ptr.To(oldURL) }),
	Entry("onDemandCallbackURL, unset: whatever there is", minimal, func(c *live.Config) { c.OnDemandCallbackURL = ptr.To(oldURL) }),

	Entry("signType", asItIs, func(c *live.Config) { c.SignType = ptr.To("MD5") }, "signType"),
	Entry("signType, empty there", asItIs, func(c *live.Config) { c.SignType = ptr.To("") }, "signType"),
	Entry("signType, which an answer may lack", asItIs, func(c *live.Config) { c.SignType = nil }),
	Entry("signType, unset: whatever there is", minimal, func(c *live.Config) { c.SignType = ptr.To("MD5") }),

	Entry("the API's own times are nobody's wish", asItIs,
		func(c *live.Config) { c.CreateTime, c.UpdateTime = "", "2027-01-01T00:00:00Z" }),
	Entry("a callback key is never compared", func(s *v1alpha1.RecordCallbackConfigSpec) {
		s.KeySecretRef = &v1alpha1.SecretKeyReference{Name: "callback-key", Key: "key"}
	}, func(*live.Config) {}),
	Entry("all of them, in the spec's order", onDemand("https://callback.example.com/ondemand"), func(c *live.Config) {
		*c = live.Config{OnDemandCallbackURL: ptr.To(""), SignType: ptr.To("MD5")}
	}, "publishDomain", "app", "notifyCallbackURL", "notifyEventSubscription", "onDemandCallbackURL", "signType"),
)

var _ = Describe("settings", func() {
	It("sends what the spec sets", func() {
		spec := theSpec()
		spec.OnDemandCallbackURL = "https://callback.example.com/ondemand"
		Expect(settings(&spec, live.Secret("k"))).To(Equal(live.Settings{
			PublishDomain:           theDomain,
			App:                     theApp,
			NotifyCallbackURL:       "https://callback.example.com/record",
			NotifyEventSubscription: []string{"RECORD_FILE_COMPLETE", "RECORD_FAILED"},
			OnDemandCallbackURL:     "https://callback.example.com/ondemand",
			SignType:                "HMACSHA256",
			Key:                     live.Secret("k"),
		}))
	})

	It("leaves to the API what the spec leaves out", func() {
		spec := theSpec()
		minimal(&spec)
		sent := settings(&spec, "")
		Expect(sent.NotifyEventSubscription).To(BeEmpty())
		sent.NotifyEventSubscription = nil
		Expect(sent).To(Equal(live.Settings{PublishDomain: theDomain, App: theApp}))
	})

	It("sends what drift would then not complain of", func() {
		spec := theSpec()
		spec.OnDemandCallbackURL = "https://callback.example.com/ondemand"
		sent := settings(&spec, "")
		Expect(drift(&spec, &live.Config{
			PublishDomain: sent.PublishDomain, App: sent.App, NotifyCallbackURL: sent.NotifyCallbackURL,
			NotifyEventSubscription: sent.NotifyEventSubscription, OnDemandCallbackURL: &sent.OnDemandCallbackURL, SignType: &sent.SignType,
		})).To(BeEmpty())
	})
})
