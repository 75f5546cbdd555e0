// Probe checks the health of a program: its exit code is 0 if a URL answers with 2xx, or if a file
// was written recently. It is for containers that have neither a shell nor curl. `probe --help`
// lists its flags.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"time"

	"github.com/beamlytics/streamlytics/tools/probe"
)

func main() {
	err := probe.Run(context.Background(), os.Args[1:], os.Stdout, time.Now())
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "probe:", err)
		os.Exit(1)
	}
}
