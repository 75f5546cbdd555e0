// Package racetest tells tests whether the race detector is on. It makes them several times slower, so those that generate
// many thousands of histories generate fewer then; scripts/test.sh runs them without it too.
package racetest
