package controller

import (
	"github.com/live-operator/live-operator/api/v1alpha1"
	"github.com/live-operator/live-operator/internal/metrics"
)

// countDrift counts the drift that a decision rests on, once until it is gone.
func (p *pass) countDrift(d *decision) {
	kind := driftKind(d, p.f.status.ID)
	switch {
	case kind != "":
		if p.m.drift != kind && !p.toldOfDrift() {
			p.Metrics.DriftFound(kind)
		}
		p.m.drift = kind
	case d.verdict.ready:
		p.m.drift = ""
	}
}

// toldOfDrift tells whether an earlier process counted the drift: its status
// says so.
func (p *pass) toldOfDrift() bool {
	if p.m.drift != "" {
		return false
	}
	switch readyReason(&p.before.Status, p.obj.Generation) {
	case v1alpha1.ReasonDrifted, v1alpha1.ReasonDriftPersists, v1alpha1.ReasonNotFound:
		return true
	}
	return false
}

// driftKind is how the configuration of that ID was found to differ; empty
// where the decision does not say that it does.
func driftKind(d *decision, id string) string {
	switch {
	case d.action == actionRecreate, d.verdict.drifted && d.remote == nil,
		id != "" && d.verdict.reason == v1alpha1.ReasonNotFound:
		return metrics.Deleted
	case len(d.drift) > 0, d.verdict.drifted, d.verdict.reason == v1alpha1.ReasonDriftPersists:
		return metrics.Changed
	}
	return ""
}

// countCorrection counts that the drift which was found is no more.
func (p *pass) countCorrection() {
	if p.m.drift != "" {
		p.Metrics.DriftCorrected(p.m.drift)
	}
	p.m.drift = ""
}
