// Package live is a client of the recording-callback API of Huawei Cloud Live:
// its five operations, with the request ID of every answer and errors that say
// what to do about them.
//
// A call makes one request and never repeats it, except where net/http finds
// that an idle connection was closed before anything was written to it, or for
// a GET. Whatever the answer is, the call ends within the client's timeout,
// reads at most 1 MiB, follows no redirect, and returns either a success or an
// *Error whose Class says what can be done and whose Uncertain says whether the
// request may have had its effect all the same.
//
// What a person will read, an Error's Message, is clean text of bounded length
// that holds no credential: a callback key, token or signature that an answer
// echoes is taken out.
//
// API facts come from the vendor's page on UpdateRecordCallbackConfig (2021),
// its public documentation of the neighboring operations and of error codes,
// and its Go SDK. The SDK's own typed client is not used, because it takes no
// context and drops the request ID of a successful update.
package live
