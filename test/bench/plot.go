package main

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
)

// The plot is a row of panels for each latency, one panel for each number of
// projects. In each, seconds over resources, both logarithmic: time that grows
// as the number does is a line at 45 degrees.
const (
	panelWidth, panelHeight = 300, 240
	marginLeft, marginTop   = 56, 36
	marginRight             = 12
	marginBottom            = 40
	legendWidth             = 110
)

// plotted are the phases whose time is the operator's own and not a wait.
var plotted = []struct {
	phase phase
	color string
}{{creation, "#1f77b4"}, {change, "#2ca02c"}, {deletion, "#d62728"}}

type point struct{ x, y float64 }

// svg is the plot.
func (rep *report) svg() string {
	latencies, projects := map[float64]bool{}, map[int]bool{}
	least, most, slowest, quickest := math.Inf(1), 0.0, 0.0, math.Inf(1)
	for _, r := range rep.Results {
		if r.Limit == nil {
			continue
		}
		latencies[r.LatencySeconds], projects[r.Projects] = true, true
		least, most = min(least, float64(r.Resources)), max(most, float64(r.Resources))
		quickest, slowest = min(quickest, r.Seconds, r.Limit.Seconds), max(slowest, r.Seconds, r.Limit.Seconds)
	}
	rows, columns := sorted(latencies), sorted(projects)
	width := max(len(columns)*(panelWidth+marginLeft+marginRight), marginLeft+len(plotted)*legendWidth+legendWidth+marginRight)
	height := len(rows)*(panelHeight+marginTop+marginBottom) + 30
	var s strings.Builder
	fmt.Fprintf(&s, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" font-family="sans-serif" font-size="11">`+"\n", width, height)
	fmt.Fprintf(&s, `<rect width="%d" height="%d" fill="white"/>`+"\n", width, height)
	x := logarithmic(least/1.5, most*1.5, 0, panelWidth)
	y := logarithmic(quickest/1.5, slowest*1.5, panelHeight, 0)
	for i, latency := range rows {
		for j, count := range columns {
			fmt.Fprintf(&s, `<g transform="translate(%d,%d)">`+"\n", j*(panelWidth+marginLeft+marginRight)+marginLeft, i*(panelHeight+marginTop+marginBottom)+marginTop)
			title := fmt.Sprintf("%s, API %s away", strings.TrimPrefix(spread(2, count), "2 resources in "), seconds(latency))
			panel(&s, title, x, y, least, most, quickest, slowest)
			rep.lines(&s, latency, count, x, y)
			s.WriteString("</g>\n")
		}
	}
	legend(&s, height-12)
	s.WriteString("</svg>\n")
	return s.String()
}

// logarithmic maps a range to a range.
func logarithmic(from, to, low, high float64) func(float64) float64 {
	return func(v float64) float64 { return low + (high-low)*math.Log(v/from)/math.Log(to/from) }
}

func panel(s *strings.Builder, title string, x, y func(float64) float64, least, most, quickest, slowest float64) {
	fmt.Fprintf(s, `<text x="0" y="-10" font-weight="bold">%s</text><rect width="%d" height="%d" fill="none" stroke="#999"/>`+"\n", title, panelWidth, panelHeight)
	for _, v := range powers(least, most) {
		fmt.Fprintf(s, `<path d="M%.1f 0V%d" stroke="#eee"/><text x="%.1f" y="%d" text-anchor="middle">%g</text>`+"\n", x(v), panelHeight, x(v), panelHeight+14, v)
	}
	for _, v := range powers(quickest, slowest) {
		fmt.Fprintf(s, `<path d="M0 %.1fH%d" stroke="#eee"/><text x="-6" y="%.1f" text-anchor="end">%g s</text>`+"\n", y(v), panelWidth, y(v)+4, v)
	}
	fmt.Fprintf(s, `<text x="%d" y="%d" text-anchor="middle">resources</text>`+"\n", panelWidth/2, panelHeight+28)
}

// powers are the powers of ten in a range.
func powers(from, to float64) []float64 {
	var all []float64
	for p := math.Floor(math.Log10(from)); p <= math.Ceil(math.Log10(to)); p++ {
		if v := math.Pow(10, p); v >= from/1.5 && v <= to*1.5 {
			all = append(all, v)
		}
	}
	return all
}

// lines are those of a panel: the operator's, and dashed that of the limit.
func (rep *report) lines(s *strings.Builder, latency float64, projects int, x, y func(float64) float64) {
	for _, p := range plotted {
		var own, limit []point
		for _, r := range rep.Results {
			if r.Phase == p.phase && r.LatencySeconds == latency && r.Projects == projects && r.Limit != nil {
				own = append(own, point{x(float64(r.Resources)), y(r.Seconds)})
				limit = append(limit, point{x(float64(r.Resources)), y(r.Limit.Seconds)})
			}
		}
		line(s, own, p.color, "")
		line(s, limit, p.color, ` stroke-dasharray="4 3"`)
	}
}

func line(s *strings.Builder, points []point, color, style string) {
	if len(points) == 0 {
		return
	}
	slices.SortFunc(points, func(a, b point) int { return cmp.Compare(a.x, b.x) })
	path := "M"
	for _, p := range points {
		path += fmt.Sprintf("%.1f %.1f ", p.x, p.y)
		fmt.Fprintf(s, `<circle cx="%.1f" cy="%.1f" r="2.5" fill="%s"/>`+"\n", p.x, p.y, color)
	}
	fmt.Fprintf(s, `<path d="%s" fill="none" stroke="%s" stroke-width="1.5"%s/>`+"\n", strings.TrimSpace(path), color, style)
}

func legend(s *strings.Builder, y int) {
	x := marginLeft
	for _, p := range plotted {
		fmt.Fprintf(s, `<path d="M%d %dh24" stroke="%s" stroke-width="1.5"/><text x="%d" y="%d">%s</text>`+"\n", x, y-4, p.color, x+28, y, p.phase)
		x += legendWidth
	}
	fmt.Fprintf(s, `<text x="%d" y="%d">dashed: a bare loop</text>`+"\n", x, y)
}

func sorted[T cmp.Ordered](set map[T]bool) []T {
	all := make([]T, 0, len(set))
	for v := range set {
		all = append(all, v)
	}
	slices.Sort(all)
	return all
}

func seconds(s float64) string { return time.Duration(s * float64(time.Second)).String() }
