// Package workflows has the tests of .github/workflows: that every action is pinned, that nothing deploys with a key, and that
// launch_dataflow.sh takes what it is given. Their syntax is actionlint's.
package workflows
