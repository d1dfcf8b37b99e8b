package compat_test

import (
	"net/http"
	"time"

	"github.com/gophercloud/gophercloud/v2"
	"github.com/gophercloud/gophercloud/v2/openstack"
	"github.com/gophercloud/gophercloud/v2/openstack/identity/v3/tokens"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/live-operator/live-operator/test/livesim"
)

var _ = Describe("gophercloud", func() {
	var sim *livesim.Simulator

	BeforeEach(func() {
		sim = livesim.New(livesim.Options{Behavior: livesim.Behavior{TokenLifetime: time.Hour}})
		sim.Start()
		DeferCleanup(sim.Close)
		sim.AddUser("acme", "robot", "pass-word", project)
	})

	options := func(password, projectID string) gophercloud.AuthOptions {
		return gophercloud.AuthOptions{
			IdentityEndpoint: sim.URL() + "/v3",
			DomainName:       "acme",
			Username:         "robot",
			Password:         password,
			Scope:            &gophercloud.AuthScope{ProjectID: projectID},
		}
	}

	It("gets a token by password for a project, and the Live API takes it", func(ctx SpecContext) {
		provider, err := openstack.AuthenticatedClient(ctx, options("pass-word", project))
		Expect(err).NotTo(HaveOccurred())
		Expect(provider.Token()).To(HaveLen(6000))

		result, ok := provider.GetAuthResult().(tokens.CreateResult)
		Expect(ok).To(BeTrue())
		token, err := result.ExtractToken()
		Expect(err).NotTo(HaveOccurred())
		Expect(token.ExpiresAt).To(BeTemporally("~", time.Now().Add(time.Hour), time.Minute))
		Expect(result.ExtractProject()).To(HaveField("ID", project))
		Expect(result.ExtractUser()).To(And(HaveField("Name", "robot"), HaveField("Domain.Name", "acme")))

		req, err := http.NewRequestWithContext(ctx, http.MethodGet, sim.URL()+"/v1/"+project+"/record/callbacks", nil)
		Expect(err).NotTo(HaveOccurred())
		req.Header.Set("X-Auth-Token", provider.Token())
		resp, err := http.DefaultClient.Do(req)
		Expect(err).NotTo(HaveOccurred())
		Expect(resp.Body.Close()).To(Succeed())
		Expect(resp.StatusCode).To(Equal(http.StatusOK))
		Expect(sim.Counts()).To(Equal(livesim.Counts{livesim.Authenticate: 1, livesim.List: 1}), "one token call, no discovery")
	})

	It("is told that the password is wrong, once", func(ctx SpecContext) {
		_, err := openstack.AuthenticatedClient(ctx, options("wrong", project))
		Expect(gophercloud.ResponseCodeIs(err, http.StatusUnauthorized)).To(BeTrue(), "%v", err)
		Expect(sim.WrongPasswords()).To(Equal(1))
	})

	It("is told that the project is not the user's", func(ctx SpecContext) {
		_, err := openstack.AuthenticatedClient(ctx, options("pass-word", "another-project"))
		Expect(gophercloud.ResponseCodeIs(err, http.StatusUnauthorized)).To(BeTrue(), "%v", err)
		Expect(sim.WrongPasswords()).To(BeZero())
	})
})
