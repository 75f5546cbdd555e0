// Package bench measures the whole program: real processes, a seeded trace, one table. Its tests
// run every measurement with a small trace and compare each result with the truth; with -table they
// run at full size and print the table.
package bench
