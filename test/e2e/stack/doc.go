// Package stack holds the tests of docker-compose.yml. They read it with Compose's own loader (tools/composecheck), hold it against
// the rules that are written here, and run the commands of its services as plain processes, with the real programs: what differs from
// a run in containers is where hosts, ports and folders are, and who plays Pub/Sub.
package stack
