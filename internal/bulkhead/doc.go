// Package bulkhead keeps projects whose API hangs from holding all workers.
//
// A worker is held for as long as the call takes that it makes, the one to IAM
// on the way included. So each call needs a slot, and who gets one depends on
// how its project answered of late:
//
//   - A project is brisk while its last answer came within 2 s and is no older
//     than 10 s, and no call of it has been under way for longer than 2 s. It may
//     have an eighth of the workers, and one more for each answer since it is:
//     its share at least, and what is idle beyond that, but for a quarter of the
//     workers, so that some are left for whoever comes next. The share is that of
//     one among all brisk projects and one more.
//   - Any other, be it slow, hung, new or long unused, may have an eighth of the
//     workers, and all of those together half.
//
// Nothing here blocks. Who gets no slot has a place in line until one is free
// and is woken then: projects take turns, each in order of arrival.
package bulkhead
