// Package operations tests what an operator depends on. Monitoring: the running program exposes each
// metric of the dashboard, the alert rules and the policies; rules fire; each alert has its section in
// docs/OPERATIONS.md. Security: the rights of docs/SECURITY.md suffice and each is needed, TLS works, and
// no secret leaves the program.
package operations
