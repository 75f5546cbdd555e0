package acks

import (
	"testing"

	"github.com/beamlytics/streamlytics/event"
)

// TestFullByBytes checks that few large messages make the tracker full, attributes included.
func TestFullByBytes(t *testing.T) {
	half := event.Message{Data: make([]byte, maxBytes/2-1), Attributes: map[string]string{"a": ""}}
	tr := New(1000)
	first := tr.Open([]event.Message{half}, func() {})
	if tr.Full() {
		t.Fatal("full at half of the limit")
	}
	if n := tr.Bytes(); n != int64(half.Size()) {
		t.Errorf("%d bytes are outstanding, want %d", n, half.Size())
	}
	second := tr.Open([]event.Message{half}, func() {})
	if !tr.Full() {
		t.Fatal("not full at the limit")
	}
	tr.Release([]int64{first})
	if tr.Full() {
		t.Error("full after the half is done")
	}
	tr.Release([]int64{second})
	if n := tr.Bytes(); n != 0 || tr.Outstanding() != 0 {
		t.Errorf("%d bytes of %d messages are outstanding at the end", n, tr.Outstanding())
	}
}
