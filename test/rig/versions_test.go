package rig

import (
	"context"
	"strings"
	"testing"

	"github.com/beamlytics/streamlytics/test/redistest"
)

// TestVersions violates each rule once.
func TestVersions(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	rdb := redistest.Start(t).Client()
	v := NewVersions(rdb)
	set := func(version, onHand string) {
		t.Helper()
		if err := rdb.HSet(ctx, "{stock:s:p}:meta", "version", version).Err(); err != nil {
			t.Fatal(err)
		}
		if err := rdb.Set(ctx, "stock:s:p", onHand, 0).Err(); err != nil {
			t.Fatal(err)
		}
	}
	look := func(still bool, want string) {
		t.Helper()
		switch err := v.Look(ctx, still); {
		case want == "" && err != nil:
			t.Error(err)
		case want != "" && (err == nil || !strings.Contains(err.Error(), want)):
			t.Errorf("the error is %v, want %q", err, want)
		}
	}
	look(true, "")
	set("5", "1")
	look(true, "")
	look(false, "")
	set("5", "2")
	look(false, "") // may be of another write than the version
	look(true, "has changed from 1 to 2 under version 5")
	set("6", "2")
	look(false, "")
	look(true, "")
	set("5", "2")
	look(false, "has gone back from version 6 to 5")
	if err := rdb.FlushAll(ctx).Err(); err != nil {
		t.Fatal(err)
	}
	look(true, "is not any more")
	if v.Looks() != 9 {
		t.Errorf("%d looks", v.Looks())
	}
}
