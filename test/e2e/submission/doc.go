// Package submission holds the tests of what the program sends to Google when it runs a pipeline on Dataflow: the files that it stages and
// the job, which are compared as a whole with those in testdata, and what it does with the service's answers. The program is the
// real one, as workers get it; Cloud Storage and Dataflow are servers of the tests that speak their protocols.
//
// Names of steps, and what a step keeps, decide whether a running job can be updated. When a change of testdata is meant, write it anew:
//
//	go test ./test/e2e/submission -update
package submission
