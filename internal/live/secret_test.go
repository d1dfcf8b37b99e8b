package live_test

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"log/slog"
	"strings"

	"github.com/go-logr/logr/funcr"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/live-operator/live-operator/internal/live"
)

var _ = Describe("A Secret", func() {
	const value = "hunter2hunter2"
	secret := live.Secret(value)
	holder := struct{ Key live.Secret }{secret}

	It("gives its value to who asks for it by name", func() {
		Expect(secret.Reveal()).To(Equal(value))
	})

	It("is redacted by every verb of fmt, also inside of structs, pointers, slices and maps", func() {
		for _, verb := range strings.Fields("%v %+v %#v %s %q %x %X %d %10s %t") {
			for _, thing := range []any{secret, &holder, holder, []live.Secret{secret}, map[live.Secret]live.Secret{secret: secret}, live.Settings{Key: secret}} {
				text := fmt.Sprintf(verb, thing)
				Expect(text).To(ContainSubstring("[redacted]"), "%s of %T", verb, thing)
				Expect(text).NotTo(Or(ContainSubstring("hunter2"), ContainSubstring("68756e746572"), ContainSubstring("68756E746572")))
			}
		}
	})

	It("is redacted in JSON and XML", func() {
		for _, thing := range []any{secret, &secret, holder, map[string]live.Secret{"key": secret}} {
			text, err := json.Marshal(thing)
			Expect(err).NotTo(HaveOccurred())
			Expect(string(text)).To(And(ContainSubstring("[redacted]"), Not(ContainSubstring("hunter2"))))
		}
		text, err := xml.Marshal(secret)
		Expect(err).NotTo(HaveOccurred())
		Expect(string(text)).To(And(ContainSubstring("[redacted]"), Not(ContainSubstring("hunter2"))))
	})

	It("is redacted in logs", func() {
		var out strings.Builder
		slog.New(slog.NewJSONHandler(&out, nil)).Info("s", "secret", secret, "holder", holder)
		slog.New(slog.NewTextHandler(&out, nil)).Info("s", "secret", secret, "holder", holder)
		funcr.New(func(_, args string) { out.WriteString(args) }, funcr.Options{}).Info("s", "secret", secret, "holder", holder)
		funcr.NewJSON(func(obj string) { out.WriteString(obj) }, funcr.Options{}).Info("s", "secret", secret, "holder", holder)
		Expect(strings.Count(out.String(), "[redacted]")).To(Equal(8), out.String())
		Expect(out.String()).NotTo(ContainSubstring("hunter2"))
	})

	It("that is empty shows as empty", func() {
		Expect(fmt.Sprintf("%v%+v%#v%s", live.Secret(""), live.Secret(""), live.Secret(""), live.Secret(""))).To(BeEmpty())
		Expect(json.Marshal(live.Secret(""))).To(BeEquivalentTo(`""`))
	})
})
