// Package dataflow tests what the program does for Dataflow, from outside.
//
// Submission: the files that the program stages and the job that it sends are compared as a whole
// with those in testdata, and the program is tested with each answer of the service. Cloud Storage
// and Dataflow are servers of the tests that speak their protocols. The names of steps, and the
// state of each step, decide whether a running job can be updated. When a change of testdata is
// meant, write the files again:
//
//	go test ./test/e2e/dataflow -write
//
// Workers: the graph that Dataflow gets runs with several processes as workers and with its state at
// the runner. Prism, in a process of its own, is the runner. Prism has one worker for a job and
// fails the job with a bundle, so a fleet stands between: to Prism it is that worker. It gives each
// bundle to one of its processes, and again to another when the bundle fails or its process dies.
package dataflow
