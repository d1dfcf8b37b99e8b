package v1alpha1_test

import (
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

const (
	regionSentence = "region must be 1 to 32 lower-case letters, digits and hyphens, for example cn-north-4"

	projectIDSentence = "projectID must be 1 to 64 letters, digits, hyphens and underscores: copy the project's ID " +
		"(32 hexadecimal digits), not its name, from the console's page My Credentials"

	idSentence = "id must be 1 to 128 letters, digits, hyphens and underscores: the configuration's id as the Live API " +
		"shows it; leave the field out to create a configuration"

	credentialsNameSentence = "name must be the name of a Secret in this namespace: lower-case letters, digits, hyphens " +
		"and dots, beginning and ending with a letter or digit, for example live-credentials"
)

var _ = Describe("Where the configuration is", func() {
	DescribeTable("is accepted",
		func(ctx SpecContext, e edit) {
			_, err := dryRunCreate(ctx, e)
			Expect(err).NotTo(HaveOccurred())
		},
		Entry("with the required fields only", edit(unchanged)),

		Entry("with a region of one character", setText("spec.region", "a")),
		Entry("with a region of 32 characters", setText("spec.region", strings.Repeat("a", 32))),
		Entry("with a region of letters, digits and hyphens", setText("spec.region", "ap-southeast-3")),

		Entry("with a projectID of one character", setText("spec.projectID", "p")),
		Entry("with a projectID of 64 characters", setText("spec.projectID", strings.Repeat("f", 64))),
		Entry("with a projectID of every kind of character", setText("spec.projectID", "Az09_-")),

		Entry("with an id of one character", setText("spec.id", "e")),
		Entry("with an id of 128 characters", setText("spec.id", strings.Repeat("e", 128))),
		Entry("with an id of every kind of character", setText("spec.id", "Az09_-")),

		Entry("with a Secret's name of one character", setText("spec.credentialsSecretRef.name", "s")),
		Entry("with a Secret's name that has dots and hyphens", setText("spec.credentialsSecretRef.name", "team-a.live-credentials.v2")),
		Entry("with a Secret's name of 253 characters", setText("spec.credentialsSecretRef.name", strings.Repeat("s", 253))),
	)

	DescribeTable("is refused, and the message says what to write,",
		func(ctx SpecContext, e edit, path, sentence string) {
			_, err := dryRunCreate(ctx, e)
			Expect(err).To(beInvalid(path, sentence))
		},
		Entry("without spec", remove("spec"), "spec", "Required value"),

		Entry("without region", remove("spec.region"), "spec.region", "Required value"),
		Entry("with an empty region", setText("spec.region", ""), "spec.region", regionSentence),
		Entry("with a region of 33 characters", setText("spec.region", strings.Repeat("a", 33)),
			"spec.region", "Too long: may not be more than 32 bytes"),
		Entry("with a region in capitals", setText("spec.region", "CN-North-4"), "spec.region", regionSentence),
		Entry("with a region that would change the endpoint's host", setText("spec.region", "evil.example.com/"), "spec.region", regionSentence),
		Entry("with a region that ends in a newline", setText("spec.region", "cn-north-4\n"), "spec.region", regionSentence),
		Entry("with a region that is a number", set("spec.region", "4"),
			"spec.region", `spec.region in body must be of type string: "integer"`),

		Entry("without projectID", remove("spec.projectID"), "spec.projectID", "Required value"),
		Entry("with an empty projectID", setText("spec.projectID", ""), "spec.projectID", projectIDSentence),
		Entry("with a projectID of 65 characters", setText("spec.projectID", strings.Repeat("f", 65)),
			"spec.projectID", "Too long: may not be more than 64 bytes"),
		Entry("with a projectID that would change the request's path", setText("spec.projectID", "../../v3"), "spec.projectID", projectIDSentence),
		Entry("with a projectID with a space", setText("spec.projectID", "my project"), "spec.projectID", projectIDSentence),

		Entry("with an empty id", setText("spec.id", ""), "spec.id", idSentence),
		Entry("with an id of 129 characters", setText("spec.id", strings.Repeat("e", 129)),
			"spec.id", "Too long: may not be more than 128 bytes"),
		Entry("with an id that would change the request's path", setText("spec.id", "a/b"), "spec.id", idSentence),

		Entry("without credentialsSecretRef", remove("spec.credentialsSecretRef"), "spec.credentialsSecretRef", "Required value"),
		Entry("without a Secret's name", set("spec.credentialsSecretRef", "{}"), "spec.credentialsSecretRef.name", "Required value"),
		Entry("with an empty Secret's name", setText("spec.credentialsSecretRef.name", ""),
			"spec.credentialsSecretRef.name", credentialsNameSentence),
		Entry("with a Secret's name of 254 characters", setText("spec.credentialsSecretRef.name", strings.Repeat("s", 254)),
			"spec.credentialsSecretRef.name", "Too long: may not be more than 253 bytes"),
		Entry("with a Secret's name in capitals", setText("spec.credentialsSecretRef.name", "Live_Credentials"),
			"spec.credentialsSecretRef.name", credentialsNameSentence),
		Entry("with a Secret's name that tries for another namespace", setText("spec.credentialsSecretRef.name", "other/live-credentials"),
			"spec.credentialsSecretRef.name", credentialsNameSentence),
		Entry("with a Secret's name that ends in a hyphen", setText("spec.credentialsSecretRef.name", "live-"),
			"spec.credentialsSecretRef.name", credentialsNameSentence),
	)

	When("credentialsSecretRef asks for a Secret of another namespace", func() {
		other := set("spec.credentialsSecretRef", "{name: live-credentials, namespace: other}")

		It("is refused by strict validation, which kubectl asks for", func(ctx SpecContext) {
			_, err := dryRunCreate(ctx, other)
			Expect(apierrors.IsBadRequest(err)).To(BeTrue(), "%v", err)
			Expect(err).To(MatchError(ContainSubstring(`unknown field "spec.credentialsSecretRef.namespace"`)))
		})

		It("is stored without the namespace where a client does not ask for strict validation", func(ctx SpecContext) {
			u := manifest(other)
			Expect(k8s.Create(ctx, u, client.DryRunAll, client.FieldValidation(metav1.FieldValidationIgnore))).To(Succeed())
			Expect(field(u, "spec.credentialsSecretRef")).To(Equal(map[string]any{"name": "live-credentials"}))
		})
	})
})
