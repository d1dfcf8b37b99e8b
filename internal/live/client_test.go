package live_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/live-operator/live-operator/internal/live"
)

const shown = `{"id":"` + configID + `","publish_domain":"publish.example.com","app":"live",
	"notify_callback_url":"https://callback.example.com/record","notify_event_subscription":["RECORD_OVER","RECORD_FILE_COMPLETE"],
	"sign_type":"MD5","key":"anoldanswershowedthekey0123456789","create_time":"2026-01-02T03:04:05Z","update_time":"2026-01-02T03:04:06Z"}`

var settings = live.Settings{
	PublishDomain:           "publish.example.com",
	App:                     "*",
	NotifyCallbackURL:       "https://callback.example.com/record",
	NotifyEventSubscription: []string{"RECORD_FILE_COMPLETE", "RECORD_OVER"},
	OnDemandCallbackURL:     "https://callback.example.com/a&b",
	SignType:                "HMACSHA256",
	Key:                     "0123456789abcdefghijABCDEFGHIJ0123",
}

var _ = Describe("The five operations", func() {
	It("creates with a POST of exactly the settings", func(ctx SpecContext) {
		server := startAPI(says(201, shown, "X-request-id", requestID, "Date", "Mon, 24 Nov 2025 03:00:00 GMT"))
		config, meta, err := clientOf(server.URL).Create(ctx, target, withToken(token), settings)
		Expect(err).NotTo(HaveOccurred())
		Expect(config.ID).To(Equal(configID))
		Expect(config.PublishDomain).To(Equal("publish.example.com"))
		Expect(*config.SignType).To(Equal("MD5"))
		Expect(config.OnDemandCallbackURL).To(BeNil())
		Expect(fmt.Sprintf("%+v", config)).NotTo(ContainSubstring("anoldanswer"), "a key that is shown is not read")
		Expect(meta.RequestID).To(Equal(requestID))
		Expect(meta.Date).To(Equal(time.Date(2025, 11, 24, 3, 0, 0, 0, time.UTC)))

		Expect(server.seen()).To(HaveLen(1))
		got := server.seen()[0]
		Expect(got.Method).To(Equal("POST"))
		Expect(got.URI).To(Equal("/v1/" + projectID + "/record/callbacks"))
		Expect(got.Body).To(Equal(`{"publish_domain":"publish.example.com","app":"*","notify_callback_url":"https://callback.example.com/record",` +
			`"notify_event_subscription":["RECORD_FILE_COMPLETE","RECORD_OVER"],"on_demand_callback_url":"https://callback.example.com/a&b",` +
			`"sign_type":"HMACSHA256","key":"0123456789abcdefghijABCDEFGHIJ0123"}`))
		Expect(got.Header.Get("Content-Type")).To(Equal("application/json"))
		Expect(got.Header.Get("User-Agent")).To(Equal("live-operator/v1.2.3"))
		Expect(got.Header.Get("X-Auth-Token")).To(Equal(token))
	})

	It("takes a 200 for a create, and an answer of the ID alone", func(ctx SpecContext) {
		config, _, err := clientOf(startAPI(says(200, `{"id":"a1"}`)).URL).Create(ctx, target, withToken(token), settings)
		Expect(err).NotTo(HaveOccurred())
		Expect(config).To(Equal(live.Config{ID: "a1"}))
	})

	It("leaves unset fields out of the body", func(ctx SpecContext) {
		server := startAPI(says(200, ""))
		_, _, err := clientOf(server.URL).Update(ctx, target, withToken(token), configID,
			live.Settings{PublishDomain: "publish.example.com", App: "live"})
		Expect(err).NotTo(HaveOccurred())
		Expect(server.seen()[0].Body).To(Equal(`{"publish_domain":"publish.example.com","app":"live"}`))
	})

	DescribeTable("updates with a PUT, whatever version of the API answers",
		func(ctx SpecContext, status int, body string, want string) {
			server := startAPI(says(status, body, "X-request-id", requestID))
			config, meta, err := clientOf(server.URL).Update(ctx, target, withToken(token), configID, settings)
			Expect(err).NotTo(HaveOccurred())
			Expect(config.ID).To(Equal(want))
			Expect(meta.RequestID).To(Equal(requestID))
			Expect(server.seen()).To(HaveLen(1))
			Expect(server.seen()[0].Method).To(Equal("PUT"))
			Expect(server.seen()[0].URI).To(Equal("/v1/" + projectID + "/record/callbacks/" + configID))
		},
		Entry("an empty body, as before 2022", 200, "", ""),
		Entry("whitespace", 200, " \n", ""),
		Entry("the configuration, since 2022", 200, shown, configID),
		Entry("an object without an ID", 200, `{}`, ""),
		Entry("an object with a field of another type", 200, `{"id":"`+configID+`","create_time":1}`, ""),
		Entry("a configuration that was not asked for", 200, `{"id":"another"}`, ""),
		Entry("no content", 204, "", ""),
	)

	It("shows with a GET without a body", func(ctx SpecContext) {
		server := startAPI(says(200, shown))
		config, _, err := clientOf(server.URL).Show(ctx, target, withToken(token), configID)
		Expect(err).NotTo(HaveOccurred())
		Expect(config.CreateTime).To(Equal("2026-01-02T03:04:05Z"))
		Expect(config.NotifyEventSubscription).To(Equal([]string{"RECORD_OVER", "RECORD_FILE_COMPLETE"}))
		got := server.seen()[0]
		Expect(got.Method).To(Equal("GET"))
		Expect(got.URI).To(Equal("/v1/" + projectID + "/record/callbacks/" + configID))
		Expect(got.Body).To(BeEmpty())
		Expect(got.Header).NotTo(HaveKey("Content-Type"))
	})

	DescribeTable("deletes with a DELETE", func(ctx SpecContext, status int, body string) {
		server := startAPI(says(status, body, "X-request-id", requestID))
		meta, err := clientOf(server.URL).Delete(ctx, target, withToken(token), configID)
		Expect(err).NotTo(HaveOccurred())
		Expect(meta.RequestID).To(Equal(requestID))
		Expect(server.seen()[0].Method).To(Equal("DELETE"))
	},
		Entry("no content", 204, ""),
		Entry("a 200 without a body", 200, ""),
		Entry("a 200 with an object", 200, "{}"),
	)

	DescribeTable("lists a page", func(ctx SpecContext, query live.Query, wantURI, body string, wantTotal, wantConfigs int) {
		server := startAPI(says(200, body))
		page, _, err := clientOf(server.URL).List(ctx, target, withToken(token), query)
		Expect(err).NotTo(HaveOccurred())
		Expect(page.Total).To(Equal(wantTotal))
		Expect(page.Configs).To(HaveLen(wantConfigs))
		Expect(server.seen()[0].URI).To(Equal("/v1/" + projectID + "/record/callbacks" + wantURI))
	},
		Entry("of everything", live.Query{Limit: 100}, "?limit=100", `{"total":2,"callback_config":[{"id":"a"},{"id":"b"}]}`, 2, 2),
		Entry("by domain and app, further on", live.Query{PublishDomain: "a.example.com", App: "*", Offset: 200, Limit: 100},
			"?app=%2A&limit=100&offset=200&publish_domain=a.example.com", `{"total":201,"callback_config":[{"id":"a"}]}`, 201, 1),
		Entry("by the API's own defaults", live.Query{}, "", `{"total":0,"callback_config":[]}`, 0, 0),
		Entry("that is empty and null", live.Query{}, "", `{"total":0,"callback_config":null}`, 0, 0),
		Entry("past the end", live.Query{Offset: 100}, "?offset=100", `{"total":7}`, 7, 0),
		Entry("without a total", live.Query{Offset: 5}, "?offset=5", `{"callback_config":[{"id":"a"}]}`, 0, 1),
	)

	DescribeTable("keeps a success that can't be read from passing as one, and says that it is uncertain",
		func(ctx SpecContext, call func(context.Context, *live.Client) (live.Meta, error), status int, body, message string) {
			server := startAPI(says(status, body, "X-request-id", requestID))
			meta, err := call(ctx, clientOf(server.URL))
			e := failure(err)
			Expect(e.Class).To(Equal(live.ClassUnavailable))
			Expect(e.Uncertain).To(BeTrue())
			Expect(e.HTTPStatus).To(Equal(status))
			Expect(e.Message).To(ContainSubstring(message))
			Expect(e.RequestID).To(Equal(requestID))
			Expect(meta.RequestID).To(Equal(requestID))
		},
		Entry("a create without an ID", create, 201, `{"publish_domain":"publish.example.com"}`, "no usable id"),
		Entry("a create with an ID that is no segment of a path", create, 201, `{"id":".."}`, "no usable id"),
		Entry("a create with an endless ID", create, 201, `{"id":"`+strings.Repeat("a", 129)+`"}`, "no usable id"),
		Entry("a create with an empty body", create, 201, "", "the answer is empty: 201 Created"),
		Entry("a create that is cut short", create, 201, `{"id":"a`, "the answer is cut short"),
		Entry("a create of null", create, 201, `null`, "no usable id"),
		Entry("a create that is only accepted", create, 202, shown, "202 Accepted"),
		Entry("an update that holds an error", update, 200, `{"error_code":"LIVE.100011001","error_msg":"Request Illegal"}`, "holds an error: Request Illegal"),
		Entry("an update with a list", update, 200, `[]`, "not the API's JSON"),
		Entry("a show without an ID", show, 200, `{}`, "no usable id"),
		Entry("a show of another configuration", show, 200, `{"id":"another"}`, "another configuration"),
		Entry("a show with more after it", show, 200, shown+shown, "not the API's JSON"),
		Entry("a list with an entry without an ID", list, 200, `{"total":2,"callback_config":[{"id":"a"},{"app":"b"}]}`, "no usable id"),
		Entry("a list that is none", list, 200, `{}`, "no list"),
		Entry("a list of another type", list, 200, `{"total":"many","callback_config":{}}`, "not the API's JSON"),
		Entry("a delete that holds an error", remove, 200, `{"error_code":"LIVE.100011001","error_msg":"Request Illegal"}`, "holds an error"),
		Entry("a delete answered with a page", remove, 200, `<html>Log in</html>`, "not the API's JSON"),
	)
})

func create(ctx context.Context, c *live.Client) (live.Meta, error) {
	_, meta, err := c.Create(ctx, target, withToken(token), settings)
	return meta, err
}

func update(ctx context.Context, c *live.Client) (live.Meta, error) {
	_, meta, err := c.Update(ctx, target, withToken(token), configID, settings)
	return meta, err
}

func show(ctx context.Context, c *live.Client) (live.Meta, error) {
	_, meta, err := c.Show(ctx, target, withToken(token), configID)
	return meta, err
}

func list(ctx context.Context, c *live.Client) (live.Meta, error) {
	_, meta, err := c.List(ctx, target, withToken(token), live.Query{Limit: 100})
	return meta, err
}

func remove(ctx context.Context, c *live.Client) (live.Meta, error) {
	return c.Delete(ctx, target, withToken(token), configID)
}

var _ = Describe("A request's path", func() {
	DescribeTable("holds an ID as one segment, whatever is in it", func(ctx SpecContext, id, segment string) {
		server := startAPI(says(204, ""))
		_, err := clientOf(server.URL).Delete(ctx, target, withToken(token), id)
		Expect(err).NotTo(HaveOccurred())
		Expect(server.seen()[0].URI).To(Equal("/v1/" + projectID + "/record/callbacks/" + segment))
	},
		Entry("slashes", "../../x", "..%2F..%2Fx"),
		Entry("an escaped slash", "a%2Fb", "a%252Fb"),
		Entry("escaped dots", "%2e%2e", "%252e%252e"),
		Entry("a query and a fragment", "a?b=c#d", "a%3Fb=c%23d"),
		Entry("other letters and a space", "配 置", "%E9%85%8D%20%E7%BD%AE"),
		Entry("a line break", "a\r\nX-Evil: 1", "a%0D%0AX-Evil:%201"),
		Entry("three dots", "...", "..."),
	)

	DescribeTable("is refused, and nothing sent, where it would be another's",
		func(ctx SpecContext, t live.Target, id, message string) {
			server := startAPI(says(204, ""))
			meta, err := clientOf(server.URL).Delete(ctx, t, withToken(token), id)
			e := failure(err)
			Expect(e.Class).To(Equal(live.ClassRejected))
			Expect(e.Operation).To(Equal(live.OperationDelete))
			Expect(e.Uncertain).To(BeFalse())
			Expect(e.Message).To(ContainSubstring(message))
			Expect(meta).To(BeZero())
			Expect(server.seen()).To(BeEmpty())
		},
		Entry("no ID", target, "", "ID is empty"),
		Entry("a dot", target, ".", "can't be ."),
		Entry("two dots", target, "..", "can't be .."),
		Entry("no project", live.Target{Region: "r"}, "a", "project ID is empty"),
		Entry("two dots for a project", live.Target{Region: "r", ProjectID: ".."}, "a", "can't be .."),
		Entry("a region that is a host", live.Target{Region: "evil.example.com/", ProjectID: "p"}, "a", "region"),
		Entry("no region", live.Target{ProjectID: "p"}, "a", "region"),
	)

	It("keeps the path of an endpoint as its prefix", func(ctx SpecContext) {
		server := startAPI(says(204, ""))
		_, err := clientOf(server.URL+"/live/{region}/").Delete(ctx, target, withToken(token), "a")
		Expect(err).NotTo(HaveOccurred())
		Expect(server.seen()[0].URI).To(Equal("/live/cn-north-4/v1/" + projectID + "/record/callbacks/a"))
	})
})

var _ = Describe("Authorization", func() {
	It("sees the request as it will be sent, and may read its body twice", func(ctx SpecContext) {
		server := startAPI(says(201, shown))
		var signed string
		_, _, err := clientOf(server.URL).Create(ctx, target, authorizer(func(_ context.Context, req *http.Request) error {
			body, err := req.GetBody()
			Expect(err).NotTo(HaveOccurred())
			content, err := io.ReadAll(body)
			Expect(err).NotTo(HaveOccurred())
			signed = fmt.Sprint(req.Method, req.URL.RequestURI(), req.ContentLength, string(content))
			_, err = io.Copy(io.Discard, req.Body)
			Expect(err).NotTo(HaveOccurred())
			return nil
		}), settings)
		Expect(err).NotTo(HaveOccurred())
		got := server.seen()[0]
		Expect(signed).To(Equal(fmt.Sprint(got.Method, got.URI, len(got.Body), got.Body)))
	})

	DescribeTable("that fails sends nothing",
		func(ctx SpecContext, cause error, class live.Class, operation live.Operation, message string) {
			server := startAPI(says(201, shown))
			_, meta, err := clientOf(server.URL).Create(ctx, target,
				authorizer(func(context.Context, *http.Request) error { return cause }), settings)
			e := failure(err)
			Expect(e.Class).To(Equal(class))
			Expect(e.Operation).To(Equal(operation))
			Expect(e.Message).To(ContainSubstring(message))
			Expect(e.Uncertain).To(BeFalse(), "the create was never sent")
			Expect(meta).To(BeZero())
			Expect(server.seen()).To(BeEmpty())
		},
		Entry("with an *Error of IAM keeps it", &live.Error{Operation: live.OperationAuthenticate, HTTPStatus: 503, Class: live.ClassUnavailable, Message: "IAM is down", Uncertain: true},
			live.ClassUnavailable, live.OperationAuthenticate, "IAM is down"),
		Entry("with a wrapped *Error keeps it too", fmt.Errorf("iam: %w", &live.Error{Class: live.ClassForbidden, Message: "locked"}),
			live.ClassForbidden, live.OperationAuthenticate, "locked"),
		Entry("with any other error is Unauthorized", errors.New("no such key"), live.ClassUnauthorized, live.OperationAuthenticate, "no such key"),
		Entry("with a file that can't be read is Unauthorized too", &fs.PathError{Op: "open", Path: "token", Err: syscall.ENOENT},
			live.ClassUnauthorized, live.OperationAuthenticate, "no such file"),
		Entry("with an error of the network is Unavailable", &net.OpError{Op: "dial", Net: "tcp", Err: &net.DNSError{Name: "iam.example.com", IsNotFound: true}},
			live.ClassUnavailable, live.OperationAuthenticate, "no such host: iam.example.com"),
		Entry("with somebody else's end of a context is Unavailable", fmt.Errorf("token: %w", context.Canceled),
			live.ClassUnavailable, live.OperationAuthenticate, "canceled"),
	)

	It("keeps the context's error", func(ctx SpecContext) {
		inner, cancel := context.WithCancel(ctx)
		_, _, err := clientOf(startAPI(says(201, shown)).URL).Create(inner, target, authorizer(func(ctx context.Context, _ *http.Request) error {
			cancel()
			<-ctx.Done()
			return ctx.Err()
		}), settings)
		Expect(failure(err).Operation).To(Equal(live.OperationAuthenticate))
		Expect(err).To(MatchError(context.Canceled))
	})

	It("counts towards the call's timeout", func(ctx SpecContext) {
		server := startAPI(says(201, shown))
		_, _, err := clientOf(server.URL, timeoutOf(50*time.Millisecond)).Create(ctx, target, authorizer(func(ctx context.Context, _ *http.Request) error {
			<-ctx.Done()
			return ctx.Err()
		}), settings)
		e := failure(err)
		Expect(err).To(MatchError(live.ErrTimeout))
		Expect(e.Message).To(Equal("no answer within 50ms"))
		Expect(e.Operation).To(Equal(live.OperationAuthenticate))
		Expect(e.Uncertain).To(BeFalse())
	})

	It("with a value that no header can carry is Unauthorized, and does not show it", func(ctx SpecContext) {
		server := startAPI(says(201, shown))
		_, _, err := clientOf(server.URL).Create(ctx, target, withToken(token+"\nX-Evil: 1"), settings)
		e := failure(err)
		Expect(e.Class).To(Equal(live.ClassUnauthorized))
		Expect(e.Message).To(ContainSubstring("X-Auth-Token"))
		Expect(server.seen()).To(BeEmpty())
	})
})

var _ = Describe("Connections", func() {
	It("are kept and shared by many callers at once", func(ctx SpecContext) {
		const workers, each = 16, 10
		var opened atomic.Int32
		server := &api{}
		server.Server = httptest.NewUnstartedServer(server.keeping(says(200, shown)))
		server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
			if state == http.StateNew {
				opened.Add(1)
			}
		}
		server.Start()
		DeferCleanup(server.Close)
		client := clientOf(server.URL)
		var group sync.WaitGroup
		for range workers {
			group.Go(func() {
				defer GinkgoRecover()
				for range each {
					_, err := show(ctx, client)
					Expect(err).NotTo(HaveOccurred())
				}
			})
		}
		group.Wait()
		Expect(server.seen()).To(HaveLen(workers * each))
		Expect(opened.Load()).To(BeNumerically("<=", workers+each), "not one for each call")
	})

	It("carry a change once, also where the server closes one that was idle", func(ctx SpecContext) {
		var calls atomic.Int32
		server := startAPI(func(w http.ResponseWriter, r *http.Request) {
			if calls.Add(1) == 2 {
				hangUp(w)
				return
			}
			says(200, "")(w, r)
		})
		client := clientOf(server.URL)
		_, err := update(ctx, client)
		Expect(err).NotTo(HaveOccurred())
		_, err = update(ctx, client)
		Expect(failure(err).Uncertain).To(BeTrue())
		Expect(calls.Load()).To(Equal(int32(2)))
	})
})

var _ = Describe("New", func() {
	DescribeTable("refuses", func(change func(*live.Options), message string) {
		o := live.Options{Endpoints: live.Endpoints{Template: live.DefaultTemplate}}
		change(&o)
		_, err := live.New(o)
		Expect(err).To(MatchError(ContainSubstring(message)))
	},
		Entry("no endpoint", func(o *live.Options) { o.Endpoints = live.Endpoints{} }, "no endpoint"),
		Entry("a bad endpoint", func(o *live.Options) { o.Endpoints.Template = "ftp://x" }, "https://"),
		Entry("a negative timeout", func(o *live.Options) { o.Timeout = -1 }, "negative"),
		Entry("a version with a line break", func(o *live.Options) { o.Version = "v1\n" }, "control characters"),
	)
})
