// Package stack tests docker-compose.yml and the Dockerfile. It reads the compose file with Compose's own
// loader, runs the commands of its services as plain processes with the real programs, and runs the
// build commands of the Dockerfile. What differs from containers is where hosts, ports and folders are,
// and which server is Pub/Sub.
package stack
