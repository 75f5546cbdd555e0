package stock

// place locates a live id in a record: by the approximate time of its event, or by its number among
// the late ids. It is never 0.
type place uint32

const (
	placeLate  = 1 << 31 // set for a late id; the other 31 bits are the lower ones of its number
	placeMask  = placeLate - 1
	placeShift = 12            // a place in time covers 4,096 ms
	placeLast  = placeMask - 1 // the last place in time, from the year 2248, has no end
)

// placeOf returns the place of an entry of a timeline.
func placeOf(e entry) place { return place(min(uint64(e.timeMs())>>placeShift, placeLast)) + 1 }

// placeOfLate returns the place of the late id with a number. The record numbers all late ids it
// ever had.
func placeOfLate(number int) place { return placeLate | place(number)&placeMask }

// late returns the index of p in the list of late ids, of which the first has the number first. ok
// is false if p is not the place of a late id.
func (p place) late(first int) (index int, ok bool) {
	return int((p - place(first)) & placeMask), p&placeLate != 0
}

// times returns the times that the place covers, epoch ms: from inclusive, to exclusive.
func (p place) times() (from, to int64) {
	from = int64(p-1) << placeShift
	if p-1 == placeLast {
		return from, 1<<63 - 1
	}
	return from, from + 1<<placeShift
}
