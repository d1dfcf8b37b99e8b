package v1alpha1_test

import (
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

const idOnceSentence = "id can be set once and then neither changed nor removed; to keep another configuration, " +
	"delete this resource (spec.deletionPolicy: Retain leaves the remote configuration in place) and make a new one"

var _ = Describe("A change of the spec", func() {
	DescribeTable("is accepted",
		func(ctx SpecContext, before, change edit) {
			u := create(ctx, before)
			change(u)
			Expect(k8s.Update(ctx, u)).To(Succeed())
			Expect(u.GetGeneration()).To(BeEquivalentTo(2))
		},
		Entry("that sets an id for the first time", edit(unchanged), setText("spec.id", "e89b76")),
		Entry("of the Secret", edit(unchanged), setText("spec.credentialsSecretRef.name", "other")),
		Entry("of the callback's URL", setText("spec.notifyCallbackURL", "https://a.example.com/"), setText("spec.notifyCallbackURL", "http://b.example.com/")),
		Entry("that removes the callback's URL", setText("spec.notifyCallbackURL", "https://a.example.com/"), remove("spec.notifyCallbackURL")),
		Entry("of the on-demand URL", setText("spec.onDemandCallbackURL", "https://a.example.com/"), setText("spec.onDemandCallbackURL", "http://b.example.com/")),
		Entry("that removes the on-demand URL", setText("spec.onDemandCallbackURL", "https://a.example.com/"), remove("spec.onDemandCallbackURL")),
		Entry("of the events", set("spec.notifyEventSubscription", "[RECORD_OVER]"), set("spec.notifyEventSubscription", "[RECORD_FAILED]")),
		Entry("that removes the events", set("spec.notifyEventSubscription", "[RECORD_OVER]"), remove("spec.notifyEventSubscription")),
		Entry("of the signType", setText("spec.signType", "MD5"), setText("spec.signType", "HMACSHA256")),
		Entry("that removes the signType", setText("spec.signType", "MD5"), remove("spec.signType")),
		Entry("of the callback key", set("spec.keySecretRef", "{name: a, key: b}"), set("spec.keySecretRef", "{name: c, key: d}")),
		Entry("that removes the callback key", set("spec.keySecretRef", "{name: a, key: b}"), remove("spec.keySecretRef")),
		Entry("of the policies", edit(unchanged), all(
			setText("spec.managementPolicy", "Observe"), setText("spec.adoptionPolicy", "IfExists"),
			setText("spec.deletionPolicy", "Retain"), setText("spec.driftPolicy", "Report"))),
		Entry("of the resyncInterval", setText("spec.resyncInterval", "10m"), setText("spec.resyncInterval", "0s")),
		Entry("that suspends it", edit(unchanged), set("spec.suspend", "true")),
	)

	DescribeTable("is refused, and the message says what to do instead,",
		func(ctx SpecContext, before, change edit, path, sentence string) {
			u := create(ctx, before)
			change(u)
			Expect(k8s.Update(ctx, u)).To(beInvalid(path, sentence))
		},
		Entry("of the region", edit(unchanged), setText("spec.region", "cn-east-3"),
			"spec.region", "region can't be changed; delete this resource and make a new one for the other region"),
		Entry("of the projectID", edit(unchanged), setText("spec.projectID", "other"),
			"spec.projectID", "projectID can't be changed; delete this resource and make a new one for the other project"),
		Entry("of the publishDomain", edit(unchanged), setText("spec.publishDomain", "other.example.com"),
			"spec.publishDomain", "publishDomain can't be changed; delete this resource and make a new one for the other domain"),
		Entry("of the app", setText("spec.app", "live"), setText("spec.app", "other"),
			"spec.app", "app can't be changed; delete this resource and make a new one for the other app"),
		Entry("of the app that the server filled in", edit(unchanged), setText("spec.app", "live"),
			"spec.app", "app can't be changed; delete this resource and make a new one for the other app"),
		Entry("that removes an app, which then stands for any", setText("spec.app", "live"), remove("spec.app"),
			"spec.app", "app can't be changed; delete this resource and make a new one for the other app"),
		Entry("of an id", setText("spec.id", "e89b76"), setText("spec.id", "f00baa"), "spec.id", idOnceSentence),
		Entry("that removes an id", setText("spec.id", "e89b76"), remove("spec.id"), "spec.id", idOnceSentence),
		Entry("that removes the region", edit(unchanged), remove("spec.region"), "spec.region", "Required value"),
		Entry("that removes the projectID", edit(unchanged), remove("spec.projectID"), "spec.projectID", "Required value"),
		Entry("that removes the publishDomain", edit(unchanged), remove("spec.publishDomain"), "spec.publishDomain", "Required value"),
		Entry("that empties the callback's URL", setText("spec.notifyCallbackURL", "https://a.example.com/"),
			setText("spec.notifyCallbackURL", ""), "spec.notifyCallbackURL",
			"notifyCallbackURL must be a whole http or https URL, for example https://callback.example.com/record; "+
				"leave the field out to keep what the API has"),
	)
})
