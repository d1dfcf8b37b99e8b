package credentials_test

import (
	"errors"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/live-operator/live-operator/internal/credentials"
)

var _ = Describe("The data of a Secret", func() {
	DescribeTable("tells the kind by its keys",
		func(d map[string][]byte, kind credentials.Kind) {
			v, err := credentials.Parse(d)
			Expect(err).NotTo(HaveOccurred())
			Expect(v.Kind()).To(Equal(kind))
		},
		Entry("a token", tokenData("MIIF"), credentials.KindToken),
		Entry("a token with a line break at its end", tokenData("MIIF\r\n"), credentials.KindToken),
		Entry("a permanent access key", keyData(), credentials.KindAccessKey),
		Entry("a temporary access key", data("accessKey", "a", "secretKey", "s", "securityToken", "t"), credentials.KindAccessKey),
		Entry("a user", userData("secret"), credentials.KindPassword),
		Entry("a user whose names and password hold spaces and letters beyond ASCII",
			data("username", "Zoë B", "password", "pass wörd", "domainName", "账号"), credentials.KindPassword),
		Entry("the pod's identity", podData(), credentials.KindPodIdentity),
		Entry("a token beside the pod's identity switched off", data("token", "t", "podIdentity", "false"), credentials.KindToken),
		Entry("a token beside keys that belong to no kind, whatever they hold",
			data("token", "t", "ca.crt", "", "note", "\x00\xff", "Token", "other"), credentials.KindToken),
	)

	DescribeTable("is refused with a message that says what to write",
		func(d map[string][]byte, words ...string) {
			_, err := credentials.Parse(d)
			var invalid *credentials.InvalidError
			Expect(errors.As(err, &invalid)).To(BeTrue(), "an *InvalidError, not %v", err)
			for _, word := range words {
				Expect(invalid.Message).To(ContainSubstring(word))
			}
			Expect(invalid.Message).NotTo(ContainSubstring("canary"))
		},
		Entry("nothing", nil, "holds no credentials", "token", "accessKey", "domainName", "podIdentity"),
		Entry("only keys of no kind", data("config", "canary"), "holds no credentials"),
		Entry("a key in other letters", data("Access_Key", "canary", "SECRETKEY", "canary"), "Access_Key to accessKey", "SECRETKEY to secretKey"),
		Entry("a token and an access key", data("token", "canary", "accessKey", "canary", "secretKey", "canary"), "more than one kind", "token, accessKey, secretKey"),
		Entry("a token and the pod's identity", data("token", "canary", "podIdentity", "true"), "more than one kind"),
		Entry("an access key without its secret", data("accessKey", "canary"), "secretKey is missing"),
		Entry("a secret key alone", data("secretKey", "canary"), "accessKey is missing"),
		Entry("a security token alone", data("securityToken", "canary"), "accessKey is missing"),
		Entry("a user without the account's name", data("username", "canary", "password", "canary"), "domainName is missing", "account"),
		Entry("a user without a password", data("username", "canary", "domainName", "canary"), "password is missing"),
		Entry("an empty token", tokenData(""), "key token is empty"),
		Entry("a token of whitespace", tokenData(" \n\t"), "key token is empty"),
		Entry("an empty security token", data("accessKey", "canary", "secretKey", "canary", "securityToken", ""), "securityToken is empty", "remove the key"),
		Entry("a token with a line break inside", tokenData("canary\ncanary"), "key token has a line break inside", "one line"),
		Entry("a token with a space inside", tokenData("Bearer canary"), "has a space inside"),
		Entry("a token with a control character", tokenData("canary\x00"), "control character"),
		Entry("a token behind a byte order mark", tokenData("\uFEFFcanary"), "control character"),
		Entry("a token that is not ASCII", tokenData("canary–"), "not ASCII"),
		Entry("a token that is not text", tokenData("canary\xff"), "not text"),
		Entry("a token of 64 KiB and more", tokenData(strings.Repeat("canary", 11000)), "longer than 64 KiB"),
		Entry("a password with a line break inside", userData("canary\ncanary"), "key password has a line break inside"),
		Entry("a password with a control character", userData("canary\x1b"), "control character"),
		Entry("the pod's identity with another value", data("podIdentity", "canary"), `podIdentity is not "true"`),
		Entry("the pod's identity switched off", data("podIdentity", "false"), "holds no credentials"),
	)
})
