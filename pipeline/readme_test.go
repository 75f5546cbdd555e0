package pipeline

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/beamlytics/streamlytics/event"
)

// What the documents say is held against the program.

func document(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func documents(t *testing.T) map[string]string {
	t.Helper()
	names, err := filepath.Glob("../docs/*.md")
	if err != nil || len(names) == 0 {
		t.Fatalf("no documents: %v", err)
	}
	texts := map[string]string{}
	for _, name := range append(names, "../README.md", "../CHANGELOG.md", "../walkthrough.md") {
		name = strings.TrimPrefix(filepath.ToSlash(name), "../")
		texts[name] = document(t, name)
	}
	return texts
}

func TestReadmeListsEveryFlagWithItsDefault(t *testing.T) {
	listed := map[string]string{} // default by name
	row := regexp.MustCompile("(?m)^\\| `--(\\w+)` \\| (?:`([^`]*)` )?\\|")
	for _, row := range row.FindAllStringSubmatch(document(t, "README.md"), -1) {
		listed[row[1]] = row[2]
	}
	o := DefaultOptions()
	flagSet(&o).VisitAll(func(f *flag.Flag) {
		want, ok := listed[f.Name]
		switch {
		case !ok:
			t.Errorf("README.md does not list --%s", f.Name)
		case !sameDefault(want, f.DefValue):
			t.Errorf("README.md says that --%s is %q by default; it is %q", f.Name, want, f.DefValue)
		}
		delete(listed, f.Name)
	})
	for name := range listed {
		t.Errorf("README.md lists --%s, which is no flag", name)
	}
}

// sameDefault reports whether a default in a document is that of the flag package: 168h and
// 168h0m0s are the same.
func sameDefault(written, printed string) bool {
	a, errA := time.ParseDuration(written)
	b, errB := time.ParseDuration(printed)
	return written == printed || errA == nil && errB == nil && a == b
}

func TestDocumentsNameEveryReason(t *testing.T) {
	text := document(t, "docs/FORMATS.md")
	for _, r := range event.Reasons {
		if !strings.Contains(text, "| `"+string(r)+"` |") {
			t.Errorf("docs/FORMATS.md does not say when %s is the reason", r)
		}
	}
}

// exampleOf matches an example. Its info string names the format after the language: ```json pos.
var exampleOf = regexp.MustCompile("(?ms)^```json (\\w+)\n(.*?)^```$")

func TestExamplesOfMessagesAreAccepted(t *testing.T) {
	formats := map[string]event.Format{"unified": event.FormatUnified, "pos": event.FormatPOS,
		"ecom": event.FormatECOM, "wms": event.FormatWMS}
	now := time.Date(2026, 11, 28, 0, 0, 0, 0, time.UTC).UnixMilli()
	seen := map[string]bool{}
	var d event.Decoder
	var out event.Decoded
	for name, text := range documents(t) {
		for _, example := range exampleOf.FindAllStringSubmatch(text, -1) {
			format, ok := formats[example[1]]
			if !ok {
				t.Errorf("%s: there is no format %q", name, example[1])
			}
			seen[example[1]] = true
			d.Decode(&event.Message{Channel: event.POS, Format: format, Data: []byte(example[2]), ID: "1"}, now, true,
				&out)
			if len(out.Refusals) > 0 || len(out.Events) == 0 {
				t.Errorf("%s: this is refused, or ignored: %+v\n%s", name, out.Refusals, example[2])
			}
		}
	}
	if len(seen) != len(formats) {
		t.Errorf("only %v have examples", seen)
	}
}

func TestLinksBetweenDocumentsLeadSomewhere(t *testing.T) {
	texts := documents(t)
	for name, text := range texts {
		for _, link := range regexp.MustCompile(`\]\(([^)\s]+)\)`).FindAllStringSubmatch(text, -1) {
			target, anchor, _ := strings.Cut(link[1], "#")
			if strings.Contains(target, "://") {
				continue
			}
			path := filepath.ToSlash(filepath.Join(filepath.Dir(name), target))
			if target == "" {
				path = name
			}
			if _, err := os.Stat(filepath.Join("..", path)); err != nil {
				t.Errorf("%s links to %s: %v", name, link[1], err)
			}
			if anchor != "" && !slices.Contains(anchors(texts[path]), anchor) {
				t.Errorf("%s links to %s, where there is no heading #%s", name, link[1], anchor)
			}
		}
	}
}

// anchors returns the names that headings have in links.
func anchors(text string) (names []string) {
	for _, heading := range regexp.MustCompile(`(?m)^#+ (.*)$`).FindAllStringSubmatch(text, -1) {
		name := regexp.MustCompile(`[^\w\- ]`).ReplaceAllString(strings.ToLower(heading[1]), "")
		names = append(names, strings.ReplaceAll(name, " ", "-"))
	}
	return names
}
