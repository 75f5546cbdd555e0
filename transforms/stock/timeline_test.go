package stock

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// wantConsistentTimeline returns an error if t violates one of its invariants.
func wantConsistentTimeline(t *timeline) error {
	prev := entry{at: -1 << 63}
	n := 0
	for e := range t.all {
		if !prev.less(e) {
			return fmt.Errorf("%+v is before %+v", prev, e)
		}
		prev = e
		n++
	}
	if n != t.len() {
		return fmt.Errorf("%d entries, but the length is %d", n, t.len())
	}
	if t.many == nil {
		if len(t.few) > leafSize {
			return fmt.Errorf("a leaf of %d", len(t.few))
		}
		return nil
	}
	if len(t.few) > 0 || len(t.many.root.children) < 2 {
		return errors.New("a tree beside a leaf, or of one leaf")
	}
	_, err := wantConsistentNode(&t.many.root)
	return err
}

// wantConsistentNode is the same for a node, and returns its depth.
func wantConsistentNode(n *node) (depth int, err error) {
	var sum int64
	first := true
	n.from(math.MinInt64, func(e entry) bool {
		sum += e.delta()
		if first && e.less(n.lo) {
			err = fmt.Errorf("%+v is in a node from %+v", e, n.lo)
		}
		first = false
		return true
	})
	if err != nil {
		return 0, err
	}
	if sum != n.sum {
		return 0, fmt.Errorf("the sum of a node is %d, that of its entries %d", n.sum, sum)
	}
	if n.children == nil {
		if len(n.leaf) == 0 || len(n.leaf) > leafSize {
			return 0, fmt.Errorf("a leaf of %d", len(n.leaf))
		}
		return 0, nil
	}
	if len(n.children) == 0 || len(n.children) > fanout || len(n.leaf) > 0 {
		return 0, fmt.Errorf("an inner node with %d children and %d entries", len(n.children), len(n.leaf))
	}
	for _, k := range n.children[len(n.children):cap(n.children)] {
		if k.leaf != nil || k.children != nil {
			return 0, errors.New("what is gone is still held in memory")
		}
	}
	for i := range n.children {
		d, err := wantConsistentNode(&n.children[i])
		if err != nil {
			return 0, err
		}
		if i > 0 && (d+1 != depth || !n.children[i-1].lo.less(n.children[i].lo) ||
			!n.children[i-1].last().less(n.children[i].lo)) {
			return 0, fmt.Errorf("child %d is out of order", i)
		}
		depth = d + 1
	}
	return depth, nil
}

// sortedSlice is the model of a timeline.
type sortedSlice []entry

func (s *sortedSlice) insert(e entry) {
	i, _ := slices.BinarySearchFunc(*s, e, func(a, b entry) int {
		if a.less(b) {
			return -1
		}
		return 1
	})
	*s = slices.Insert(*s, i, e)
}

func (s sortedSlice) from(ms int64) int {
	i := slices.IndexFunc(s, func(e entry) bool { return e.timeMs() >= ms })
	if i < 0 {
		return len(s)
	}
	return i
}

func (s sortedSlice) sumFrom(ms int64) (sum int64) {
	for _, e := range s[s.from(ms):] {
		sum += e.delta()
	}
	return sum
}

func (s *sortedSlice) popBefore(ms int64) []entry {
	i := s.from(ms)
	popped := (*s)[:i]
	*s = slices.Clone((*s)[i:])
	return popped
}

func wantEqual(t *timeline, s sortedSlice, ms int64) error {
	if got := slices.Collect(t.all); !slices.Equal(got, s) {
		return fmt.Errorf("entries %v, want %v", got, s)
	}
	if got, want := t.sum(), s.sumFrom(-1<<40); got != want {
		return fmt.Errorf("sum %d, want %d", got, want)
	}
	if got, want := t.sumFrom(ms), s.sumFrom(ms); got != want {
		return fmt.Errorf("sum from %d on %d, want %d", ms, got, want)
	}
	newest, ok := t.newest()
	if ok != (len(s) > 0) || ok && (newest != s[len(s)-1].timeMs() || t.oldest() != s[0]) {
		return fmt.Errorf("newest %d, %t; oldest %+v", newest, ok, t.oldest())
	}
	return wantConsistentTimeline(t)
}

func TestTimelineAgainstASortedSlice(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var line timeline
		var model sortedSlice
		span := rapid.SampledFrom([]int64{1, 50, 10_000}).Draw(t, "span")
		time := rapid.Int64Range(-span, span)
		nextID := uint64(0)
		t.Repeat(map[string]func(*rapid.T){
			"insert": func(t *rapid.T) {
				at := time.Draw(t, "time")
				step := rapid.SampledFrom([]int64{-1, 0, 1}).Draw(t, "step") // a run backward, at one time, or forward
				for range rapid.IntRange(1, 3*leafSize).Draw(t, "how many") {
					nextID++
					e := entry{at: at<<codeBits | rapid.Int64Range(codeSale, codeReset).Draw(t, "code"),
						qty: int64(nextID), id: mix(nextID)}
					line.insert(e)
					model.insert(e)
					at += step
				}
			},
			"pop": func(t *rapid.T) {
				ms := time.Draw(t, "before")
				var popped []entry
				line.popBefore(ms, func(e entry) { popped = append(popped, e) })
				if want := model.popBefore(ms); !slices.Equal(popped, want) {
					t.Fatalf("popped %v, want %v", popped, want)
				}
			},
			"": func(t *rapid.T) {
				if err := wantEqual(&line, model, time.Draw(t, "from")); err != nil {
					t.Fatal(err)
				}
			},
		})
	})
}

// TestTimelineLoads fills trees of three levels in several orders and empties them again.
func TestTimelineLoads(t *testing.T) {
	const n = 3 * leafSize * fanout
	random := rand.New(rand.NewPCG(5, 6))
	for name, timeOf := range map[string]func(i int64) int64{
		"ascending":  func(i int64) int64 { return i },
		"descending": func(i int64) int64 { return n - i },
		"random":     func(int64) int64 { return random.Int64N(n) },
		"one time":   func(int64) int64 { return 7 },
		"both ends":  func(i int64) int64 { return n/2 + i*(i%2*2-1)/2 },
		"nearly ascending": func(i int64) int64 {
			return i - random.Int64N(20)
		},
	} {
		t.Run(name, func(t *testing.T) {
			var line timeline
			model := make(sortedSlice, 0, n)
			for i := range int64(n) {
				e := entry{at: timeOf(i)<<codeBits | codeSale + i%2, qty: i % 7, id: mix(uint64(i))}
				line.insert(e)
				model = append(model, e)
				if i%10_000 == 0 {
					if err := wantConsistentTimeline(&line); err != nil {
						t.Fatalf("after %d: %v", i, err)
					}
				}
			}
			slices.SortFunc(model, func(a, b entry) int {
				if a.less(b) {
					return -1
				}
				return 1
			})
			if name == "ascending" {
				if got := len(line.many.root.children); got != 3 {
					t.Errorf("leaves and nodes are not full after inserts in order: %d at the top, want 3", got)
				}
			}
			for len(model) > 0 {
				if err := wantEqual(&line, model, model[random.IntN(len(model))].timeMs()); err != nil {
					t.Fatalf("at %d: %v", len(model), err)
				}
				ms := model[min(len(model)-1, random.IntN(n/8))].timeMs() + 1
				count := 0
				line.popBefore(ms, func(e entry) {
					if e != model[count] {
						t.Fatalf("popped %+v, want %+v", e, model[count])
					}
					count++
				})
				if got := len(model.popBefore(ms)); got != count {
					t.Fatalf("popped %d, want %d", count, got)
				}
			}
			if line.len() != 0 || line.many != nil || line.few != nil {
				t.Errorf("%d entries left", line.len())
			}
		})
	}
}

func TestTimelineAllStops(t *testing.T) {
	for _, n := range []int{1, leafSize, leafSize + 1, 10 * leafSize * fanout} {
		var line timeline
		for i := range n {
			line.insert(entry{at: int64(i) << codeBits, id: uint64(i)})
		}
		stop, seen := n/2+1, 0
		for range line.all {
			if seen++; seen == stop {
				break
			}
		}
		if seen != stop {
			t.Errorf("of %d entries: saw %d, want %d", n, seen, stop)
		}
	}
}
