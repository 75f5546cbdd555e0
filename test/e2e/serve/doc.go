// Package serve tests streamlytics serve from outside: start and end, options, an outage of Redis,
// and its answers against openapi.json. With -load it measures a thousand streams.
package serve
