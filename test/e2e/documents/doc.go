// Package documents tests that the files beside the code are true: the sessions of README.md and
// walkthrough.md print what they show, the clients of docs/SIGNALS.md return the page of each
// state, testdata/scenarios gives what each folder names, the services of docker-compose.yml run as
// plain processes, the build commands of the Dockerfile make the programs, and the workflows are
// pinned and hold no key.
package documents
