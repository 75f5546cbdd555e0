// Package lifecycle holds the tests that end the program as kill -9 does, again and again and at chosen moments, or its Redis, while
// events flow: repeated, in no order, in one run on one Redis. At the end every key holds what the truth says.
package lifecycle
