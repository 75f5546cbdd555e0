package history

import "strings"

// names holds the texts that entries refer to by number, as long as an entry uses them. Number 0
// stands for no text.
type names struct {
	numbers map[string]uint32
	list    []name
	free    []uint32 // numbers that are not in use
	texts   int      // bytes of all texts
}

type name struct {
	text string
	uses uint32 // entries that refer to it

	// Of a product.
	last uint64 // sequence number of its newest entry
	wall int64  // when that arrived
	sold int64  // units of the last hour, by the newest velocity signal of all stores
}

// use returns the number of a text for one more entry.
func (n *names) use(text string) uint32 {
	i, ok := n.numbers[text]
	if !ok {
		i = n.add(strings.Clone(text)) // the text may be a part of a whole message
	}
	n.list[i].uses++
	return i
}

func (n *names) add(text string) (i uint32) {
	if n.numbers == nil {
		n.numbers, n.list = map[string]uint32{}, make([]name, 1)
	}
	if last := len(n.free) - 1; last >= 0 {
		i, n.free = n.free[last], n.free[:last]
	} else {
		i, n.list = uint32(len(n.list)), append(n.list, name{})
	}
	n.list[i], n.numbers[text] = name{text: text}, i
	n.texts += len(text)
	return i
}

// release undoes one use of a number.
func (n *names) release(i uint32) {
	if i == 0 {
		return
	}
	x := &n.list[i]
	if x.uses--; x.uses > 0 {
		return
	}
	delete(n.numbers, x.text)
	n.texts -= len(x.text)
	*x = name{}
	n.free = append(n.free, i)
}

// size returns about how many bytes the names take. The list and the map do not shrink.
func (n *names) size() int { return n.texts*9/8 + nameCost*len(n.list) }

// text returns the text of a number.
func (n *names) text(i uint32) string {
	if i == 0 {
		return ""
	}
	return n.list[i].text
}
