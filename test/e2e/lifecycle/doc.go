// Package lifecycle tests the program over several runs and inputs, from outside. The program, or its
// Redis, is killed again and again, at chosen moments, while events flow; the same events arrive over
// Pub/Sub and as files; counts arrive hours late. At the end every key holds what the truth says.
package lifecycle
