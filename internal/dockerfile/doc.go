// Package dockerfile holds the project's Dockerfile to what it promises: BuildKit's own frontend reads and checks it, and its build
// commands run on this machine, on the files that .dockerignore lets through. It is a module of its own, because nothing else in the
// project needs BuildKit.
package dockerfile
