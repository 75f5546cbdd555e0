package lifecycle

import (
	"os"
	"testing"
	"time"
)

// quiet is how long a file must keep its size to count as complete (docs/OPERATIONS.md).
const quiet = time.Second

// grow writes a file bit by bit under its own name, lines cut anywhere, for longer than the job takes to find it and to take it for
// complete if it stood still. Where this process was itself held up for that long, the job was right to take it: then grow says
// so, and nothing but the end can be asked for. The job reads a file once, so another name has the rest.
func grow(t *testing.T, path string, data []byte) (undisturbed bool) {
	t.Helper()
	const pieces = 100
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	tick := time.NewTicker((2*poll + 2*quiet) / pieces)
	defer tick.Stop()
	undisturbed = true
	last := time.Now()
	for i := range pieces {
		if _, err := f.Write(data[i*len(data)/pieces : (i+1)*len(data)/pieces]); err != nil {
			t.Fatal(err)
		}
		now := time.Now()
		undisturbed = undisturbed && now.Sub(last) < quiet/2
		last = now
		<-tick.C
	}
	if !undisturbed {
		t.Log("the writer was held up: the file is written again under another name")
		if err := os.WriteFile(path+".again.csv", data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return undisturbed
}
