// Package pipeline puts the rooms together: Options say what is wanted, Build lays out the whole graph, and Run executes it in
// this process until its input ends or it is told to stop.
package pipeline
