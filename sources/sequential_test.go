package sources

import "testing"

func TestPositionTracker(t *testing.T) {
	tr := newTracker(Position{At: 3})
	if err := Claim(tr, Position{At: 7}); err != nil {
		t.Fatal(err)
	}
	if tr.IsDone() || tr.GetRestriction() != (Position{At: 7}) {
		t.Errorf("after a claim: done %v, %+v", tr.IsDone(), tr.GetRestriction())
	}
	if primary, residual, err := tr.TrySplit(0.5); primary != (Position{At: 7}) || residual != nil || err != nil {
		t.Errorf("an element is split: %+v, %+v, %v", primary, residual, err)
	}
	primary, residual, err := tr.TrySplit(0)
	if primary != (Position{At: 7, Done: true}) || residual != (Position{At: 7}) || err != nil {
		t.Errorf("checkpoint: %+v, %+v, %v", primary, residual, err)
	}
	if !tr.IsDone() {
		t.Error("not done after a checkpoint")
	}
	if err := Claim(tr, Position{At: 9}); err != errNotClaimed {
		t.Errorf("a claim after a checkpoint: %v", err)
	}
	if _, residual, _ := tr.TrySplit(0); residual != nil {
		t.Errorf("a second checkpoint: %+v", residual)
	}
}

func TestPositionTrackerAtTheEnd(t *testing.T) {
	tr := newTracker(Position{})
	if err := Claim(tr, Position{At: 7, Done: true}); err != nil {
		t.Fatal(err)
	}
	if !tr.IsDone() || Claim(tr, Position{At: 8}) == nil {
		t.Error("there is something after the end")
	}
	if _, residual, _ := tr.TrySplit(0); residual != nil {
		t.Errorf("a checkpoint at the end leaves %+v", residual)
	}
}

func TestWatermarkNeverGoesBack(t *testing.T) {
	w := &Watermark{}
	w.Advance(5000)
	w.Advance(4000)
	if got := w.CurrentWatermark().UnixMilli(); got != 5000 {
		t.Errorf("the watermark is %d", got)
	}
}
