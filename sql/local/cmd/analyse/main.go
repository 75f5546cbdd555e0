// Command analyse answers the questions of sql/analyses from the JSON lines of --warehouse_dir, without BigQuery.
package main

import (
	"context"
	"os"

	"github.com/beamlytics/streamlytics/sql/local"
)

func main() {
	os.Exit(local.Command(context.Background(), os.Args[1:], os.Stdout, os.Stderr))
}
