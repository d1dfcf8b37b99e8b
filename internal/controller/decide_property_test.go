package controller

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/live-operator/live-operator/api/v1alpha1"
	"github.com/live-operator/live-operator/internal/live"
)

// seeded is a source that the seed of the run and the number decide, so that
// ginkgo --seed repeats a failure.
func seeded(number int) *rand.Rand {
	return rand.New(rand.NewPCG(uint64(GinkgoRandomSeed()), uint64(number))) //nolint:gosec // Test data is no secret.
}

// pick is any of them.
func pick[T any](r *rand.Rand, of ...T) T { return of[r.IntN(len(of))] }

// anyFacts are facts that may or may not make sense together.
func anyFacts(r *rand.Rand) (*facts, []live.Config) {
	coin := func() bool { return r.IntN(2) == 0 }
	seldom := func() bool { return r.IntN(6) == 0 }
	ids := []string{ownID, otherID, "c0ffee"}
	f := given()
	f.spec.ID = pick(r, "", "", "", ownID, otherID)
	f.spec.ManagementPolicy = pick(r, v1alpha1.ManagementManage, v1alpha1.ManagementManage, v1alpha1.ManagementObserve, "")
	f.spec.AdoptionPolicy = pick(r, v1alpha1.AdoptionNever, v1alpha1.AdoptionNever, v1alpha1.AdoptionIfExists, "")
	f.spec.DeletionPolicy = pick(r, "", v1alpha1.DeletionDelete, v1alpha1.DeletionRetain)
	f.spec.DriftPolicy = pick(r, v1alpha1.DriftCorrect, v1alpha1.DriftReport, "")
	f.spec.Suspend = seldom()
	f.status.ID = pick(r, "", "", ownID, ownID, otherID)
	if f.status.ID != "" {
		f.status.Origin = pick(r, "", created, created, adopted)
	}
	f.status.AppliedGeneration = pick(r, 0, f.generation, f.generation)
	f.keyDigest, f.status.KeyDigest = pick(r, "", digest), pick(r, "", digest)
	if seldom() {
		f.keyProblem = "Mend the Secret."
	}
	wasReady(pick(r, v1alpha1.ReasonSynced, v1alpha1.ReasonDrifted, v1alpha1.ReasonDriftPersists, v1alpha1.ReasonRejected))(f)
	if coin() {
		f.mark = markTime
	}
	if seldom() {
		f.quietUntil = listedAt.Add(time.Duration(r.IntN(3)-1) * time.Second)
	}
	f.deleting, f.finalizer = seldom(), coin()
	f.due, f.forced = coin(), seldom()
	if coin() {
		f.corrections, f.corrected = r.IntN(5), pick(r, []string{"notifyCallbackURL"}, []string{"app"}, nil)
	}

	var configs []live.Config
	for _, id := range ids {
		if coin() {
			configs = append(configs, theConfig(id, createdAt(pick(r, apiTime(markTime), "2026-03-01T12:30:00Z", "2026-03-01T11:59:59Z", "", "soon")),
				withURL(pick(r, "https://callback.example.com/record", oldURL)), withApp(pick(r, theApp, theApp, "*"))))
		}
	}
	r.Shuffle(len(configs), func(i, j int) { configs[i], configs[j] = configs[j], configs[i] })
	if coin() {
		listing(configs...)(f)
	}
	f.sight.listForbidden = seldom()
	f.sight.showForbidden = seldom()
	if seldom() {
		f.sight.shown = true
		if i := slices.IndexFunc(configs, func(c live.Config) bool { return c.ID == f.status.ID }); i >= 0 && coin() {
			f.sight.show = &configs[i]
		}
	}
	if held := pick(r, "", "", ownID, otherID); held != "" {
		heldBy("streaming", "sport", held)(f)
	}
	return f, configs
}

// told is the facts in words, for the message of a failure.
func told(f *facts, configs []live.Config) string {
	return fmt.Sprintf("spec %+v\nstatus %+v\nmark %v quiet %v deleting %v finalizer %v due %v forced %v corrections %d %v\n"+
		"listed %v (forbidden %v) shown %v %v (forbidden %v)\nremote %+v",
		f.spec, f.status, f.mark, f.quietUntil, f.deleting, f.finalizer, f.due, f.forced, f.corrections, f.corrected,
		f.sight.listed, f.sight.listForbidden, f.sight.shown, f.sight.show != nil, f.sight.showForbidden, configs)
}

// expectSafe sees that the facts allow the decision.
func expectSafe(f *facts, d *decision, context string) {
	GinkgoHelper()
	allow := func(ok bool, why string) {
		GinkgoHelper()
		if !ok {
			Fail(fmt.Sprintf("%s %s: %s\n%s", d.action, d.id, why, context))
		}
	}
	var byKey live.Config
	var taken bool
	if f.sight.listed {
		byKey, taken = f.sight.byKey(f.spec.PublishDomain, f.spec.App)
	}
	owned := owns(&f.status) && d.id == f.status.ID
	named := f.spec.ID != "" && d.id == f.spec.ID
	proved := taken && d.id == byKey.ID && createdByMark(f.mark, &byKey)
	offered := taken && d.id == byKey.ID && f.spec.AdoptionPolicy == v1alpha1.AdoptionIfExists

	switch d.action {
	case actionCreate, actionRecreate:
		allow(f.sight.listed, "no list says that there is none")
		allow(!taken, "the list shows one")
		allow(!f.deleting && !f.spec.Suspend && f.spec.ManagementPolicy != v1alpha1.ManagementObserve, "the policy forbids it")
		allow(d.action == actionRecreate == owns(&f.status), "only what was owned can be created again")
		allow(f.quietUntil.IsZero() || owns(&f.status) || !f.sight.listedAt.Before(f.quietUntil), "a POST may be on its way")
		allow(f.keyProblem == "", "the key can't be used")
	case actionUpdate, actionAdopt:
		allow(!f.deleting && !f.spec.Suspend && f.spec.ManagementPolicy != v1alpha1.ManagementObserve, "the policy forbids it")
		allow(owned || named || proved || offered, "it is nobody's business")
		allow(f.holder(d.id) == nil, "another resource holds it")
		allow(f.keyProblem == "", "the key can't be used")
		allow(f.spec.ID == "" || !owns(&f.status) || f.spec.ID == f.status.ID, "spec.id names another")
		switch {
		case d.action == actionUpdate:
			allow(owned, "an update is for what is owned")
		case d.origin == created:
			allow(proved && f.spec.ID == "", "the mark does not prove it")
		default:
			allow(d.origin == adopted && (named || offered), "neither spec.id nor IfExists")
		}
	case actionDelete:
		allow(f.deleting && f.finalizer, "nobody deletes the resource")
		allow(!f.spec.Suspend && deletes(&f.spec, f.status.Origin), "the policy forbids it")
		allow(owned || !owns(&f.status) && proved, "it is nobody's business")
		allow(f.holder(d.id) == nil, "another resource holds it")
	case actionRelease:
		allow(f.deleting && f.finalizer, "there is nothing to let go")
	case actionLook:
		allow(!f.sight.listed && !f.sight.listForbidden, "it has the list, or can't have it")
		allow(!f.spec.Suspend, "suspended")
	case actionShow:
		allow(!f.sight.shown && !f.sight.showForbidden && d.id != "", "it has been shown, or can't be")
		allow(!f.spec.Suspend, "suspended")
	case actionWait:
		allow(d.until.Equal(f.quietUntil) && !d.until.IsZero(), "it does not say until when")
	case actionNone, actionFail:
		allow(d.verdict.keep || d.verdict.reason != "", "it says nothing")
	default:
		allow(false, "no such action")
	}
	if d.verdict.reason != "" {
		expectFlags(&d.verdict)
	}
}

var _ = Describe("Whatever the facts", func() {
	const rounds = 20_000

	It("a decision is safe, the same each time, and changes nothing", func() {
		seen := map[action]int{}
		for i := range rounds {
			f, configs := anyFacts(seeded(i))
			before := told(f, configs)
			d := decide(f)
			context := fmt.Sprintf("round %d\n%s", i, before)
			expectSafe(f, &d, context)
			if told(f, configs) != before {
				Fail("the facts changed: " + context)
			}
			if !reflect.DeepEqual(decide(f), d) {
				Fail("another decision: " + context)
			}
			seen[d.action]++
		}
		for _, a := range []action{actionNone, actionFail, actionLook, actionShow, actionWait, actionCreate, actionRecreate, actionUpdate, actionAdopt, actionDelete, actionRelease} {
			Expect(seen[a]).To(BeNumerically(">", rounds/2000), "the facts are too narrow for %s", a)
		}
	})

	It("what it asks to see, it asks for once", func() {
		for i := range rounds / 4 {
			f, configs := anyFacts(seeded(i))
			var asked []action
			for {
				d := decide(f)
				if d.action != actionLook && d.action != actionShow {
					break
				}
				asked = append(asked, d.action)
				if len(asked) > 2 {
					Fail(fmt.Sprintf("round %d asked %v\n%s", i, asked, told(f, configs)))
				}
				if d.action == actionLook {
					listing(configs...)(f)
					continue
				}
				f.sight.shown = true
				if j := slices.IndexFunc(configs, func(c live.Config) bool { return c.ID == d.id }); j >= 0 {
					f.sight.show = &configs[j]
				}
			}
		}
	})

	// A configuration of the same domain and app, just as the spec says, but made
	// by somebody else before the mark.
	It("a trap older than the mark is never touched, and nothing is created beside it", func() {
		for i := range rounds {
			r := seeded(i)
			f, _ := anyFacts(r)
			trap := theConfig("trap", createdAt(pick(r, "2026-03-01T11:59:59Z", "2021-01-01T00:00:00Z", "", "yesterday")),
				withURL(pick(r, "https://callback.example.com/record", oldURL)))
			f.spec.AdoptionPolicy = pick(r, v1alpha1.AdoptionNever, "")
			f.mark = pick(r, time.Time{}, markTime, markTime.Add(time.Hour))
			listing(trap, theConfig(ownID, withApp("*")))(f)
			switch d := decide(f); d.action {
			case actionCreate, actionRecreate:
				Fail(fmt.Sprintf("round %d: %s beside the trap\n%s", i, d.action, told(f, []live.Config{trap})))
			case actionUpdate, actionAdopt, actionDelete:
				if d.id == "trap" {
					Fail(fmt.Sprintf("round %d: %s\n%s", i, d.action, told(f, []live.Config{trap})))
				}
			}
		}
	})
})
