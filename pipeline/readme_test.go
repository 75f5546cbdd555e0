package pipeline

import (
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

// TestOptionsTable checks that the table of options in docs/OPERATIONS.md is made from the flags.
// With UPDATE=1 it writes the table.
func TestOptionsTable(t *testing.T) {
	const begin, end = "<!-- options begin -->\n", "<!-- options end -->"
	text := document(t, "docs/OPERATIONS.md")
	head, rest, found := strings.Cut(text, begin)
	_, tail, closed := strings.Cut(rest, end)
	if !found || !closed {
		t.Fatalf("docs/OPERATIONS.md has no lines %s and %s", begin, end)
	}
	o := DefaultOptions()
	want := head + begin + o.Set().Table() + "\n" + end + tail
	if text == want {
		return
	}
	if os.Getenv("UPDATE") == "" {
		t.Fatal("the table is not what the flags come to; run: UPDATE=1 go test ./pipeline -run=TestOptionsTable")
	}
	if err := os.WriteFile("../docs/OPERATIONS.md", []byte(want), 0o644); err != nil {
		t.Fatal(err)
	}
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
