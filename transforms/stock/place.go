package stock

// place is where in a record a live id stands: about when its event occurred, or the how manieth of the late ones it is. It is never 0.
type place uint32

const (
	placeLate  = 1 << 31 // marks the number of a late id, of which the lower 31 bits are kept
	placeMask  = placeLate - 1
	placeShift = 12            // a place in time is 4,096 ms long
	placeLast  = placeMask - 1 // the last place in time has no end; it begins in the year 2248
)

// placeOf is the place of an entry of a timeline.
func placeOf(e entry) place { return place(min(uint64(e.timeMs())>>placeShift, placeLast)) + 1 }

// placeOfLate is the place of the late id with a number, which counts all that a record has had.
func placeOfLate(number int) place { return placeLate | place(number)&placeMask }

// late is how far behind the late id with the number first the place is.
func (p place) late(first int) (behind int, ok bool) {
	return int((p - place(first)) & placeMask), p&placeLate != 0
}

// times are the times of the place, epoch ms: from the first to before the second.
func (p place) times() (from, to int64) {
	from = int64(p-1) << placeShift
	if p-1 == placeLast {
		return from, 1<<63 - 1
	}
	return from, from + 1<<placeShift
}
