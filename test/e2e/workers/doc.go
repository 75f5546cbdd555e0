// Package workers tests the graph that Dataflow gets, where the runner keeps the state and several
// processes are the workers. Prism, in a process of its own, is the runner. Prism has one worker for
// a job and fails the job with a bundle, so a fleet stands between: to Prism it is that worker. It
// gives each bundle to one of its processes, and again to another when the bundle fails or its
// process dies.
package workers
