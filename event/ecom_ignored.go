package event

import (
	"unicode"
	"unicode/utf8"
)

// MaxIgnoredNames is the greatest number of distinct names of ignored events that a Decoder, or a
// process, counts. OtherIgnored is the name for all others.
const (
	MaxIgnoredNames = 50
	OtherIgnored    = "other"
)

const (
	maxIgnoredName = 64 // bytes
	emptyName      = "(empty)"
)

// ignoredNames maps names of ignored clickstream events to names to count them by: at most 64
// bytes, with '_' for each character that is not printable. After the first 50 names, each new one
// is "other". The zero value is empty.
type ignoredNames struct {
	names   map[string]string
	scratch []byte
}

// name returns the name to count sent by. It does not allocate for a name that was seen before.
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
