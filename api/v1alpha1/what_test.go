package v1alpha1_test

import (
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

const (
	domainSentence = "publishDomain must be 1 to 255 characters: the ingest domain that streams are pushed to, " +
		"for example publish.example.com"

	appSentence = "app must be 1 to 128 characters: the application name that streams are pushed to, for example live, " +
		"or * for any"

	eventsSentence = "notifyEventSubscription needs at least one event, for example RECORD_FILE_COMPLETE; " +
		"leave the field out to keep what the API has"

	eventSentence = `supported values: "RECORD_NEW_FILE_START", "RECORD_FILE_COMPLETE", "RECORD_OVER", "RECORD_FAILED"`

	keyNameSentence = "name must be the name of a Secret in this namespace: lower-case letters, digits, hyphens and dots, " +
		"beginning and ending with a letter or digit, for example callback-key"

	keySentence = "key must be an entry of the Secret's data: letters, digits, hyphens, underscores and dots, for example key"
)

var _ = Describe("What the configuration is", func() {
	DescribeTable("is accepted",
		func(ctx SpecContext, e edit) {
			_, err := dryRunCreate(ctx, e)
			Expect(err).NotTo(HaveOccurred())
		},
		Entry("with a publishDomain of one character", setText("spec.publishDomain", "d")),
		Entry("with a publishDomain of 255 characters", setText("spec.publishDomain", strings.Repeat("d", 255))),

		Entry("with an app of one character", setText("spec.app", "a")),
		Entry("with an app of 128 characters", setText("spec.app", strings.Repeat("a", 128))),
		Entry("with the app * that stands for any", setText("spec.app", "*")),
		Entry("with no app, though named", set("spec.app", "null")),

		Entry("with one event", set("spec.notifyEventSubscription", "[RECORD_OVER]")),
		Entry("with all four events", set("spec.notifyEventSubscription",
			"[RECORD_NEW_FILE_START, RECORD_FILE_COMPLETE, RECORD_OVER, RECORD_FAILED]")),

		Entry("with signType HMACSHA256", setText("spec.signType", "HMACSHA256")),
		Entry("with signType MD5", setText("spec.signType", "MD5")),

		Entry("with a callback key", set("spec.keySecretRef", "{name: callback-key, key: key}")),
		Entry("with every kind of character in the entry's name", set("spec.keySecretRef", "{name: callback-key, key: Az09._-}")),
		Entry("with an entry's name of 253 characters", all(
			setText("spec.keySecretRef.name", strings.Repeat("s", 253)),
			setText("spec.keySecretRef.key", strings.Repeat("k", 253)))),
	)

	DescribeTable("is refused, and the message says what to write,",
		func(ctx SpecContext, e edit, path, sentence string) {
			_, err := dryRunCreate(ctx, e)
			Expect(err).To(beInvalid(path, sentence))
		},
		Entry("without publishDomain", remove("spec.publishDomain"), "spec.publishDomain", "Required value"),
		Entry("with an empty publishDomain", setText("spec.publishDomain", ""), "spec.publishDomain", domainSentence),
		Entry("with a publishDomain of 256 characters", setText("spec.publishDomain", strings.Repeat("d", 256)),
			"spec.publishDomain", "Too long: may not be more than 255 bytes"),

		Entry("with an empty app", setText("spec.app", ""), "spec.app", appSentence),
		Entry("with an app of 129 characters", setText("spec.app", strings.Repeat("a", 129)),
			"spec.app", "Too long: may not be more than 128 bytes"),

		Entry("with no events, though named", set("spec.notifyEventSubscription", "[]"),
			"spec.notifyEventSubscription", eventsSentence),
		Entry("with an event twice", set("spec.notifyEventSubscription", "[RECORD_OVER, RECORD_FAILED, RECORD_OVER]"),
			"spec.notifyEventSubscription[2]", `Duplicate value: "RECORD_OVER"`),
		Entry("with an unknown event", set("spec.notifyEventSubscription", "[RECORD_OVER, RECORD_ALL]"),
			"spec.notifyEventSubscription[1]", eventSentence),
		Entry("with an event in small letters", set("spec.notifyEventSubscription", "[record_over]"),
			"spec.notifyEventSubscription[0]", eventSentence),
		Entry("with an event outside of a list", set("spec.notifyEventSubscription", "RECORD_OVER"),
			"spec.notifyEventSubscription", `spec.notifyEventSubscription in body must be of type array: "string"`),

		Entry("with an unknown signType", setText("spec.signType", "SHA1"),
			"spec.signType", `supported values: "HMACSHA256", "MD5"`),
		Entry("with a signType in small letters", setText("spec.signType", "md5"),
			"spec.signType", `supported values: "HMACSHA256", "MD5"`),
		Entry("with an empty signType", setText("spec.signType", ""),
			"spec.signType", `supported values: "HMACSHA256", "MD5"`),

		Entry("with a callback key without a Secret's name", set("spec.keySecretRef", "{key: key}"),
			"spec.keySecretRef.name", "Required value"),
		Entry("with a callback key without an entry", set("spec.keySecretRef", "{name: callback-key}"),
			"spec.keySecretRef.key", "Required value"),
		Entry("with a callback key of an empty Secret's name", set("spec.keySecretRef", `{name: "", key: key}`),
			"spec.keySecretRef.name", keyNameSentence),
		Entry("with a callback key of a Secret's name that can't be", set("spec.keySecretRef", "{name: ../live, key: key}"),
			"spec.keySecretRef.name", keyNameSentence),
		Entry("with a callback key of a Secret's name of 254 characters",
			set("spec.keySecretRef", "{name: "+strings.Repeat("s", 254)+", key: key}"),
			"spec.keySecretRef.name", "Too long: may not be more than 253 bytes"),
		Entry("with a callback key of an empty entry", set("spec.keySecretRef", `{name: callback-key, key: ""}`),
			"spec.keySecretRef.key", keySentence),
		Entry("with a callback key of an entry that can't be", set("spec.keySecretRef", `{name: callback-key, key: a/b}`),
			"spec.keySecretRef.key", keySentence),
		Entry("with a callback key of an entry of 254 characters",
			set("spec.keySecretRef", "{name: callback-key, key: "+strings.Repeat("k", 254)+"}"),
			"spec.keySecretRef.key", "Too long: may not be more than 253 bytes"),
	)

	It("refuses more than four events, and says how many there may be", func(ctx SpecContext) {
		_, err := dryRunCreate(ctx, set("spec.notifyEventSubscription",
			"[RECORD_NEW_FILE_START, RECORD_FILE_COMPLETE, RECORD_OVER, RECORD_FAILED, RECORD_OVER]"))
		Expect(err).To(MatchError(ContainSubstring(
			"spec.notifyEventSubscription: Too many: 5: must have at most 4 items")))
	})

	It("accepts the example of the Live API's own page", func(ctx SpecContext) {
		u, err := dryRunCreate(ctx,
			setText("spec.id", "e89b76xxxxxx3425ui80af501cdxxxxxx"),
			setText("spec.publishDomain", "publish.xxx.com"),
			setText("spec.app", "**"),
			setText("spec.notifyCallbackURL", "https://mycallback.com.cn/record_notify"),
			set("spec.notifyEventSubscription", "[RECORD_FILE_COMPLETE]"))
		Expect(err).NotTo(HaveOccurred())
		Expect(field(u, "spec.app")).To(Equal("**"))
	})
})
