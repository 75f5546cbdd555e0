package replay

import (
	"errors"
	"fmt"
	"iter"
	"slices"
	"testing"

	"github.com/beamlytics/streamlytics/test/truth"
)

func numbered(n int) iter.Seq2[record, error] {
	return func(yield func(record, error) bool) {
		for i := range n {
			if !yield(record{event: truth.Event{Quantity: int64(i)}}, nil) {
				return
			}
		}
	}
}

// disturbed returns the order of the numbered records after the disturbance, and how many were
// taken.
func disturbed(t *testing.T, d disturbance, n int) (order []int64, taken int) {
	t.Helper()
	for r, err := range d.apply(numbered(n), func(record) { taken++ }) {
		if err != nil {
			t.Fatal(err)
		}
		order = append(order, r.event.Quantity)
	}
	return order, taken
}

func TestLimit(t *testing.T) {
	order, taken := disturbed(t, disturbance{limit: 3, duplicates: 1}, 100)
	if want := []int64{0, 0, 1, 1, 2, 2}; taken != 3 || !slices.Equal(order, want) {
		t.Errorf("took %d, got %v, want %v", taken, order, want)
	}
}

func TestEverythingComesAndTheSharesHold(t *testing.T) {
	const n = 20_000
	order, taken := disturbed(t, disturbance{duplicates: 0.1, late: 0.2, disorder: 50, seed: 7}, n)
	if taken != n {
		t.Errorf("took %d of %d", taken, n)
	}
	if extra := len(order) - n; extra < 1800 || extra > 2200 {
		t.Errorf("%d repetitions, want about 2000", extra)
	}
	distinct := slices.Compact(slices.Sorted(slices.Values(order)))
	if len(distinct) != n {
		t.Errorf("%d of %d events came", len(distinct), n)
	}
}

func TestLateOnesComeAfterAllOthers(t *testing.T) {
	order, _ := disturbed(t, disturbance{late: 0.3, seed: 7}, 1000)
	late := slices.IndexFunc(order[1:], func(x int64) bool { return x < order[0] }) + 1
	for i := 1; late == 0 && i < len(order); i++ {
		if order[i] < order[i-1] {
			late = i
		}
	}
	if late < 600 || late > 800 || !slices.IsSorted(order[:late]) || !slices.IsSorted(order[late:]) {
		t.Errorf("the late ones begin at %d of 1000, want about 700, and both parts in order", late)
	}
}

func TestDisorderStaysWithinItsWindow(t *testing.T) {
	order, _ := disturbed(t, disturbance{disorder: 10, seed: 7}, 1005)
	if slices.IsSorted(order) {
		t.Error("nothing was shuffled")
	}
	for i, x := range order {
		if d := x - int64(i); d <= -10 || d >= 10 {
			t.Errorf("event %d came at place %d", x, i)
		}
	}
	if len(order) != 1005 {
		t.Errorf("%d of 1005 came", len(order))
	}
}

func TestTheSameSeedDisturbsTheSame(t *testing.T) {
	d := disturbance{duplicates: 0.5, late: 0.5, disorder: 10, seed: 7}
	first, _ := disturbed(t, d, 500)
	again, _ := disturbed(t, d, 500)
	d.seed = 8
	other, _ := disturbed(t, d, 500)
	if !slices.Equal(first, again) || slices.Equal(first, other) {
		t.Error("the seed does not decide")
	}
}

func TestAnErrorComesThrough(t *testing.T) {
	broken := errors.New("broken")
	records := func(yield func(record, error) bool) {
		_ = yield(record{}, nil) && yield(record{}, broken)
	}
	for _, d := range []disturbance{{}, {duplicates: 1}, {late: 1}, {disorder: 10}, {limit: 1}} {
		t.Run(fmt.Sprintf("%+v", d), func(t *testing.T) {
			var got error
			for _, err := range d.apply(records, func(record) {}) {
				got = errors.Join(got, err)
			}
			if want := d.limit == 0; errors.Is(got, broken) != want {
				t.Errorf("got %v", got)
			}
		})
	}
}
