// Package workers holds the tests of a job that is laid out as for Dataflow: its state is the runner's, and its workers are several
// processes that share one Redis. Prism runs it, as a process of its own. Because Prism knows one worker a job and fails the job when
// a bundle fails, a fleet stands between: to Prism it is that worker; it hands each bundle to another process, and one that fails, or
// whose process dies, to the next.
package workers
