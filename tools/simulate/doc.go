// Package simulate publishes a simulated retailer to real topics: the world of tools/retail
// advances with the clock, with its duplicates, its disorder and its broken messages. It can
// compare the stock in Redis with the truth.
package simulate
