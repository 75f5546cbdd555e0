// Package fakedataflow is Google's Dataflow service as far as it takes jobs, for tests: the REST API v1b3, and the token endpoint that
// hands out what its callers must carry. Google's own client library talks to it as to the real service when it is given Endpoint and
// the credentials that WriteCredentials writes.
//
// It serves the jobs of a location: create, list by pages, get, getMetrics. It is strict where the service is:
//   - A request without a token of its own endpoint is 401.
//   - A job that lacks a name, a type, a worker pool or a version of its environment, or that has a field that the API does not
//     know, is 400 and starts nothing.
//   - A job whose name is that of an active one is 409, unless it says which job it replaces.
//   - A job that replaces one that is not active, or not of its name, is 400. Of the one it replaces the state is JOB_STATE_UPDATED.
//
// Nothing runs here: a job has the state that the test gives it.
package fakedataflow
