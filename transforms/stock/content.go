package stock

// content is a fingerprint of what must agree between an event and its repetition: type and
// quantity in the upper half, the time in the lower half. It is never 0.
type content uint64

// timeless is the bit that marks an event whose time was replaced on arrival, so that its time
// cannot be compared.
const timeless = 1

func (e entry) content() content {
	code, mark := e.code(), content(0)
	switch code {
	case codeAdjustedReset:
		code, mark = codeReset, timeless
	case codeAdjustedView:
		code, mark = codeView, timeless
	case codeAdjustedCart:
		code, mark = codeCartAdd, timeless
	}
	what := mix(uint64(e.qty)<<codeBits|uint64(code)) >> 32
	when := mix(uint64(e.timeMs())) >> 32
	return content(max(what, 1)<<32|when&^timeless) | mark
}

// same reports whether two events of one identity are repetitions. If either is timeless, only type
// and quantity are compared.
func (c content) same(o content) bool {
	if (c|o)&timeless != 0 {
		return c>>32 == o>>32
	}
	return c == o
}

// mix is the finalizer of MurmurHash3 (public domain): a bijection in which every input bit affects
// every output bit.
func mix(h uint64) uint64 {
	h ^= h >> 33
	h *= 0xff51afd7ed558ccd
	h ^= h >> 33
	h *= 0xc4ceb9fe1a85ec53
	return h ^ h>>33
}
