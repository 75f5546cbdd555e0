// Package security holds the tests of what docs/SECURITY.md promises: the rights in Redis, taken from the document itself; TLS;
// and that no secret gets out.
package security
