package livesim_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/live-operator/live-operator/test/livesim"
)

var full = map[string]any{
	"notify_callback_url":       "https://callback.example.com/record",
	"notify_event_subscription": []string{"RECORD_OVER", "RECORD_FAILED"},
	"on_demand_callback_url":    "http://callback.example.com/ondemand",
	"sign_type":                 "MD5",
	"key":                       goodKey,
}

var _ = Describe("The five operations", func() {
	It("create, show, list, update and delete a configuration", func() {
		sim := start(livesim.Options{})

		created := sim.create(settings(full))
		Expect(created.status).To(Equal(http.StatusCreated))
		id := created.id()
		Expect(id).To(MatchRegexp(`^[0-9a-f]{32}$`))
		Expect(created.field("create_time")).To(MatchRegexp(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$`))

		shown := sim.call(http.MethodGet, callbacks+"/"+id, "")
		Expect(shown.status).To(Equal(http.StatusOK))
		Expect(shown.raw).To(Equal(created.raw))
		Expect(shown.field("notify_event_subscription")).To(Equal([]any{"RECORD_OVER", "RECORD_FAILED"}))
		Expect(shown.field("sign_type")).To(Equal("MD5"))

		listed := sim.call(http.MethodGet, callbacks, "")
		Expect(listed.raw).To(MatchJSON(`{"total":1,"callback_config":[` + shown.raw + `]}`))

		updated := sim.call(http.MethodPut, callbacks+"/"+id, settings(map[string]any{"sign_type": "HMACSHA256"}))
		Expect(updated.status).To(Equal(http.StatusOK))
		Expect(updated.field("sign_type")).To(Equal("HMACSHA256"))

		deleted := sim.call(http.MethodDelete, callbacks+"/"+id, "")
		Expect(deleted.status).To(Equal(http.StatusNoContent))
		Expect(deleted.raw).To(BeEmpty())
		Expect(deleted.header).NotTo(HaveKey("Content-Type"))
		Expect(sim.Configs(project)).To(BeEmpty())
	})

	It("give what is not set the documented defaults", func() {
		sim := start(livesim.Options{})
		created := sim.create(minimal)
		Expect(created.field("notify_event_subscription")).To(Equal([]any{"RECORD_FILE_COMPLETE"}))
		Expect(created.field("sign_type")).To(Equal("HMACSHA256"))
		Expect(created.field("notify_callback_url")).To(BeEmpty())
	})

	It("store the callback key and never show it", func() {
		sim := start(livesim.Options{})
		created := sim.create(settings(full))
		for _, answer := range []reply{
			created,
			sim.call(http.MethodGet, callbacks+"/"+created.id(), ""),
			sim.call(http.MethodGet, callbacks, ""),
			sim.call(http.MethodPut, callbacks+"/"+created.id(), settings(full)),
		} {
			Expect(answer.raw).NotTo(ContainSubstring(goodKey))
		}
		key := sim.KeyOf(project, created.id())
		Expect(key.Reveal()).To(Equal(goodKey))
		Expect(sim.Configs(project)[0].Key).To(BeEmpty())
		Expect(fmt.Sprintf("%v %+v %#v %q %s", key, key, key, key, key)).NotTo(ContainSubstring(goodKey))
	})

	It("carry a request ID in the documented form and the API's own time", func() {
		clock := &livesim.Clock{}
		clock.Set(time.Date(2026, 11, 24, 3, 41, 20, 696e6, time.UTC))
		sim := start(livesim.Options{Clock: clock})
		created := sim.create(minimal)
		Expect(created.header.Get("X-Request-Id")).To(MatchRegexp(
			`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}-1795491680696-live-sim-0$`))
		Expect(created.header.Get("Date")).To(Equal("Tue, 24 Nov 2026 03:41:20 GMT"))
		Expect(created.field("create_time")).To(Equal("2026-11-24T03:41:20Z"))

		clock.Advance(90 * time.Second)
		updated := sim.call(http.MethodPut, callbacks+"/"+created.id(), minimal)
		Expect(updated.field("create_time")).To(Equal("2026-11-24T03:41:20Z"))
		Expect(updated.field("update_time")).To(Equal("2026-11-24T03:42:50Z"))
		Expect(updated.header.Get("X-Request-Id")).NotTo(Equal(created.header.Get("X-Request-Id")))
	})

	It("refuse a second configuration of a domain and app, on create and on update", func() {
		sim := start(livesim.Options{})
		sim.create(minimal)
		again := sim.create(minimal)
		Expect(again.status).To(Equal(http.StatusBadRequest))
		Expect(again.code()).To(Equal("LIVE.103011018"))

		other := sim.create(settings(map[string]any{"app": "*"}))
		moved := sim.call(http.MethodPut, callbacks+"/"+other.id(), minimal)
		Expect(moved.status).To(Equal(http.StatusBadRequest))
		Expect(moved.code()).To(Equal("LIVE.103011018"))
		Expect(sim.Configs(project)).To(HaveLen(2))
	})

	DescribeTable("answer the service's own 404 for an ID that does not exist", func(method, body string) {
		answer := start(livesim.Options{}).call(method, callbacks+"/e89b76", body)
		Expect(answer.status).To(Equal(http.StatusNotFound))
		Expect(answer.code()).To(Equal("LIVE.103011019"))
		Expect(answer.field("request_id")).To(BeNil())
		Expect(answer.header.Get("X-Request-Id")).To(HaveSuffix("-live-sim-0"))
	},
		Entry("on show", http.MethodGet, ""),
		Entry("on update", http.MethodPut, minimal),
		Entry("on delete", http.MethodDelete, ""),
	)

	DescribeTable("answer the gateway's 404 for a path or method that is no API", func(method, path string) {
		answer := start(livesim.Options{}).call(method, path, "")
		Expect(answer.status).To(Equal(http.StatusNotFound))
		Expect(answer.code()).To(Equal("APIGW.0101"))
		Expect(answer.field("request_id")).To(MatchRegexp(`^[0-9a-f]{32}$`))
		Expect(answer.header.Get("X-Request-Id")).To(Equal(answer.field("request_id")))
	},
		Entry("the singular of the example", http.MethodPut, "/v1/"+project+"/record/callback/e89b76"),
		Entry("the root", http.MethodGet, "/"),
		Entry("a slash at the end", http.MethodGet, callbacks+"/"),
		Entry("something below a configuration", http.MethodGet, callbacks+"/e89b76/x"),
		Entry("two slashes", http.MethodGet, "//v1/"+project+"/record/callbacks"),
		Entry("no project", http.MethodGet, "/v1//record/callbacks"),
		Entry("another version", http.MethodGet, "/v2/"+project+"/record/callbacks"),
		Entry("PATCH on a configuration", http.MethodPatch, callbacks+"/e89b76"),
		Entry("DELETE on the collection", http.MethodDelete, callbacks),
		Entry("GET on the token call", http.MethodGet, "/v3/auth/tokens"),
	)

	It("take an escaped ID for what it stands for", func() {
		sim := start(livesim.Options{})
		sim.Seed(project, livesim.Config{ID: "a-b_c", PublishDomain: "publish.example.com"})
		Expect(sim.call(http.MethodGet, callbacks+"/a%2Db%5Fc", "").id()).To(Equal("a-b_c"))
		Expect(sim.call(http.MethodGet, callbacks+"/"+strings.Repeat("a", 129), "").code()).To(Equal("LIVE.100011001"))
	})

	It("keep projects apart", func() {
		sim := start(livesim.Options{})
		sim.AddToken("token-b", "project-b")
		id := sim.create(minimal).id()
		req := sim.request(http.MethodGet, "/v1/project-b/record/callbacks/"+id, "")
		req.Header.Set("X-Auth-Token", "token-b")
		Expect(sim.send(req).code()).To(Equal("LIVE.103011019"))
	})
})

var _ = Describe("What the API takes", func() {
	DescribeTable("as a body", func(body string, accepted bool) {
		sim := start(livesim.Options{})
		answer := sim.create(body)
		if accepted {
			Expect(answer.status).To(Equal(http.StatusCreated), answer.raw)
			return
		}
		Expect(answer.status).To(Equal(http.StatusBadRequest))
		Expect(answer.code()).To(Equal("LIVE.100011001"))
		Expect(answer.raw).To(ContainSubstring("Request Illegal"))
		Expect(sim.Configs(project)).To(BeEmpty())
	},
		Entry("every field", settings(full), true),
		Entry("a domain of 255 characters", settings(map[string]any{"publish_domain": strings.Repeat("d", 255)}), true),
		Entry("a domain of 256", settings(map[string]any{"publish_domain": strings.Repeat("d", 256)}), false),
		Entry("no domain", settings(map[string]any{"publish_domain": nil}), false),
		Entry("an empty domain", settings(map[string]any{"publish_domain": ""}), false),
		Entry("an app of 128 characters", settings(map[string]any{"app": strings.Repeat("a", 128)}), true),
		Entry("an app of 129", settings(map[string]any{"app": strings.Repeat("a", 129)}), false),
		Entry("no app", settings(map[string]any{"app": nil}), false),
		Entry("any app, as the text has it", settings(map[string]any{"app": "*"}), true),
		Entry("any app, as the example has it", settings(map[string]any{"app": "**"}), true),
		Entry("an app that is a number", settings(map[string]any{"app": 1}), false),
		Entry("a URL with a query", settings(map[string]any{"notify_callback_url": "https://a.example.com/?x=1"}), false),
		Entry("a URL with an empty query", settings(map[string]any{"notify_callback_url": "https://a.example.com/?"}), false),
		Entry("a URL with a fragment", settings(map[string]any{"notify_callback_url": "https://a.example.com/#x"}), false),
		Entry("a URL of another scheme", settings(map[string]any{"notify_callback_url": "ftp://a.example.com/"}), false),
		Entry("a URL without a host", settings(map[string]any{"on_demand_callback_url": "https:///x"}), false),
		Entry("an empty URL", settings(map[string]any{"on_demand_callback_url": ""}), false),
		Entry("all four events", settings(map[string]any{"notify_event_subscription": []string{
			"RECORD_NEW_FILE_START", "RECORD_FILE_COMPLETE", "RECORD_OVER", "RECORD_FAILED"}}), true),
		Entry("an unknown event", settings(map[string]any{"notify_event_subscription": []string{"RECORD_BEGIN"}}), false),
		Entry("an event twice", settings(map[string]any{"notify_event_subscription": []string{"RECORD_OVER", "RECORD_OVER"}}), false),
		Entry("no events", settings(map[string]any{"notify_event_subscription": []string{}}), false),
		Entry("events in one string", settings(map[string]any{"notify_event_subscription": "RECORD_OVER"}), false),
		Entry("a null among the events", `{"publish_domain":"d","app":"a","notify_event_subscription":[null]}`, false),
		Entry("an unknown sign type", settings(map[string]any{"sign_type": "SHA1"}), false),
		Entry("a sign type in lower case", settings(map[string]any{"sign_type": "md5"}), false),
		Entry("a key of 31 characters", settings(map[string]any{"key": goodKey[:31]}), false),
		Entry("a key with a dash", settings(map[string]any{"key": goodKey + "-"}), false),
		Entry("a key of 200 characters", settings(map[string]any{"key": strings.Repeat("k", 200)}), true),
		Entry("an unknown field", settings(map[string]any{"color": "red"}), false),
		Entry("an id", settings(map[string]any{"id": "e89b76"}), false),
		Entry("a field in another case", `{"Publish_Domain":"d","publish_domain":"d","app":"a"}`, false),
		Entry("a null", `{"publish_domain":"d","app":"a","sign_type":null}`, false),
		Entry("a field twice", `{"publish_domain":"d","app":"a","app":"b"}`, false),
		Entry("more than one value", minimal+minimal, false),
		Entry("a list", `[`+minimal+`]`, false),
		Entry("half of one", minimal[:20], false),
		Entry("nothing but a space", " ", false),
		Entry("more than a megabyte", settings(map[string]any{"app": strings.Repeat("a", 1<<20)}), false),
	)

	DescribeTable("as the type of a body", func(contentType []string, accepted bool) {
		sim := start(livesim.Options{})
		req := sim.request(http.MethodPost, callbacks, minimal)
		req.Header["Content-Type"] = contentType
		answer := sim.send(req)
		if accepted {
			Expect(answer.status).To(Equal(http.StatusCreated))
			return
		}
		Expect(answer.status).To(Equal(http.StatusBadRequest))
		Expect(answer.code()).To(Equal("LIVE.100011012"))
	},
		Entry("JSON", []string{"application/json"}, true),
		Entry("JSON in UTF-8, as the SDK says", []string{"application/json; charset=UTF-8"}, true),
		Entry("JSON in another charset", []string{"application/json; charset=latin1"}, false),
		Entry("text", []string{"text/plain"}, false),
		Entry("none", nil, false),
		Entry("two", []string{"application/json", "application/json"}, false),
	)

	DescribeTable("as a list's query", func(query string, accepted bool) {
		answer := start(livesim.Options{}).call(http.MethodGet, callbacks+"?"+query, "")
		if accepted {
			Expect(answer.status).To(Equal(http.StatusOK))
			return
		}
		Expect(answer.status).To(Equal(http.StatusBadRequest))
		Expect(answer.code()).To(Equal("LIVE.100011001"))
	},
		Entry("every parameter", "publish_domain=d&app=*&offset=4096&limit=100", true),
		Entry("an offset of 4097", "offset=4097", false),
		Entry("an offset below 0", "offset=-1", false),
		Entry("a limit of 0", "limit=0", false),
		Entry("a limit of 101", "limit=101", false),
		Entry("a limit that is no number", "limit=ten", false),
		Entry("a parameter twice", "limit=1&limit=2", false),
		Entry("an unknown parameter", "marker=x", false),
		Entry("an empty domain", "publish_domain=", false),
		Entry("a query that cannot be read", "app=%zz", false),
	)

	It("as a query or body of the other operations: none", func() {
		sim := start(livesim.Options{})
		id := sim.create(minimal).id()
		Expect(sim.call(http.MethodGet, callbacks+"/"+id+"?limit=1", "").code()).To(Equal("LIVE.100011001"))
		Expect(sim.call(http.MethodDelete, callbacks+"/"+id, minimal).code()).To(Equal("LIVE.100011001"))
		Expect(sim.Configs(project)).To(HaveLen(1))
	})
})

var _ = Describe("A list", func() {
	It("pages in order of creation, ten at a time by default", func() {
		sim := start(livesim.Options{})
		for i := range 25 {
			sim.Seed(project, livesim.Config{ID: fmt.Sprintf("id-%02d", i), PublishDomain: fmt.Sprintf("d%d.example.com", i%2), App: fmt.Sprint(i)})
		}
		ids := func(query string) (total any, ids []string) {
			answer := sim.call(http.MethodGet, callbacks+query, "")
			var page struct {
				Configs []struct{ ID string } `json:"callback_config"`
			}
			Expect(json.Unmarshal([]byte(answer.raw), &page)).To(Succeed())
			for _, c := range page.Configs {
				ids = append(ids, c.ID)
			}
			return answer.field("total"), ids
		}
		total, first := ids("")
		Expect(total).To(BeEquivalentTo(25))
		Expect(first).To(HaveLen(10))
		Expect(first[0]).To(Equal("id-00"))
		_, last := ids("?offset=20&limit=100")
		Expect(last).To(Equal([]string{"id-20", "id-21", "id-22", "id-23", "id-24"}))
		_, beyond := ids("?offset=25")
		Expect(beyond).To(BeEmpty())
		total, filtered := ids("?publish_domain=d1.example.com&offset=10&limit=3")
		Expect(total).To(BeEquivalentTo(12))
		Expect(filtered).To(Equal([]string{"id-21", "id-23"}))
		_, one := ids("?app=7")
		Expect(one).To(Equal([]string{"id-07"}))
	})

	It("serves a project of 10,000", func() {
		sim := start(livesim.Options{})
		for i := range 10_000 {
			sim.Seed(project, livesim.Config{PublishDomain: fmt.Sprintf("d%d.example.com", i)})
		}
		answer := sim.call(http.MethodGet, callbacks+"?offset=4096&limit=100", "")
		Expect(answer.field("total")).To(BeEquivalentTo(10_000))
		Expect(answer.raw).To(ContainSubstring("d4195.example.com"))
		Expect(sim.call(http.MethodGet, callbacks+"?publish_domain=d9999.example.com", "").field("total")).To(BeEquivalentTo(1))
	})
})
