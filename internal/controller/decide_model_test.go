package controller

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"

	"github.com/live-operator/live-operator/api/v1alpha1"
	"github.com/live-operator/live-operator/internal/live"
)

// A model of the API, and of the passes over one resource, in which answers get
// lost, POSTs arrive late, the operator is killed anywhere, and other people
// make, change and remove configurations. It does with a decision what a pass
// does with it, and knows what a pass can't know: who made what.

// made is a configuration, and whether the operator made it.
type made struct {
	live.Config
	own bool
}

// late is a POST that arrives after the operator gave up on it.
type late struct {
	at   time.Time
	sent live.Settings
}

const callTimeout = 30 * time.Second

type model struct {
	r *rand.Rand
	// The API. It may or may not keep domain and app unique, its clock is not the
	// operator's, and nothing of it is promised but what a call answers.
	now     time.Time
	skew    time.Duration
	unique  bool
	canList bool
	configs map[string]*made
	under   []late
	number  int

	// The resource.
	spec       v1alpha1.RecordCallbackConfigSpec
	status     v1alpha1.RecordCallbackConfigStatus
	generation int64
	mark       time.Time
	finalizer  bool
	deleting   bool
	released   bool

	// The operator's memory.
	started     time.Time
	marked      bool
	uncertain   bool
	quietUntil  time.Time
	gone        string
	corrections int
	corrected   []string

	// chaos: calls and the operator may fail.
	chaos  bool
	writes int
	trace  []string
}

func newModel(r *rand.Rand) *model {
	m := &model{
		r: r, now: markTime, skew: pick(r, 0, -3*time.Hour, 90*time.Minute), unique: r.IntN(2) == 0, canList: r.IntN(8) > 0,
		configs: map[string]*made{}, spec: theSpec(), generation: 1, chaos: true,
	}
	m.spec.AdoptionPolicy = pick(r, v1alpha1.AdoptionNever, v1alpha1.AdoptionNever, v1alpha1.AdoptionIfExists)
	m.spec.DeletionPolicy = pick(r, "", "", v1alpha1.DeletionDelete, v1alpha1.DeletionRetain)
	m.spec.DriftPolicy = pick(r, v1alpha1.DriftCorrect, v1alpha1.DriftCorrect, v1alpha1.DriftReport)
	m.restart()
	return m
}

func (m *model) say(format string, args ...any) {
	m.trace = append(m.trace, fmt.Sprintf("%s  ", m.now.Format("15:04:05"))+fmt.Sprintf(format, args...))
}

func (m *model) fail(format string, args ...any) {
	GinkgoHelper()
	Fail(fmt.Sprintf(format, args...) + "\n" + strings.Join(m.trace, "\n"))
}

// rarely is true now and then while there is chaos.
func (m *model) rarely() bool { return m.chaos && m.r.IntN(5) == 0 }

func (m *model) restart() {
	m.started = m.now
	m.marked, m.uncertain, m.quietUntil, m.gone, m.corrections, m.corrected = false, false, time.Time{}, "", 0, nil
}

// pass passes time, and lets late POSTs arrive.
func (m *model) pass(d time.Duration) {
	m.now = m.now.Add(d)
	m.under = slices.DeleteFunc(m.under, func(l late) bool {
		if l.at.After(m.now) {
			return false
		}
		id := m.post(l.sent)
		m.say("a late POST arrives: %q", id)
		return true
	})
}

func (m *model) apiNow() time.Time { return m.now.Add(m.skew) }

func (m *model) byKey(domain, app string) (live.Config, bool) {
	var best *made
	for _, c := range m.configs {
		if c.PublishDomain == domain && c.App == app && (best == nil || c.CreateTime < best.CreateTime || c.CreateTime == best.CreateTime && c.ID < best.ID) {
			best = c
		}
	}
	if best == nil {
		return live.Config{}, false
	}
	return best.Config, true
}

// post is a POST that reached the API: its ID, or none where the API refuses.
func (m *model) post(sent live.Settings) string {
	if _, taken := m.byKey(sent.PublishDomain, sent.App); taken && m.unique {
		return ""
	}
	m.number++
	c := &made{own: true, Config: live.Config{ID: fmt.Sprint("own", m.number), CreateTime: apiTime(m.apiNow())}}
	c.put(sent)
	m.configs[c.ID] = c
	own := 0
	for _, c := range m.configs {
		if c.own {
			own++
		}
	}
	if own > 1 {
		m.fail("the operator has made two configurations")
	}
	return c.ID
}

func (c *made) put(sent live.Settings) {
	c.PublishDomain, c.App, c.NotifyCallbackURL = sent.PublishDomain, sent.App, sent.NotifyCallbackURL
	c.NotifyEventSubscription, c.SignType = sent.NotifyEventSubscription, &sent.SignType
	slices.Reverse(c.NotifyEventSubscription) // The API promises no order.
}

func (m *model) facts() *facts {
	if !m.mark.IsZero() && !owns(&m.status) && !m.marked {
		m.marked, m.uncertain, m.quietUntil = true, true, m.started.Add(callTimeout)
	}
	f := given()
	f.generation, f.spec, f.status = m.generation, m.spec, *m.status.DeepCopy()
	f.mark, f.quietUntil = m.mark, m.quietUntil
	f.deleting, f.finalizer = m.deleting, m.finalizer
	f.due = !m.chaos || m.r.IntN(2) == 0 || readyReason(&m.status, m.generation) != v1alpha1.ReasonSynced
	f.corrections, f.corrected = m.corrections, m.corrected
	f.sight.shown = m.gone != "" && m.gone == m.status.ID
	return f
}

// reconcile is one pass.
func (m *model) reconcile() {
	if m.released {
		return
	}
	if m.deleting && !m.finalizer {
		m.released = true
		return
	}
	f := m.facts()
	for range 6 {
		d := decide(f)
		m.say("%s %s %s", d.action, d.id, d.verdict.reason)
		expectSafe(f, &d, strings.Join(m.trace, "\n"))
		m.expectOwn(&d)
		switch d.action {
		case actionLook:
			m.look(f)
		case actionShow:
			f.sight.shown = true
			if c := m.configs[d.id]; c != nil {
				shown := c.Config
				f.sight.show = &shown
			} else {
				m.gone = d.id
			}
		case actionUpdate, actionAdopt:
			if m.update(f, &d) {
				continue
			}
			return
		default:
			m.act(f, &d)
			return
		}
	}
	m.fail("a pass that does not end")
}

func (m *model) look(f *facts) {
	if !m.canList {
		f.sight.listForbidden = true
		return
	}
	var configs []live.Config
	for _, c := range m.configs {
		if m.rarely() && owns(&m.status) && c.ID == m.status.ID {
			continue // Others were deleted meanwhile, and the pages moved.
		}
		configs = append(configs, c.Config)
	}
	slices.SortFunc(configs, func(a, b live.Config) int { return strings.Compare(a.CreateTime+a.ID, b.CreateTime+b.ID) })
	listing(configs...)(f)
	f.sight.listedAt, f.sight.date = m.now, m.apiNow()
}

// expectOwn sees that a write is about what the operator made, or was given.
func (m *model) expectOwn(d *decision) {
	GinkgoHelper()
	c := m.configs[d.id]
	switch d.action {
	case actionDelete:
		if c != nil && !c.own && m.spec.DeletionPolicy != v1alpha1.DeletionDelete {
			m.fail("it deletes what somebody else made")
		}
		if c != nil && !c.own && m.status.Origin != adopted {
			m.fail("it deletes what was never taken over")
		}
	case actionUpdate, actionAdopt:
		if c != nil && !c.own && m.status.Origin != adopted && m.spec.ID != d.id && m.spec.AdoptionPolicy != v1alpha1.AdoptionIfExists {
			m.fail("it takes over what somebody else made")
		}
	case actionRelease:
		if !deletes(&m.spec, m.status.Origin) {
			return
		}
		for id, c := range m.configs {
			if c.own {
				m.fail("it lets go and leaves %s behind", id)
			}
		}
		if len(m.under) > 0 {
			m.fail("it lets go while a POST is on its way")
		}
	}
}

func (m *model) act(f *facts, d *decision) {
	switch d.action {
	case actionCreate:
		m.create(f)
	case actionRecreate:
		m.writes++
		m.mark, m.marked, m.uncertain = f.sight.date.Truncate(time.Second), true, false
		if m.rarely() {
			m.say("killed before the status is written")
			m.restart()
			return
		}
		m.status, m.gone = v1alpha1.RecordCallbackConfigStatus{}, ""
	case actionDelete:
		m.writes++
		delete(m.configs, d.id)
		if m.rarely() {
			m.say("killed before it lets go")
			m.restart()
			return
		}
		m.released = true
	case actionRelease:
		m.released = true
	case actionWait:
		m.conclude(d.verdict)
	default:
		if d.verdict.ready {
			m.corrections, m.corrected = 0, nil
			m.status.AppliedGeneration = m.generation
		}
		m.conclude(d.verdict)
	}
}

func (m *model) create(f *facts) {
	m.writes++
	if m.mark.IsZero() {
		m.mark, m.marked, m.uncertain = f.sight.date.Truncate(time.Second), true, false
	}
	m.finalizer = m.finalizer || deletes(&m.spec, created)
	if m.rarely() {
		m.say("killed before the POST")
		m.restart()
		return
	}
	sent := settings(&m.spec, "")
	if m.rarely() {
		m.say("no answer")
		if m.r.IntN(2) == 0 {
			m.under = append(m.under, late{m.now.Add(time.Duration(m.r.IntN(int(callTimeout)))), sent})
		}
		m.uncertain, m.quietUntil = true, m.now.Add(callTimeout)
		if m.rarely() {
			m.say("killed waiting for the answer")
			m.restart()
		}
		return
	}
	id := m.post(sent)
	lost, killed := m.rarely(), m.rarely()
	switch {
	case id == "" && !m.uncertain:
		m.mark, m.finalizer, m.marked, m.quietUntil = time.Time{}, false, false, time.Time{}
	case id == "":
	case lost:
		m.say("the answer is lost: %s", id)
		m.uncertain, m.quietUntil = true, m.now.Add(callTimeout)
	case killed:
		m.say("killed before the status is written: %s", id)
		m.restart()
	default:
		m.status.Origin = created
		m.applied(id)
	}
}

// update is a PUT; again says that the pass goes on.
func (m *model) update(f *facts, d *decision) (again bool) {
	m.writes++
	c := m.configs[d.id]
	if c == nil {
		if m.spec.ID != "" && m.status.Origin != created {
			m.conclude(failure(refused(live.OperationUpdate, 404, "LIVE.103011019", "gone", live.ClassNotFound), &m.spec))
			return false
		}
		m.gone, f.sight.shown, f.sight.show = d.id, true, nil
		return true
	}
	c.put(settings(&m.spec, ""))
	if m.rarely() {
		m.say("killed before the status is written")
		m.restart()
		return false
	}
	if d.action == actionAdopt {
		m.status.Origin = d.origin
	}
	if len(d.drift) > 0 {
		if !slices.Equal(m.corrected, d.drift) {
			m.corrected, m.corrections = d.drift, 0
		}
		m.corrections++
	} else {
		m.corrected, m.corrections = nil, 0
	}
	m.applied(d.id)
	return false
}

func (m *model) applied(id string) {
	m.status.ID, m.status.AppliedGeneration = id, m.generation
	m.uncertain, m.quietUntil, m.gone = false, time.Time{}, ""
	m.conclude(synced(id))
}

func (m *model) conclude(v verdict) {
	v.apply(&m.status, m.generation)
	if m.deleting || !m.mark.IsZero() && !owns(&m.status) && deletes(&m.spec, created) {
		return
	}
	m.finalizer = owns(&m.status) && deletes(&m.spec, m.status.Origin)
}
