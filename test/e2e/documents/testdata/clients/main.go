// Command main prints what the client of docs/SIGNALS.md returns for the pairs on its standard input. Its arguments
// are addresses of Redis, of which several are a cluster.
package main

import (
	"context"
	"encoding/json"
	"log"
	"os"

	"github.com/redis/go-redis/v9"

	"github.com/beamlytics/streamlytics/serving"
)

type page struct {
	Units      *int64 `json:"units"`
	Low        bool   `json:"low"`
	Message    string `json:"message"`
	HighDemand bool   `json:"highDemand"`
}

func main() {
	db := redis.NewUniversalClient(&redis.UniversalOptions{Addrs: os.Args[1:], ContextTimeoutEnabled: true})
	client := serving.NewClient(db, nil)
	var pairs [][2]string
	if err := json.NewDecoder(os.Stdin).Decode(&pairs); err != nil {
		log.Fatal(err)
	}
	var pages []page
	for _, pair := range pairs {
		store := pair[0]
		if store == "global" {
			store = ""
		}
		p, err := Show(context.Background(), client, store, pair[1])
		if err != nil {
			log.Fatal(err)
		}
		pages = append(pages, page(p))
	}
	if err := json.NewEncoder(os.Stdout).Encode(pages); err != nil {
		log.Fatal(err)
	}
}
