package inventory

import (
	"context"

	"github.com/live-operator/live-operator/internal/live"
)

const (
	// maxSweeps is how often the pages of one list are read from the beginning.
	maxSweeps = 2
	// maxSteps is how often a sweep goes back to read what may have moved.
	maxSteps = 100
)

// sweep is one reading of all pages.
type sweep struct {
	pages int
	seen  map[string]struct{}
	// total is the last that the API said.
	total int
	// cut: the pages went on where the API's offset ends.
	cut bool
}

// run reads all that the scope holds.
//
// Pages are read one after the other while others write, so what moves from a
// later page to one that was read already would be missed: and what is missing
// is thought to be gone. Hence steps back within a sweep, see sweep, and a
// second sweep where the first cannot have seen all. What either has seen was
// there at some time since the list began, which is all that a list can tell.
// A list of one page is the API's own word at one time.
func (l *listing) run(ctx context.Context) error {
	for n := 1; ; n++ {
		s, err := l.sweep(ctx)
		if err != nil {
			return err
		}
		l.total = s.total
		_, can := l.scope.narrower("domain", "app")
		switch {
		case s.cut && !can:
			return &live.Error{
				Operation: live.OperationList,
				Class:     live.ClassRejected,
				Message:   "the API can't list all configurations of this domain and app, so it is not known whether this one is there; name it by its ID",
			}
		case s.cut:
			l.partial = true
			return nil
		case s.pages > 1 && l.doubtful(s) && n < maxSweeps:
			continue
		case s.pages == 1 && len(s.seen) == 0 && s.total > 0:
			return &live.Error{
				Operation: live.OperationList,
				Class:     live.ClassUnavailable,
				Message:   "the API's list is empty, although the API says that it is not",
			}
		}
		l.partial = len(s.seen) < s.total && can
		return nil
	}
}

// doubtful tells whether a sweep cannot have seen all: it saw fewer than there
// are, or not one that was there before.
func (l *listing) doubtful(s sweep) bool {
	if len(s.seen) < s.total {
		return true
	}
	if l.previous == nil || l.previous.base.partial {
		return false
	}
	missing := false
	_, writes := l.writes()
	l.previous.each(func(c *live.Config) {
		if _, found := l.found[c.ID]; found {
			return
		}
		if w := writes.find(c.ID); w == nil || w.config != nil {
			missing = true
		}
	})
	return missing
}

// sweep reads the pages from the first to the last.
//
// The last is the one that reaches the total that it says itself, so that a full
// one need not be followed by an empty one. A total that is less than what came
// is not believed: then it goes on to a page that is not full. A page that
// brings nothing new ends it too, or an API that repeats itself would never.
//
// When something was deleted since the last page, by this process or as the
// total shows, what followed it moved down, and as many as were deleted may have
// slipped from this page to the last: so it is read from as far back again.
func (l *listing) sweep(ctx context.Context) (sweep, error) {
	s := sweep{seen: map[string]struct{}{}}
	removals, _ := l.writes()
	steps, stepped := 0, false
	for offset := 0; ; {
		page, err := l.page(ctx, offset)
		if err != nil {
			return s, err
		}
		fresh := l.add(&s, page.Configs)
		removed, _ := l.writes()
		back := int(removed - removals) //nolint:gosec // Removals between two pages are few.
		if s.pages > 0 {
			back = max(back, s.total-page.Total)
		}
		s.pages++
		s.total, removals = page.Total, removed
		if back > 0 && offset > 0 && steps < maxSteps {
			steps, stepped = steps+1, true
			offset = max(offset-back, 0)
			continue
		}
		count := len(page.Configs)
		end := offset + count
		switch {
		case count == 0, end == page.Total,
			count < l.PageSize && end > page.Total,
			fresh == 0 && !stepped:
			return s, nil
		case offset >= l.MaxOffset, s.pages == 1 && page.Total > l.MaxOffset+l.PageSize:
			s.cut = true
			return s, nil
		}
		stepped = false
		offset = min(end, l.MaxOffset)
	}
}

// add takes over what a page shows, and tells how many are new to the sweep. Of
// two sights of one configuration, the later counts.
func (l *listing) add(s *sweep, configs []live.Config) (fresh int) {
	for _, c := range configs {
		if c.ID == "" {
			continue
		}
		if _, seen := s.seen[c.ID]; !seen {
			s.seen[c.ID] = struct{}{}
			fresh++
		}
		l.found[c.ID] = c
	}
	return fresh
}
