// Package backfill holds the tests of input that comes as files: that a recording read from files, of this machine or of Cloud
// Storage, leaves in Redis what the same events leave that come over Pub/Sub; and that a count which comes hours late, as a file in
// a folder that a running job watches, corrects the stock exactly.
package backfill
