// Package rig runs the real streamlytics binary against real servers, for tests: it builds and
// starts the program, serves it Pub/Sub, stands between it and its servers with a proxy that can
// delay, cut and hang, and makes up events.
//
// A package that uses it calls Main from its TestMain. What takes a testing.TB reports failure
// through it, so it must be called from the test's own goroutine, and is cleaned up with the test;
// what returns an error can be used anywhere.
package rig
