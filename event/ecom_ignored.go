package event

import (
	"unicode"
	"unicode/utf8"
)

// MaxIgnoredNames is how many distinct names of ignored events are counted, by a Decoder and by a process.
// OtherIgnored stands for the names beyond it.
const (
	MaxIgnoredNames = 50
	OtherIgnored    = "other"
)

const (
	maxIgnoredName = 64 // bytes of a name that are kept
	emptyName      = "(empty)"
)

// ignoredNames gives the names of ignored clickstream events in a form for counting: at most 64 bytes of printable characters,
// with '_' for each other character. It keeps the first 50 names, and every later one is "other". The zero value is empty.
type ignoredNames struct {
	names   map[string]string
	scratch []byte
}

// name returns the form of a name for counting. A name that it keeps already costs no memory.
func (n *ignoredNames) name(sent []byte) string {
	if len(sent) == 0 {
		return emptyName
	}
	n.scratch = n.scratch[:0]
	for len(sent) > 0 {
		r, size := utf8.DecodeRune(sent)
		if !unicode.IsPrint(r) {
			r = '_'
		}
		if len(n.scratch)+utf8.RuneLen(r) > maxIgnoredName {
			break
		}
		n.scratch = utf8.AppendRune(n.scratch, r)
		sent = sent[size:]
	}
	if name, ok := n.names[string(n.scratch)]; ok {
		return name
	}
	if len(n.names) == MaxIgnoredNames {
		return OtherIgnored
	}
	if n.names == nil {
		n.names = make(map[string]string, MaxIgnoredNames)
	}
	name := string(n.scratch)
	n.names[name] = name
	return name
}
