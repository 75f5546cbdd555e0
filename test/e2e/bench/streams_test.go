package bench

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/beamlytics/streamlytics/test/rig"
)

const watchedProducts = 20 // of some 200: a category page

// TestStreams opens streams of one list of products beside a pipeline at 1,000 events a second, and
// prints how old a stock is when a client has it. The age begins at the version, which is the clock
// just before the write to Redis.
func TestStreams(t *testing.T) {
	clients, events := 20, 3000
	if *table {
		clients, events = 1000, 60_000
	}
	s := newStand(t, newTrace(shapes["zipf"], *seed, events, time.Now()))
	cmd := rig.Command(t, "serve", "--addr=0", "--log_format=text", "--redis_addrs="+s.server.Addr)
	cmd.Dir = t.TempDir()
	p := rig.StartCommand(t, cmd)
	line := regexp.MustCompile(`serving signals at (http://[0-9.:]+)`)
	s.await(p, "it serves", func() bool { return line.MatchString(p.Log()) })
	base := line.FindStringSubmatch(p.Log())[1]

	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	list := url.Values{}
	for i := range watchedProducts {
		list.Add("product", strconv.Itoa(i+1))
	}
	ages, errs := make([][]time.Duration, clients), make([]error, clients)
	var all sync.WaitGroup
	for i := range clients {
		all.Go(func() { ages[i], errs[i] = watch(ctx, base+"/v1/stream?"+list.Encode()) })
	}
	s.await(p, "all streams are open", func() bool { return metric(t, base, "streamlytics_api_streams ") == float64(clients) })
	r := s.live("live 1000/s", 1000, nil)
	dropped := metric(t, base, `streamlytics_api_streams_dropped_total{reason="slow"} `)
	cpu := metric(t, base, "process_cpu_seconds_total ")
	reads := metric(t, base, "streamlytics_api_redis_read_seconds_count ")
	if err := p.Stop(time.Minute); err != nil {
		t.Error(err)
	}
	all.Wait()
	for _, err := range errs {
		if err != nil {
			t.Fatal(err)
		}
	}
	sorted := slices.Sorted(func(yield func(time.Duration) bool) {
		for _, a := range slices.Concat(ages...) {
			if !yield(a) {
				return
			}
		}
	})
	if len(sorted) < clients || dropped > 0 || r.wrong > 0 {
		t.Fatalf("%d stocks came, %v clients were dropped", len(sorted), dropped)
	}
	quantile := func(q float64) time.Duration { return sorted[int(q*float64(len(sorted)-1))].Round(time.Millisecond) }
	fmt.Printf("streams | %d clients, %d products | %.0f events/s in | p50 %v, p99 %v, max %v | "+
		"%d stocks received, %.0f reads, %.0f dropped | serve: peak %d MB, CPU %.1f s\n", clients, watchedProducts, r.rate,
		quantile(.5), quantile(.99), quantile(1), len(sorted), reads, dropped, p.PeakMemory()>>20, cpu)
}

// watch reads a stream to its end and returns the age of each stock that had changed.
func watch(ctx context.Context, stream string) (ages []time.Duration, err error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, stream, http.NoBody)
	if err != nil {
		return nil, err
	}
	a, err := http.DefaultClient.Do(r)
	if err != nil {
		return nil, err
	}
	defer a.Body.Close()
	versions := map[string]int64{}
	lines := bufio.NewScanner(a.Body)
	for lines.Scan() {
		_, rest, ok := bytes.Cut(lines.Bytes(), []byte(`data: {"product_id":"`))
		if !ok {
			continue
		}
		id, rest, _ := bytes.Cut(rest, []byte(`"`))
		_, rest, ok = bytes.Cut(rest, []byte(`"version":`))
		number, _, _ := bytes.Cut(rest, []byte(`,`))
		if !ok {
			continue // there is no stock yet
		}
		version, err := strconv.ParseInt(string(number), 10, 64)
		if err != nil {
			return nil, err
		}
		if before, seen := versions[string(id)]; seen && version != before {
			ages = append(ages, time.Since(time.UnixMicro(version)))
		}
		versions[string(id)] = version
	}
	return ages, lines.Err()
}

// metric returns the value of a metric, whose name ends with a blank.
func metric(t *testing.T, base, name string) float64 {
	t.Helper()
	_, text, err := rig.Get(base + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, ok := strings.Cut(text, "\n"+name)
	value, _, _ := strings.Cut(rest, "\n")
	v, err := strconv.ParseFloat(value, 64)
	if !ok || err != nil {
		t.Fatalf("no %s in\n%s", name, text)
	}
	return v
}
