// Package external holds the tests of the program with Prism as a process of its own: that all is as with Prism inside, and what
// follows when one of the two ends, or hangs. The table that they stand behind is in docs/WORKERS.md.
// Prism stands in for other runners, too (docs/RUNNERS.md).
package external
