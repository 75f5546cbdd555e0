// Package fakegcs is Google Cloud Storage in one process, for tests: buckets and objects in memory,
// over the protocols of the real service and without credentials. Google's client library and
// Beam's upload of a job to Dataflow use it when the environment has STORAGE_EMULATOR_HOST=Addr().
//
// It gets a bucket's attributes, lists objects by prefix, reads an object by the XML path, of one
// generation where that is asked for, and takes uploads in one request and resumable ones. A
// bucket, an object or a generation that is not there is 404, with Google's error body. An object
// appears when all of it has arrived. A parameter that it does not heed, like a precondition, is
// 400: no test passes because something was ignored.
//
// It has no access control and no versions but the newest, and forgets everything at its end.
package fakegcs
