package controller

import (
	"fmt"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/live-operator/live-operator/api/v1alpha1"
	"github.com/live-operator/live-operator/internal/live"
)

// plant makes a configuration as another person would. Once the mark is set
// only an older one can be told from the resource's own.
func (m *model) plant(app string) string {
	m.number++
	id := fmt.Sprint("theirs", m.number)
	at := apiTime(m.apiNow())
	if app == theApp && !m.mark.IsZero() {
		at = pick(m.r, apiTime(m.mark.Add(-time.Second)), "", "unknown")
	}
	m.configs[id] = &made{Config: theConfig(id, createdAt(at), withApp(app), withURL(pick(m.r, oldURL, m.spec.NotifyCallbackURL)))}
	m.say("somebody makes %s of app %s at %q", id, app, at)
	return id
}

// disturb is something that happens to the resource, its configuration or the
// operator.
func (m *model) disturb() {
	_, taken := m.byKey(theDomain, theApp)
	switch m.r.IntN(12) {
	case 0:
		m.say("restart")
		m.restart()
	case 1, 2:
		m.spec.NotifyCallbackURL = fmt.Sprint("https://callback.example.com/", m.r.IntN(1000))
		m.generation++
		m.say("the spec changes")
	case 3:
		if !taken && len(m.under) == 0 {
			m.plant(theApp)
		}
	case 4:
		m.plant("*")
	case 5:
		for _, c := range m.configs {
			c.NotifyCallbackURL = oldURL
		}
		m.say("somebody changes all configurations")
	case 6:
		for id := range m.configs {
			delete(m.configs, id)
		}
		m.say("somebody deletes all configurations")
	case 7:
		// A restore from a backup: the metadata is back, the status is not. The
		// mark then can't tell what somebody made after it.
		m.say("the status is lost")
		m.status = v1alpha1.RecordCallbackConfigStatus{}
		m.restart()
	case 8:
		if m.spec.ID == "" && m.r.IntN(3) == 0 {
			if m.status.ID != "" && m.r.IntN(2) == 0 {
				m.spec.ID = m.status.ID
			} else {
				m.spec.ID = m.plant("*")
			}
			m.generation++
			m.say("spec.id becomes %s", m.spec.ID)
		}
	case 9:
		m.spec.AdoptionPolicy = pick(m.r, v1alpha1.AdoptionNever, v1alpha1.AdoptionIfExists)
		m.generation++
		m.say("adoptionPolicy becomes %s", m.spec.AdoptionPolicy)
	case 10:
		if m.r.IntN(4) == 0 {
			m.deleting = true
			m.generation++
			m.say("the resource is deleted")
		}
	case 11:
		m.pass(time.Duration(m.r.IntN(90)) * time.Second)
	}
}

// settle ends the chaos, and lets the passes come to an end.
func (m *model) settle() {
	m.chaos = false
	m.say("calm")
	m.pass(2 * callTimeout)
	for range 12 {
		m.reconcile()
		m.pass(time.Minute)
	}
	writes := m.writes
	for range 3 {
		m.reconcile()
		m.pass(time.Minute)
	}
	if m.writes != writes && !m.namesNothing() {
		m.fail("it goes on writing: %d", m.writes-writes)
	}
}

// namesNothing: spec.id names what does not exist and the operator did not
// make, which only trying again can tell.
func (m *model) namesNothing() bool {
	return m.spec.ID != "" && m.status.Origin != created && m.configs[m.spec.ID] == nil
}

// expectSettled sees that what is left is as it should be.
func (m *model) expectSettled() {
	GinkgoHelper()
	reason := readyReason(&m.status, m.generation)
	if m.deleting {
		if !m.released && (m.canList || reason != v1alpha1.ReasonDeletionBlocked) {
			m.fail("the resource is held for ever: %s", reason)
		}
		return
	}
	c := m.configs[m.status.ID]
	theirs, taken := m.byKey(theDomain, theApp)
	ok := false
	switch reason {
	case v1alpha1.ReasonSynced:
		ok = owns(&m.status) && c != nil && len(drift(&m.spec, &c.Config)) == 0 && m.status.AppliedGeneration == m.generation
	case v1alpha1.ReasonAlreadyExists:
		ok = taken && !m.configs[theirs.ID].own && m.spec.AdoptionPolicy != v1alpha1.AdoptionIfExists
	case v1alpha1.ReasonConflict:
		ok = m.spec.ID != "" && m.spec.ID != m.status.ID
	case v1alpha1.ReasonNotFound:
		ok = m.spec.ID != "" && m.configs[m.spec.ID] == nil
	case v1alpha1.ReasonDrifted:
		ok = m.spec.DriftPolicy == v1alpha1.DriftReport && (c == nil || len(drift(&m.spec, &c.Config)) > 0)
	case v1alpha1.ReasonDriftPersists:
		ok = c != nil && m.corrections >= maxCorrections
	case v1alpha1.ReasonForbidden:
		ok = !m.canList
	}
	if !ok {
		m.fail("it comes to rest in %q, with %+v", reason, m.configs)
	}
	if _, exists := m.configs[m.spec.ID]; m.spec.ID != "" && exists && !owns(&m.status) {
		m.fail("it does not keep what spec.id names")
	}
}

var _ = Describe("Over and over, on a model of the API", func() {
	It("passes converge, whatever happens on the way, and nobody else's configuration is touched", func() {
		reached := map[string]int{}
		for i := range 2_000 {
			m := newModel(seeded(i))
			m.say("round %d: unique %v, canList %v, skew %s, adoption %s, deletion %q, drift %s",
				i, m.unique, m.canList, m.skew, m.spec.AdoptionPolicy, m.spec.DeletionPolicy, m.spec.DriftPolicy)
			if m.r.IntN(4) == 0 {
				m.plant(theApp)
			}
			if m.r.IntN(6) == 0 {
				m.spec.ID = m.plant("*")
			}
			for range m.r.IntN(25) {
				if m.r.IntN(3) == 0 {
					m.disturb()
				}
				m.reconcile()
				m.pass(time.Duration(m.r.IntN(20)) * time.Second)
			}
			m.settle()
			m.expectSettled()
			if m.released {
				reached["released"]++
			} else {
				reached[readyReason(&m.status, m.generation)]++
			}
		}
		for _, end := range []string{"released", v1alpha1.ReasonSynced, v1alpha1.ReasonAlreadyExists, v1alpha1.ReasonConflict, v1alpha1.ReasonNotFound, v1alpha1.ReasonDrifted, v1alpha1.ReasonForbidden} {
			Expect(reached[end]).To(BeNumerically(">", 10), "the model is too narrow for %s: %v", end, reached)
		}
	})

	It("a lost answer costs no person and no second configuration", func() {
		for i := range 1_000 {
			m := newModel(seeded(i))
			m.canList, m.spec.DriftPolicy = true, v1alpha1.DriftCorrect
			m.say("round %d: unique %v", i, m.unique)
			for range 10 {
				m.reconcile()
				m.pass(time.Duration(m.r.IntN(20)) * time.Second)
			}
			m.settle()
			c := m.configs[m.status.ID]
			if readyReason(&m.status, m.generation) != v1alpha1.ReasonSynced || m.status.Origin != created || c == nil || len(m.configs) != 1 {
				m.fail("it comes to rest in %+v, with %+v", m.status, m.configs)
			}
		}
	})

	It("a deleted resource leaves nothing of its own behind", func() {
		for i := range 1_000 {
			m := newModel(seeded(i))
			m.canList, m.spec.DeletionPolicy = true, ""
			m.say("round %d: unique %v", i, m.unique)
			for range m.r.IntN(4) {
				m.reconcile()
				m.pass(time.Duration(m.r.IntN(10)) * time.Second)
			}
			m.deleting = true
			for range 5 {
				m.reconcile()
				m.pass(time.Duration(m.r.IntN(10)) * time.Second)
			}
			m.settle()
			if !m.released || len(m.configs) != 0 || len(m.under) != 0 {
				m.fail("released %v, with %+v", m.released, m.configs)
			}
		}
	})

	It("a suspended resource makes no call, and an observing one no write, in any state", func() {
		for i := range 1_000 {
			m := newModel(seeded(i))
			m.canList = true
			for range m.r.IntN(8) {
				m.disturb()
				m.reconcile()
			}
			if i%2 == 0 {
				m.spec.Suspend = true
			} else {
				m.spec.ManagementPolicy = v1alpha1.ManagementObserve
			}
			m.generation++
			m.say("round %d: suspend %v, %s", i, m.spec.Suspend, m.spec.ManagementPolicy)
			before, writes := fmt.Sprint(m.names()), m.writes
			m.under = nil
			for range 5 {
				m.reconcile()
				m.pass(time.Minute)
			}
			if fmt.Sprint(m.names()) != before || m.writes != writes {
				m.fail("it wrote: %s became %v", before, m.names())
			}
		}
	})
})

// names tells what there is, in full.
func (m *model) names() map[string]live.Config {
	all := map[string]live.Config{}
	for id, c := range m.configs {
		c.SignType = nil
		all[id] = c.Config
	}
	return all
}
