// Package fakegcs is Google Cloud Storage in one process, for tests: buckets and objects in memory,
// over the protocols of the real service and without credentials. Google's client library and
// Beam's upload of a job to Dataflow use it if the environment has STORAGE_EMULATOR_HOST=Addr().
//
// It serves the attributes of a bucket, lists of objects by prefix, reads of an object by the XML
// path, also of one generation, and uploads in one request or resumable. A missing bucket, object
// or generation is 404, with Google's error body. An object appears when all of it has arrived. A
// parameter without effect here, like a precondition, is 400, so that no test passes because
// something was ignored.
//
// It has no access control and only the newest versions, and keeps nothing after its end.
package fakegcs
