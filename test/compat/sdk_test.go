package compat_test

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"

	"github.com/huaweicloud/huaweicloud-sdk-go-v3/core/auth/basic"
	"github.com/huaweicloud/huaweicloud-sdk-go-v3/core/config"
	"github.com/huaweicloud/huaweicloud-sdk-go-v3/core/sdkerr"
	live "github.com/huaweicloud/huaweicloud-sdk-go-v3/services/live/v1"
	"github.com/huaweicloud/huaweicloud-sdk-go-v3/services/live/v1/model"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/live-operator/live-operator/test/livesim"
)

const (
	project     = "0123456789abcdef0123456789abcdef"
	accessKey   = "AKIDEXAMPLE"
	secretKey   = "wJalrXUtnFEMI-K7MDENG+bPxRfiCYEXAMPLEKEY"
	callbackKey = "abcdefghijklmnopqrstuvwxyz012345"
)

var _ = Describe("The vendor's SDK", func() {
	var sim *livesim.Simulator

	BeforeEach(func() {
		// The SDK writes there unless a user agent is set; it must not.
		home := GinkgoT().TempDir()
		GinkgoT().Setenv("HOME", home)
		DeferCleanup(func() { Expect(filepath.Join(home, ".huaweicloud")).NotTo(BeAnExistingFile()) })

		sim = livesim.New(livesim.Options{})
		sim.Start()
		DeferCleanup(sim.Close)
	})

	// client makes an SDK client that signs with these.
	client := func(access, secret, securityToken, projectID string) *live.LiveClient {
		GinkgoHelper()
		credentials, err := basic.NewCredentialsBuilder().
			WithAk(access).WithSk(secret).WithSecurityToken(securityToken).WithProjectId(projectID).SafeBuild()
		Expect(err).NotTo(HaveOccurred())
		http, err := live.LiveClientBuilder().
			WithCredential(credentials).
			WithEndpoint(sim.URL()).
			WithHttpConfig(config.DefaultHttpConfig().WithUserAgent("live-operator-compat")).
			SafeBuild()
		Expect(err).NotTo(HaveOccurred())
		return live.NewLiveClient(http)
	}

	body := func(domain, app string) *model.RecordCallbackConfigRequest {
		events := model.GetRecordCallbackConfigRequestNotifyEventSubscriptionEnum()
		signTypes := model.GetRecordCallbackConfigRequestSignTypeEnum()
		url, key := "https://callback.example.com/record", callbackKey
		return &model.RecordCallbackConfigRequest{
			PublishDomain:     domain,
			App:               app,
			NotifyCallbackUrl: &url,
			NotifyEventSubscription: &[]model.RecordCallbackConfigRequestNotifyEventSubscription{
				events.RECORD_NEW_FILE_START, events.RECORD_FILE_COMPLETE, events.RECORD_OVER, events.RECORD_FAILED,
			},
			SignType: &signTypes.MD5,
			Key:      &key,
		}
	}

	// failure is the SDK's typed error of a call that has to fail.
	failure := func(_ any, err error) *sdkerr.ServiceResponseError {
		GinkgoHelper()
		var typed *sdkerr.ServiceResponseError
		Expect(errors.As(err, &typed)).To(BeTrue(), "%T %v", err, err)
		return typed
	}

	Context("with an access key", func() {
		var c *live.LiveClient

		BeforeEach(func() {
			sim.AddAccessKey(accessKey, secretKey, project)
			c = client(accessKey, secretKey, "", project)
		})

		It("creates, shows, lists, updates and deletes a configuration", func() {
			created, err := c.CreateRecordCallbackConfig(&model.CreateRecordCallbackConfigRequest{Body: body("publish.example.com", "live")})
			Expect(err).NotTo(HaveOccurred())
			Expect(created.HttpStatusCode).To(Equal(http.StatusCreated))
			id := *created.Id
			Expect(sim.KeyOf(project, id).Reveal()).To(Equal(callbackKey))

			shown, err := c.ShowRecordCallbackConfig(&model.ShowRecordCallbackConfigRequest{Id: id})
			Expect(err).NotTo(HaveOccurred())
			Expect(*shown.PublishDomain).To(Equal("publish.example.com"))
			Expect(*shown.App).To(Equal("live"))
			Expect(*shown.NotifyCallbackUrl).To(Equal("https://callback.example.com/record"))
			Expect(*shown.NotifyEventSubscription).To(HaveLen(4))
			Expect(shown.SignType.Value()).To(Equal("MD5"))
			Expect(*shown.CreateTime).To(MatchRegexp(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$`))
			Expect(*shown.UpdateTime).To(Equal(*shown.CreateTime))

			changed := body("publish.example.com", "live")
			url := "http://other.example.com/record"
			changed.NotifyCallbackUrl, changed.Key, changed.SignType, changed.NotifyEventSubscription = &url, nil, nil, nil
			updated, err := c.UpdateRecordCallbackConfig(&model.UpdateRecordCallbackConfigRequest{Id: id, Body: changed})
			Expect(err).NotTo(HaveOccurred())
			Expect(updated.HttpStatusCode).To(Equal(http.StatusOK))
			Expect(*updated.NotifyCallbackUrl).To(Equal(url))
			Expect(updated.SignType.Value()).To(Equal("MD5"), "a PUT leaves what it does not send")

			listed, err := c.ListRecordCallbackConfigs(&model.ListRecordCallbackConfigsRequest{})
			Expect(err).NotTo(HaveOccurred())
			Expect(*listed.Total).To(BeEquivalentTo(1))
			Expect(*(*listed.CallbackConfig)[0].Id).To(Equal(id))

			deleted, err := c.DeleteRecordCallbackConfig(&model.DeleteRecordCallbackConfigRequest{Id: id})
			Expect(err).NotTo(HaveOccurred())
			Expect(deleted.HttpStatusCode).To(Equal(http.StatusNoContent))
			Expect(sim.Configs(project)).To(BeEmpty())
			Expect(sim.Acted(project).Live()).To(Equal(5))
			for _, call := range sim.Calls() {
				Expect(call.UserAgent()).To(ContainSubstring("live-operator-compat"))
				Expect(call.Header).To(HaveKeyWithValue("X-Project-Id", []string{project}))
			}
		})

		It("creates with no more than a domain and any app", func() {
			_, err := c.CreateRecordCallbackConfig(&model.CreateRecordCallbackConfigRequest{
				Body: &model.RecordCallbackConfigRequest{PublishDomain: "publish.example.com", App: "*"},
			})
			Expect(err).NotTo(HaveOccurred())
		})

		It("pages through a list and filters it", func() {
			for i := range 120 {
				sim.Seed(project, livesim.Config{PublishDomain: "publish.example.com", App: fmt.Sprintf("app %d/*", i)})
			}
			limit, offset := int32(100), int32(100)
			page, err := c.ListRecordCallbackConfigs(&model.ListRecordCallbackConfigsRequest{Limit: &limit, Offset: &offset})
			Expect(err).NotTo(HaveOccurred())
			Expect(*page.Total).To(BeEquivalentTo(120))
			Expect(*page.CallbackConfig).To(HaveLen(20))

			domain, app := "publish.example.com", "app 7/*"
			page, err = c.ListRecordCallbackConfigs(&model.ListRecordCallbackConfigsRequest{PublishDomain: &domain, App: &app})
			Expect(err).NotTo(HaveOccurred(), "the query is signed as the SDK escapes it")
			Expect(*page.CallbackConfig).To(HaveLen(1))
		})

		It("gets the service's errors as typed errors with the request ID", func() {
			missing := failure(c.ShowRecordCallbackConfig(&model.ShowRecordCallbackConfigRequest{Id: "e89b76"}))
			Expect(missing.StatusCode).To(Equal(http.StatusNotFound))
			Expect(missing.ErrorCode).To(Equal("LIVE.103011019"))
			Expect(missing.ErrorMessage).NotTo(BeEmpty())
			Expect(missing.RequestId).To(Equal(sim.Calls()[0].RequestID))
			Expect(missing.RequestId).To(MatchRegexp(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}-\d{13}-live-sim-0$`))
			Expect(failure(c.UpdateRecordCallbackConfig(&model.UpdateRecordCallbackConfigRequest{
				Id: "e89b76", Body: body("publish.example.com", "live"),
			})).ErrorCode).To(Equal("LIVE.103011019"))
			Expect(failure(c.DeleteRecordCallbackConfig(&model.DeleteRecordCallbackConfigRequest{Id: "e89b76"})).ErrorCode).
				To(Equal("LIVE.103011019"))

			sim.Seed(project, livesim.Config{PublishDomain: "publish.example.com", App: "live"})
			taken := failure(c.CreateRecordCallbackConfig(&model.CreateRecordCallbackConfigRequest{Body: body("publish.example.com", "live")}))
			Expect(taken.StatusCode).To(Equal(http.StatusBadRequest))
			Expect(taken.ErrorCode).To(Equal("LIVE.103011018"))

			illegal := failure(c.CreateRecordCallbackConfig(&model.CreateRecordCallbackConfigRequest{Body: body("", "live")}))
			Expect(illegal.ErrorCode).To(Equal("LIVE.100011001"))
		})

		It("gets the gateway's errors as typed errors", func() {
			sim.SetBehavior(func(b *livesim.Behavior) { b.LimitPerMinute = 1 })
			list := func() *sdkerr.ServiceResponseError {
				return failure(c.ListRecordCallbackConfigs(&model.ListRecordCallbackConfigsRequest{}))
			}
			_, err := c.ListRecordCallbackConfigs(&model.ListRecordCallbackConfigsRequest{})
			Expect(err).NotTo(HaveOccurred())
			Expect(list()).To(And(
				HaveField("StatusCode", http.StatusTooManyRequests),
				HaveField("ErrorCode", "APIGW.0308"),
				HaveField("RequestId", MatchRegexp(`^[0-9a-f]{32}$`)),
			))
			other := client(accessKey, secretKey, "", "another-project")
			Expect(failure(other.ListRecordCallbackConfigs(&model.ListRecordCallbackConfigsRequest{})).ErrorCode).To(Equal("APIGW.0310"))
		})

		It("is refused with a wrong secret key", func() {
			wrong := client(accessKey, secretKey+"x", "", project)
			refused := failure(wrong.ListRecordCallbackConfigs(&model.ListRecordCallbackConfigsRequest{}))
			Expect(refused.StatusCode).To(Equal(http.StatusUnauthorized))
			Expect(refused.ErrorCode).To(Equal("APIGW.0301"))
			Expect(refused.ErrorMessage).To(ContainSubstring("verify aksk signature fail"))
		})
	})

	It("works with a temporary key and its security token", func() {
		sim.AddTemporaryAccessKey(accessKey, secretKey, "security-token", project)
		_, err := client(accessKey, secretKey, "security-token", project).
			ListRecordCallbackConfigs(&model.ListRecordCallbackConfigsRequest{})
		Expect(err).NotTo(HaveOccurred())
		Expect(failure(client(accessKey, secretKey, "", project).
			ListRecordCallbackConfigs(&model.ListRecordCallbackConfigsRequest{})).ErrorCode).To(Equal("APIGW.0301"))
	})

	It("does not write into the home directory", func() {
		sim.AddAccessKey(accessKey, secretKey, project)
		_, err := client(accessKey, secretKey, "", project).ListRecordCallbackConfigs(&model.ListRecordCallbackConfigsRequest{})
		Expect(err).NotTo(HaveOccurred())
		entries, err := os.ReadDir(os.Getenv("HOME"))
		Expect(err).NotTo(HaveOccurred())
		Expect(entries).To(BeEmpty())
	})
})
