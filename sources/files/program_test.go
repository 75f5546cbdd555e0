package files

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/beamlytics/streamlytics/event/jq"
)

func TestProgram(t *testing.T) {
	t.Chdir(t.TempDir())
	for name, text := range map[string]string{"map.jq": "# a map\n.a", "plain": ".b", "wrong.jq": ".a |", "..jq": ".c",
		"long.jq": strings.Repeat(" ", jq.MaxProgram+1)} {
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir("folder.jq", 0o755); err != nil {
		t.Fatal(err)
	}
	fakeGCS(t, "maps", map[string]string{"pos.jq": ".d", "program": ".e"})
	for _, c := range []struct{ value, want, err string }{
		{".", ".", ""}, // and not the folder
		{".a // .b", ".a // .b", ""},
		{"map.jq", "# a map\n.a", ""},
		{"./map.jq", "# a map\n.a", ""},
		{"plain", ".b", ""},
		{"..jq", ".c", ""},
		{"gs://maps/pos.jq", ".d", ""},
		{"gs://maps/program", ".e", ""},
		{".a |", "", "line 1, column 5: unexpected EOF"},
		{"wrong.jq", "", "wrong.jq: line 1, column 5: unexpected EOF"},
		{"missing.jq", "", "open missing.jq: no such file"},
		{"folder.jq", "", "folder.jq: is a directory"},
		{"long.jq", "", "long.jq: the program has 1048577 bytes, more than 1048576"},
		{"gs://maps/missing.jq", "", "gs://maps/missing.jq"},
		{"gs://maps", "", "is not gs://bucket/name"},
		{"s3://maps/pos.jq", "", "files are local or in gs://"},
	} {
		got, err := Program(t.Context(), c.value)
		if err == nil && c.err != "" || err != nil && (c.err == "" || !strings.Contains(err.Error(), c.err)) {
			t.Errorf("%s: error %v, want %q", c.value, err, c.err)
		}
		if err == nil && got != c.want {
			t.Errorf("%s: %q, want %q", c.value, got, c.want)
		}
	}
	absolute, err := filepath.Abs("plain")
	if err != nil {
		t.Fatal(err)
	}
	if got, err := Program(t.Context(), absolute); got != ".b" {
		t.Errorf("%s: %q %v", absolute, got, err)
	}
}
