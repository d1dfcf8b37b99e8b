package main

import "fmt"

// pageSize is how many configurations the operator lists by one call.
const pageSize = 100

// budget is the most that a phase may cost.
type budget struct {
	// Calls are those to the Live API, LiveWrites those among them that write.
	Calls      int `json:"calls"`
	LiveWrites int `json:"liveWrites"`
	// Writes are those to Kubernetes, without events.
	Writes int `json:"kubernetesWrites"`
}

// budgetOf is the budget of the design for a fleet with so many resources in
// each project; nil where the design has none.
func budgetOf(p phase, sizes []int) *budget {
	b := &budget{}
	for _, n := range sizes {
		pages := (n + pageSize - 1) / pageSize
		switch p {
		case creation:
			b.add(budget{Calls: n + pages + 1, LiveWrites: n, Writes: 2 * n})
		case change:
			b.add(budget{Calls: n, LiveWrites: n, Writes: n})
		case restart, drift:
			b.add(budget{Calls: pages})
		default:
			return nil
		}
	}
	return b
}

func (b *budget) add(c budget) {
	b.Calls += c.Calls
	b.LiveWrites += c.LiveWrites
	b.Writes += c.Writes
}

// over says in what the result exceeds the budget; a nil budget allows all.
func (b *budget) over(r *result) []string {
	if b == nil {
		return nil
	}
	var over []string
	compare := func(what string, n, most int) {
		if n > most {
			over = append(over, fmt.Sprintf("%s: %d, the budget is %d", what, n, most))
		}
	}
	compare("Live calls", r.TotalCalls, b.Calls)
	compare("Live calls that write", r.liveWrites(), b.LiveWrites)
	compare("Kubernetes writes", r.Writes.total(), b.Writes)
	return over
}
