package controller

import (
	"fmt"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/live-operator/live-operator/api/v1alpha1"
)

const callbackKey = "0123456789abcdefABCDEF0123456789"

var _ = Describe("The digest of a callback key", func() {
	It("is the same for the same key of the same Secret, also after a restart", func() {
		Expect(keyDigest("uid-1", []byte(callbackKey))).To(Equal(keyDigest("uid-1", []byte(callbackKey))))
		Expect(keyDigest("5f0c1e9e-6b0f-4b0e-8a57-0f6b8f3f3b11", []byte(callbackKey))).To(Equal("a55d5360782859a8f609c104ce841344"),
			"another digest would write every key again after an upgrade")
	})

	It("is another for another key, and for the same key of another Secret", func() {
		seen := map[string]bool{}
		for i := range 100 {
			seen[keyDigest("uid-1", fmt.Appendf(nil, "%s%d", callbackKey, i))] = true
			seen[keyDigest(types.UID(fmt.Sprint("uid-", i)), []byte(callbackKey))] = true
		}
		Expect(seen).To(HaveLen(200))
	})

	It("tells nothing of the key, and has the same length for each", func() {
		for _, key := range []string{callbackKey, strings.Repeat("a", 32), strings.Repeat("a", 4096)} {
			d := keyDigest("uid-1", []byte(key))
			Expect(d).To(MatchRegexp(`^[0-9a-f]{32}$`))
			Expect(strings.ToLower(key)).NotTo(ContainSubstring(d[:8]))
		}
	})

	It("can't be had from the key alone", func() {
		Expect(keyDigest("", []byte(callbackKey))).NotTo(Equal(keyDigest("uid-1", []byte(callbackKey))))
	})
})

var _ = DescribeTable("A callback key from a Secret",
	func(data map[string]string, usable bool, says ...string) {
		obj := resource("streaming", "sport", 0, func(obj *v1alpha1.RecordCallbackConfig) {
			obj.Spec.KeySecretRef = &v1alpha1.SecretKeyReference{Name: "callback-key", Key: "key"}
		})
		secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{UID: "uid-1", ResourceVersion: "7"}, Data: map[string][]byte{}}
		for name, value := range data {
			secret.Data[name] = []byte(value)
		}
		p := &pass{obj: obj, m: &memory{}}
		p.useKey(secret)
		Expect(p.m.key.digest).To(Equal(p.f.keyDigest))
		Expect(p.m.key.problem).To(Equal(p.f.keyProblem))
		if usable {
			Expect(p.f.keyProblem).To(BeEmpty())
			Expect(p.f.keyDigest).To(Equal(keyDigest("uid-1", []byte(strings.TrimSpace(data["key"])))))
			Expect(p.key.Reveal()).To(Equal(strings.TrimSpace(data["key"])))
			Expect(fmt.Sprintf("%v %+v %#v", p.key, p.key, p.key)).NotTo(ContainSubstring(p.key.Reveal()))
			return
		}
		Expect(p.f.keyDigest).To(BeEmpty())
		Expect(p.key.Reveal()).To(BeEmpty())
		Expect(p.f.keyProblem).To(And(ContainSubstring("callback-key"), ContainSubstring("at once")))
		for _, words := range says {
			Expect(p.f.keyProblem).To(ContainSubstring(words))
		}
		for _, value := range data {
			if strings.TrimSpace(value) != "" {
				Expect(p.f.keyProblem).NotTo(ContainSubstring(strings.TrimSpace(value)))
			}
		}
	},
	Entry("32 letters and digits", map[string]string{"key": callbackKey}, true),
	Entry("many more", map[string]string{"key": strings.Repeat(callbackKey, 8)}, true),
	Entry("a newline at the end, as editors leave it", map[string]string{"key": callbackKey + "\n"}, true),
	Entry("whitespace around it", map[string]string{"key": " \t\r\n" + callbackKey + "\r\n "}, true),
	Entry("beside other entries", map[string]string{"key": callbackKey, "old": "x"}, true),
	Entry("no such entry", map[string]string{"Key": callbackKey}, false, "no entry key", "spec.keySecretRef"),
	Entry("no entries", nil, false, "no entry key"),
	Entry("empty", map[string]string{"key": ""}, false, "32 or more letters and digits"),
	Entry("only whitespace", map[string]string{"key": " \n"}, false, "32 or more"),
	Entry("31 characters", map[string]string{"key": callbackKey[:31]}, false, "32 or more"),
	Entry("a space inside", map[string]string{"key": callbackKey + " " + callbackKey}, false, "32 or more"),
	Entry("a newline inside", map[string]string{"key": callbackKey + "\n" + callbackKey}, false, "32 or more"),
	Entry("a hyphen", map[string]string{"key": callbackKey + "-"}, false, "32 or more"),
	Entry("letters of another alphabet", map[string]string{"key": strings.Repeat("ключ", 8)}, false, "32 or more"),
	Entry("digits of another alphabet", map[string]string{"key": strings.Repeat("٣", 32)}, false, "32 or more"),
	Entry("not text", map[string]string{"key": strings.Repeat("\xff\x00", 20)}, false, "32 or more"),
)
