// Package controller reconciles RecordCallbackConfig resources with the Live
// API.
//
// One pass over a resource fetches it, decides, acts at most once on the API,
// and writes the status at most once, and only if it changed. Deciding is a
// pure function (decide) from facts to a decision; when it needs to know what
// the API holds it says so (actionLook, actionShow) and is asked again with
// what was found. All that is left is plumbing: who may call now (gate,
// budget, credentials), the call (act), and what to say of it (report).
//
// What a pass remembers outside the resource (memory) only saves calls: a
// restarted operator finds everything it must not lose in the resource itself.
package controller
