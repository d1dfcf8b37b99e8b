// Package livesim simulates the recording-callback API of Huawei Cloud Live
// and the IAM call that issues tokens for it, over real HTTP, for tests.
//
//	sim := livesim.New(livesim.Options{})
//	sim.Start()
//	defer sim.Close()
//	sim.AddToken("token-a", "project-a")
//	sim.Fail(livesim.Fault{Operation: livesim.Update, Times: 1, Status: 500, Code: "LIVE.100011000"})
//
// It is strict: what the vendor's documentation does not allow is refused, so
// that a client that relies on leniency fails in a test and not in production.
// What no source says is an option (see [Behavior]), so that a client can be
// tested against each of the possibilities.
//
// # What it answers
//
// The five operations are under /v1/{project_id}/record/callbacks and the
// token call is POST /v3/auth/tokens, on the same address; so the endpoint of
// both services is the simulator's URL (with /v3 appended for an identity
// client). Everything else is the gateway's 404, APIGW.0101, the singular
// path of the documentation's example included. Paths under /_sim/ are the
// simulator's own, see [Remote].
//
// Error codes, limits and the form of request IDs follow the vendor's page on
// UpdateRecordCallbackConfig (2021), its public documentation of the
// neighboring operations and of gateway errors (2021 to 2026), and the models
// of its Go SDK v0.1.207.
//
// # What no source confirms
//
// A PUT changes the fields that it sends and leaves the others, may change
// the domain and the app, and a key that it leaves out stays; UpdateReplaces
// and FixedIdentity are the alternatives. One domain and app have at most one
// configuration, unless AllowDuplicates. A project that the credential may
// not use is refused by the gateway with 403 APIGW.0310. A field set to null,
// an empty string or an empty list is refused. Refused calls do not count
// against the limit of calls a minute.
//
// Secrets (tokens, keys, passwords, signatures) never appear in the log of
// calls, in errors or in what the types of this package print.
package livesim
