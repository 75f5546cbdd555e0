// Package fakedataflow is the part of Google's Dataflow service that accepts jobs, for tests: the
// REST API v1b3, and the endpoint that issues the tokens for it. Google's own client library uses
// it like the real service if it has Endpoint and the credentials that WriteCredentials writes.
//
// It serves the jobs of a location: create, list by pages, get, getMetrics. It is as strict as the
// service:
//   - A request without a token of its own endpoint is 401.
//   - A job that lacks a name, a type, a worker pool or a version of its environment, or that has a
//     field that the API does not have, is 400 and starts nothing.
//   - A job with the name of an active one is 409, unless it names the job that it replaces.
//   - A job that replaces one which is not active, or has another name, is 400. The replaced job
//     gets the state JOB_STATE_UPDATED.
//
// No job runs: a job has the state that the test sets.
package fakedataflow
