// Package metrics is every metric of the operator. metrics.go lists them all;
// the rest of the package is where their values come from.
//
// Counters and histograms are told of what happens: the packages that call the
// Live API take a function for that among their options, and know nothing of
// Prometheus. Gauges are read when they are scraped, from the state itself, so
// they can't differ from it.
//
// No label grows with the number of resources, projects or Secrets. What the
// operator knows by project (budgets, inventories) it tells as sums and as the
// worst of all. Whose a broken resource is, an on-call has to know: so what is
// not Ready, and only that, is told by namespace, up to a fixed number of
// series; see maxTroubles. The label is resource_namespace, since scrapes often
// add a label namespace of their own: the operator's.
//
// Of several replicas only the one that acts tells gauges of the resources, so
// sums over replicas are right.
package metrics
