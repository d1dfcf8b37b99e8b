// Package credentials turns the data of a Secret into something that
// authorizes requests to the Live API, and decides who may try a credential
// that might be bad.
//
// Parse says which of four kinds a Secret holds. A Cache keeps one Credential
// for each Secret, until its resourceVersion changes. Every call is made under
// a Lease of the Credential:
//
//	cred, err := cache.Get(ctx, source, fetch)
//	...
//	lease, wait, err := cred.Begin(target)
//	if lease == nil {
//		// Come back after wait. If err is set, the Secret rests: err is the
//		// *live.Error of the last call that was not authorized.
//	}
//	_, _, err = client.Update(ctx, target, lease, id, settings)
//	if again := lease.Done(err); again {
//		// Not authorized for the first time: read the Secret anew (a Source
//		// without a ResourceVersion) and try once more.
//	}
//
// Begin never blocks. While it is not known whether a credential works, it
// lets one call of a project go ahead and asks all others to come back; after
// a credential has failed twice it lets none go ahead for 5 minutes, and then
// one. So a thousand resources that share a wrong token cost two calls (at most
// five where they are of many projects), and one every 5 minutes after that.
// Access.Call is the same for goroutines that may wait.
//
// Nothing in this package prints what a Secret holds: every type that holds
// some of it reads "[redacted]" however it is printed, logged or marshaled.
package credentials
