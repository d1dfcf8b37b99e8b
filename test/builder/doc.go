// Package builder makes the objects that tests are about, so that a test shows
// only what matters to it:
//
//	builder.Config("sport").InNamespace(ns).WithID(id).WithApp("live").Build()
//	builder.Secret("live-credentials").InNamespace(ns).WithToken("token-a").Build()
//
// A builder starts as the smallest valid object. Its methods change it, return
// it, and are not safe for concurrent use; Build returns a copy, so that one
// builder can make several objects.
package builder
