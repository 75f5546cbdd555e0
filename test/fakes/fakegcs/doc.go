// Package fakegcs is Google Cloud Storage in one process, for tests: buckets and objects in memory, over the JSON protocol of
// the real service and without credentials. Google's own client library talks to it as to the real service when the
// environment says STORAGE_EMULATOR_HOST=Addr(), and so do Beam's gs:// file system and Beam's upload of a job to Dataflow.
//
// It serves buckets (get, create), objects (get, list, delete, rewrite), uploads in one request and resumable ones, and reads
// by either of the two paths that clients use, with ranges. It is strict where the documents of the service are:
//   - A bucket, an object or a generation that is not there is 404, with Google's error body; a bucket that is there already
//     cannot be created: 409.
//   - An object appears when all of it has arrived, in one step. Until then the one before it is read.
//   - Content whose checksum is not the one the client gave is 400 and stores nothing.
//   - Chunks of a resumable upload follow on one another, and all but the last are multiples of 256 KiB.
//   - A bucket that was not told otherwise keeps what was deleted for seven days, or says so: nothing can be restored here.
//   - A parameter that it does not heed, like a precondition, is 400: no test passes because something was ignored.
//
// It has no access control, no versions but the newest, no folders, and forgets everything at its end.
package fakegcs
