package bench

import (
	"flag"
	"fmt"
	"os"
	"regexp"
	"testing"
	"time"

	"github.com/beamlytics/streamlytics/test/rig"
)

var (
	table = flag.Bool("table", false, "measure at full size and print the table")
	only  = flag.String("only", "", "a `pattern`: only the measurements whose name matches")
	seed  = flag.Uint64("seed", 1, "of the traces")
)

func TestMain(m *testing.M) { os.Exit(rig.Main(m)) }

// measurement is one row of the table, or several.
type measurement struct {
	name   string
	shape  string
	events int // at full size
	run    func(s *stand, what string) []row
}

func one(f func(s *stand, what string) row) func(*stand, string) []row {
	return func(s *stand, what string) []row { return []row{f(s, what)} }
}

func files(flags ...string) func(*stand, string) []row {
	return one(func(s *stand, what string) row { return s.files(what, flags...) })
}

func backlog(flags ...string) func(*stand, string) []row {
	return one(func(s *stand, what string) row { return s.backlog(what, flags...) })
}

func live(rate float64) func(*stand, string) []row {
	return one(func(s *stand, what string) row { return s.live(what, rate, nil) })
}

// watched is live with the page, at which nobody looks, or one viewer.
func watched(rate float64, look func(*testing.T, *rig.Process)) func(*stand, string) []row {
	return one(func(s *stand, what string) row { return s.live(what, rate, look, "--ui_addr=0") })
}

var measurements = []measurement{
	{"yardsticks", "zipf", 1_000_000, func(s *stand, _ string) []row { return s.yardsticks() }},
	{"backlog", "zipf", 1_000_000, backlog()},
	{"backlog warehouse on", "zipf", 1_000_000, backlog("--warehouse_dir=warehouse")},
	{"backlog --ui_addr", "zipf", 1_000_000, backlog("--ui_addr=0")},
	{"backlog --restore=none", "zipf", 1_000_000, backlog("--restore=none")},
	{"backlog of four million", "zipf", 4_000_000, backlog()},
	{"files", "zipf", 1_000_000, files()},
	{"files warehouse on", "zipf", 1_000_000, files("--warehouse_dir=warehouse")},
	{"files hot key", "hot", 1_000_000, files()},
	{"files a million pairs", "million", 1_000_000, files()},
	{"files a thousand pairs", "thousand", 1_000_000, files()},
	{"files flash sale", "flash", 1_000_000, files()},
	{"backlog a day in order", "day", 1_000_000, backlog()},
	{"files ten thousand events", "zipf", 10_000, files()},
	{"files a hundred thousand events", "zipf", 100_000, files()},
	{"files ten million events", "zipf", 10_000_000, files()},
	{"files a million pairs --image_cache_mb=32", "million", 1_000_000, files("--image_cache_mb=32")},
	{"files --key_groups=0", "zipf", 100_000, files("--key_groups=0")},
	{"live 20/s", "zipf", 600, live(20)},
	{"live 1000/s", "zipf", 20_000, live(1000)},
	{"live 1000/s --ui_addr, nobody looks", "zipf", 20_000, watched(1000, nil)},
	{"live 1000/s --ui_addr, one viewer", "zipf", 20_000, watched(1000, view)},
	{"live 5000/s", "zipf", 75_000, live(5000)},
	{"live 10000/s", "zipf", 150_000, live(10_000)},
	{"live 20000/s", "zipf", 300_000, live(20_000)},
	{"live 50000/s", "zipf", 750_000, live(50_000)},
}

// TestMeasurements runs everything that the table is made of.
func TestMeasurements(t *testing.T) {
	pattern, err := regexp.Compile(*only)
	if err != nil {
		t.Fatal(err)
	}
	if *table {
		fmt.Println(head)
	}
	for _, m := range measurements {
		if !pattern.MatchString(m.name) {
			continue
		}
		t.Run(m.name, func(t *testing.T) {
			n := m.events
			if !*table {
				n = min(n/6, 2000) // of a live measurement, seconds
			}
			s := newStand(t, newTrace(shapes[m.shape], *seed, n, time.Now()))
			for _, r := range m.run(s, m.name+"; "+shapes[m.shape].name) {
				if *table {
					fmt.Println(r)
				}
				if r.wrong > 0 || r.rate <= 0 {
					t.Errorf("%+v", r)
				}
			}
		})
	}
}
