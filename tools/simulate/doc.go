// Package simulate publishes a simulated retailer to real topics, as long as it is let: the world of tools/retail goes on with the
// clock, with its duplicates, its disorder and its broken messages. It knows what the stock should be, and can hold Redis against that.
package simulate
