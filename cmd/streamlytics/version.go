package main

// version is the release that this binary was built as; the linker sets it (-X main.version=1.4.0).
var version = "dev"
