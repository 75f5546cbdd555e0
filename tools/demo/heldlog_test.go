package demo

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
)

func TestHeldLog(t *testing.T) {
	var out bytes.Buffer
	l := &heldLog{out: &out, hold: true}
	fmt.Fprintln(l, "one")
	for range 3 {
		fmt.Fprint(l, strings.Repeat("x", maxHeld/2))
	}
	if out.Len() > 0 {
		t.Errorf("wrote %d bytes over the picture", out.Len())
	}
	l.release()
	if got := out.String(); !strings.HasPrefix(got, "one\nx") || !strings.HasSuffix(got, "(2 more lines)\n") ||
		len(got) > maxHeld+100 {
		t.Errorf("wrote %d bytes, ending in %q", len(got), got[max(0, len(got)-40):])
	}
	out.Reset()
	fmt.Fprintln(l, "two")
	l.mute()
	fmt.Fprintln(l, "three")
	l.release()
	if out.String() != "two\n" {
		t.Errorf("then wrote %q", out.String())
	}
}
