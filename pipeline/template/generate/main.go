// Command generate writes metadata.json, the metadata of the Flex Template, at the top of the
// project. go generate runs it in the folder of package template.
package main

import (
	"fmt"
	"os"

	"github.com/beamlytics/streamlytics/pipeline/template"
)

func main() {
	content, err := template.Generate()
	if err == nil {
		err = os.WriteFile("../../metadata.json", content, 0o644)
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "generate: %v\n", err)
		os.Exit(1)
	}
}
