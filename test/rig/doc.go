// Package rig runs the real streamlytics binary against real servers, for tests. It builds and
// starts the program, serves Pub/Sub to it, puts a proxy that can delay, cut and hang between the
// program and its servers, and generates events.
//
// A package that uses it calls Main from its TestMain. Functions that take a testing.TB report
// failure through it, must be called from the test's own goroutine, and are cleaned up with the
// test. Functions that return an error can be called from anywhere.
package rig
