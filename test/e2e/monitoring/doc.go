// Package monitoring holds the tests of what watches the pipeline: that the running program exposes every metric that dashboards,
// alert rules and policies speak of, with the values that its summary has; that the rules fire; and that each alert has its page
// in docs/RUNBOOK.md.
package monitoring
