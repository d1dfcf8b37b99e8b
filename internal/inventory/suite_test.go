package inventory_test

import (
	"context"
	"fmt"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	clocktesting "k8s.io/utils/clock/testing"

	"github.com/live-operator/live-operator/internal/inventory"
	"github.com/live-operator/live-operator/internal/live"
	"github.com/live-operator/live-operator/internal/ratelimit"
)

func TestInventory(t *testing.T) {
	RegisterFailHandler(Fail)
	SetDefaultEventuallyTimeout(10 * time.Second)
	SetDefaultConsistentlyDuration(50 * time.Millisecond)
	RunSpecs(t, "Inventory")
}

var (
	here  = live.Target{Region: "cn-north-4", ProjectID: "project-1"}
	there = live.Target{Region: "cn-north-4", ProjectID: "project-2"}
)

// begin is where the hand-driven clock starts.
var begin = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// token is an Authorizer that a test knows again.
type token string

func (token) Authorize(context.Context, *http.Request) error { return nil }

func credential(id string) inventory.Credential {
	return inventory.Credential{ID: id, Authorizer: token(id)}
}

// call is a page that was asked for and waits for its answer.
type call struct {
	target live.Target
	by     string
	query  live.Query
	answer chan answer
}

type answer struct {
	page live.Page
	meta live.Meta
	err  error
}

func (c *call) shows(total int, configs ...live.Config) {
	c.answer <- answer{page: live.Page{Total: total, Configs: configs}}
}

// showsAll answers that these are all there is.
func (c *call) showsAll(configs ...live.Config) { c.shows(len(configs), configs...) }

func (c *call) fails(err error) { c.answer <- answer{err: err} }

// hand is a Lister that a test drives by hand.
type hand chan *call

func (h hand) List(ctx context.Context, t live.Target, a live.Authorizer, q live.Query) (live.Page, live.Meta, error) {
	c := &call{target: t, by: string(a.(token)), query: q, answer: make(chan answer, 1)}
	select {
	case h <- c:
	case <-ctx.Done():
		return live.Page{}, live.Meta{}, ended(ctx)
	}
	select {
	case r := <-c.answer:
		return r.page, r.meta, r.err
	case <-ctx.Done():
		return live.Page{}, live.Meta{}, ended(ctx)
	}
}

func ended(ctx context.Context) error {
	return &live.Error{Operation: live.OperationList, Class: live.ClassUnavailable, Message: "ended", Err: ctx.Err()}
}

// next is the page that is asked for next.
func (h hand) next() *call {
	GinkgoHelper()
	var c *call
	Eventually(h).Should(Receive(&c), "a page should be asked for")
	return c
}

// rests expects that nothing is asked for.
func (h hand) rests() {
	GinkgoHelper()
	Consistently(h).ShouldNot(Receive(), "no page should be asked for")
}

// bench is an inventory with all that a test drives it by.
type bench struct {
	*inventory.Inventory
	clock *clocktesting.FakeClock
	lists hand
}

func newBench(options ...func(*inventory.Options)) *bench {
	b := &bench{clock: clocktesting.NewFakeClock(begin), lists: make(hand)}
	ctx, cancel := context.WithCancel(context.Background())
	DeferCleanup(cancel)
	o := inventory.Options{Lister: b.lists, Budget: unlimited(), Clock: b.clock, Context: ctx}
	for _, set := range options {
		set(&o)
	}
	b.Inventory = inventory.New(o)
	return b
}

func unlimited() *ratelimit.Budget { return ratelimit.New(ratelimit.Options{}) }

// later moves the clock a second on and tells the time.
func (b *bench) later() time.Time {
	b.clock.Step(time.Second)
	return b.clock.Now()
}

// asker is somebody who looks.
type asker struct {
	*bench
	by          string
	notBefore   time.Time
	domain, app string
	woken       atomic.Int32
}

func (b *bench) asker(by string, notBefore time.Time) *asker {
	return &asker{bench: b, by: by, notBefore: notBefore, domain: "a.example.com", app: "live"}
}

func (a *asker) of(domain, app string) *asker {
	a.domain, a.app = domain, app
	return a
}

func (a *asker) look() (*inventory.View, error, bool) { //nolint:revive // As Look.
	return a.Look(here, credential(a.by), a.notBefore, a.domain, a.app, func() { a.woken.Add(1) })
}

// waits expects to be told to wait.
func (a *asker) waits() *asker {
	GinkgoHelper()
	view, err, pending := a.look()
	Expect(pending).To(BeTrue(), "a list should be under way")
	Expect(view).To(BeNil())
	Expect(err).NotTo(HaveOccurred())
	return a
}

// wakes expects to be woken so often in all.
func (a *asker) wakes(times int) *asker {
	GinkgoHelper()
	Eventually(a.woken.Load).Should(BeEquivalentTo(times), "its list has ended")
	return a
}

// sees expects a view with just these IDs.
func (a *asker) sees(ids ...string) *inventory.View {
	GinkgoHelper()
	view, err, pending := a.look()
	Expect(pending).To(BeFalse(), "there should be an answer by now")
	Expect(err).NotTo(HaveOccurred())
	Expect(view.Len()).To(Equal(len(ids)))
	for _, id := range ids {
		c, found := view.ByID(id)
		Expect(found).To(BeTrue(), "the view should hold %s", id)
		Expect(c.ID).To(Equal(id))
	}
	return view
}

// fails expects that error.
func (a *asker) fails(want error) {
	GinkgoHelper()
	view, err, pending := a.look()
	Expect(pending).To(BeFalse(), "there should be an answer by now")
	Expect(view).To(BeNil())
	Expect(err).To(BeIdenticalTo(want))
}

// config is one of the domain a.example.com; its app is its ID.
func config(id string) live.Config {
	return live.Config{ID: id, PublishDomain: "a.example.com", App: id, CreateTime: "2026-01-01T00:00:00Z"}
}

// configs are those numbered from to up to, but not, to.
func configs(from, to int) (all []live.Config) {
	for n := from; n < to; n++ {
		all = append(all, config(name(n)))
	}
	return all
}

func name(n int) string { return fmt.Sprintf("id-%05d", n) }

func names(from, to int) (all []string) {
	for n := from; n < to; n++ {
		all = append(all, name(n))
	}
	return all
}

// failure is an error of that class.
func failure(c live.Class) *live.Error {
	return &live.Error{Operation: live.OperationList, HTTPStatus: 400, Class: c, Message: "refused"}
}
