// Package inventory knows what each project holds remotely, from lists that all
// resources of the project share: one call shows a hundred configurations.
//
// Nobody waits for a list. Look answers from memory or says that a list is under
// way, which runs in a goroutine of its own and wakes those who asked when it
// ends. Lists of one project are merged while they can serve the same askers.
//
// Three things are kept true:
//   - Own writes go through: Put and Remove show at once, and a list that began
//     before such a write does not undo it, since it may not have seen it. One
//     that began after it is believed, so that changes by others are seen.
//   - Nobody sees a project's configurations with credentials that never listed
//     it: users of one operator need not trust each other.
//   - What is missing from a view is missing remotely. Where the API can't list a
//     whole project, because its offset ends at 4096, what was asked for is
//     listed by its domain, and if need be by its domain and app.
package inventory
