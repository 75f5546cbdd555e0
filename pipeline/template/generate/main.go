// Command generate writes the metadata of the Flex Template to the file that its argument names. See go generate.
package main

import (
	"fmt"
	"os"

	"github.com/beamlytics/streamlytics/pipeline/template"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintf(os.Stderr, "generate: %v\n", err)
		os.Exit(1)
	}
}

func run() error {
	if len(os.Args) != 2 {
		return fmt.Errorf("give one argument, the file to write")
	}
	content, err := template.Generate()
	if err != nil {
		return err
	}
	return os.WriteFile(os.Args[1], content, 0o644)
}
