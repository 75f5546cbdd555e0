package acks

import "slices"

// Held is the set of tokens that one bundle holds: each is held once, whatever number of elements came with it. It belongs to
// one DoFn instance. The zero value needs a Reset before use.
type Held struct {
	tracker *Tracker
	tokens  []int64
	last    [1]int64
}

// Reset forgets the tokens, without releasing them, and sets the tracker.
func (h *Held) Reset(t *Tracker) {
	h.tracker = t
	h.tokens = h.tokens[:0]
	h.last[0] = 0
}

// Add holds a token unless the set has it. Elements of one batch follow each other, so this is one comparison most of the time.
func (h *Held) Add(token int64) {
	if token == h.last[0] || token == 0 || h.tracker == nil {
		return
	}
	h.last[0] = token
	if slices.Contains(h.tokens, token) {
		return
	}
	h.tokens = append(h.tokens, token)
	h.tracker.Hold(h.last[:], 1)
}

// Tokens is the set. It is valid until the next Add, Reset or Release.
func (h *Held) Tokens() []int64 { return h.tokens }

// Release releases the set and empties it.
func (h *Held) Release() {
	h.tracker.Release(h.tokens)
	h.tokens = h.tokens[:0]
	h.last[0] = 0
}
