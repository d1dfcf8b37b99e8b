package livesim_test

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net/http"
	"syscall"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/live-operator/live-operator/test/livesim"
)

var _ = Describe("A door", func() {
	get := func(ctx SpecContext, client *http.Client, url string) (int, error) {
		GinkgoHelper()
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, url+callbacks, nil)
		Expect(err).NotTo(HaveOccurred())
		request.Header.Set("X-Auth-Token", tokenValue)
		resp, err := client.Do(request)
		if err != nil {
			return 0, err
		}
		return resp.StatusCode, resp.Body.Close()
	}

	It("refuses connections while it is shut, the next one already, and keeps its address", func(ctx SpecContext) {
		sim := start(livesim.Options{})
		door, err := sim.Door(ctx, "127.0.0.1:0", nil)
		Expect(err).NotTo(HaveOccurred())
		client, url := &http.Client{Transport: &http.Transport{}}, "http://"+door.Address()

		Expect(get(ctx, client, url)).To(Equal(http.StatusOK))
		door.Shut()
		door.Shut()
		_, err = get(ctx, client, url)
		Expect(errors.Is(err, syscall.ECONNREFUSED)).To(BeTrue(), "%v", err)
		Expect(sim.call(http.MethodGet, callbacks, "").status).To(Equal(http.StatusOK), "other addresses do not notice")

		Expect(door.Open(ctx)).To(Succeed())
		Expect(door.Open(ctx)).To(Succeed())
		Expect(get(ctx, client, url)).To(Equal(http.StatusOK))
		Expect("http://" + door.Address()).To(Equal(url))
	})

	It("shows another certificate to the next connection", func(ctx SpecContext) {
		sim := start(livesim.Options{})
		good, ca, err := livesim.NewCertificate()
		Expect(err).NotTo(HaveOccurred())
		stranger, _, err := livesim.NewCertificate()
		Expect(err).NotTo(HaveOccurred())
		door, err := sim.Door(ctx, "127.0.0.1:0", &good)
		Expect(err).NotTo(HaveOccurred())
		roots := x509.NewCertPool()
		roots.AppendCertsFromPEM(ca)
		client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}}}
		url := "https://" + door.Address()

		Expect(get(ctx, client, url)).To(Equal(http.StatusOK))
		door.Show(&stranger)
		_, err = get(ctx, client, url)
		var untrusted *tls.CertificateVerificationError
		Expect(errors.As(err, &untrusted)).To(BeTrue(), "%v", err)
		door.Show(&good)
		Expect(get(ctx, client, url)).To(Equal(http.StatusOK))
	})

	It("ends with its simulator", func(ctx SpecContext) {
		sim := start(livesim.Options{})
		door, err := sim.Door(ctx, "127.0.0.1:0", nil)
		Expect(err).NotTo(HaveOccurred())
		sim.Close()
		_, err = get(ctx, http.DefaultClient, "http://"+door.Address())
		Expect(err).To(HaveOccurred())
		_, err = sim.Door(ctx, "127.0.0.1:0", nil)
		Expect(err).To(MatchError(ContainSubstring("closed")))
	})
})
