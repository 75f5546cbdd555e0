package velocity

import (
	"encoding/binary"
	"fmt"

	"github.com/beamlytics/streamlytics/internal/codec"
)

// The encoding of a series, version 1. All numbers are varints; counts are signed (zig-zag).
//
//	version byte
//	flags byte
//	seen              the greatest clock seen; if 0, only the number of minutes follows, a 0
//	changedAt         if flagChanged: how long before seen the badge changed
//	last              if flagLive: the newest minute counted, then units, views and cart adds
//	                  of the hour and of the day
//	number of minutes that have buckets
//	minutes           each: minutes since the one before, less one (the first: since the start of
//	                  the day window); a byte of flags for the counts that are not 0; these counts
const encodingVersion = 1

const (
	flagLive       = 1 << iota // last is not gone
	flagDense                  // last.Dense
	flagHighDemand             // last.HighDemand
	flagChanged                // changedAt is not 0

	flagsAll = flagLive | flagDense | flagHighDemand | flagChanged
)

const (
	hasSale = 1 << iota // a sale of positive quantity
	hasUnits
	hasViews
	hasCarts

	hasAll = hasSale | hasUnits | hasViews | hasCarts
)

// AppendBinary appends the encoding of the series. Equal series have equal encodings.
func (s *Series) AppendBinary(b []byte) []byte {
	var flags byte
	flags = setIf(flags, flagLive, !s.last.Gone())
	flags = setIf(flags, flagDense, s.last.Dense)
	flags = setIf(flags, flagHighDemand, s.last.HighDemand)
	flags = setIf(flags, flagChanged, s.changedAt != 0)
	b = append(b, encodingVersion, flags)
	b = binary.AppendUvarint(b, uint64(s.seen))
	if flags&flagChanged != 0 {
		b = binary.AppendUvarint(b, uint64(s.seen-s.changedAt))
	}
	if r := &s.last; flags&flagLive != 0 {
		b = binary.AppendUvarint(b, uint64(r.Expires/minuteMs-dayMinutes-1))
		for _, n := range [...]int64{r.UnitsHour, r.ViewsHour, r.CartsHour, r.UnitsDay, r.ViewsDay, r.CartsDay} {
			b = binary.AppendVarint(b, n)
		}
	}
	minutes := 0
	for i := range s.buckets {
		if i == 0 || s.buckets[i].minute != s.buckets[i-1].minute {
			minutes++
		}
	}
	b = binary.AppendUvarint(b, uint64(minutes))
	next := oldest(s.seen, dayMinutes)
	for left := s.buckets; len(left) > 0; {
		minute, n := left[0].minute, 1
		for n < len(left) && left[n].minute == minute {
			n++
		}
		b = binary.AppendUvarint(b, uint64(minute-next))
		b = appendMinute(b, left[:n])
		left, next = left[n:], minute+1
	}
	return b
}

// appendMinute appends the buckets of one minute.
func appendMinute(b []byte, buckets []bucket) []byte {
	var has byte
	for _, k := range buckets {
		has = setIf(has, hasSale, k.sold)
		has = setIf(has, hasUnits<<k.kind, k.count != 0)
	}
	b = append(b, has)
	for _, k := range buckets {
		if k.count != 0 {
			b = binary.AppendVarint(b, k.count)
		}
	}
	return b
}

func setIf(flags, flag byte, on bool) byte {
	if on {
		return flags | flag
	}
	return flags
}

// DecodeSeries decodes a series from the front of b and returns the bytes after it. It accepts only
// what AppendBinary appends: encoding the series yields the same bytes. Its memory is bounded by
// that of a full series. The series is due at once, because the options may have changed since it
// was encoded.
func DecodeSeries(b []byte) (s Series, rest []byte, err error) {
	d := decoder{codec.Reader{B: b}}
	s = d.series()
	if d.Err != nil {
		return Series{}, nil, fmt.Errorf("decode a velocity series: %w", d.Err)
	}
	return s, d.B, nil
}

// decoder reads an encoding.
type decoder struct{ codec.Reader }

func (d *decoder) series() (s Series) {
	if v := d.Byte(); v != encodingVersion {
		d.fail("version %d is not known", v)
	}
	flags := d.flags(flagsAll)
	if s.seen = d.uint(maxClockMs); s.seen == 0 && flags != 0 || s.seen != 0 && s.seen < minClockMs {
		d.fail("clock %d does not fit flags %#x", s.seen, flags)
	}
	if flags&flagChanged != 0 {
		if s.changedAt = s.seen - d.uint(s.seen); s.changedAt == 0 {
			d.fail("badge changed at 0")
		}
	}
	s.last.Dense = flags&flagDense != 0
	s.last.HighDemand = flags&flagHighDemand != 0
	if r := &s.last; flags&flagLive != 0 {
		r.Expires = leaves(int32(d.uint(maxClockMs/minuteMs)), dayMinutes)
		for _, n := range [...]*int64{&r.UnitsHour, &r.ViewsHour, &r.CartsHour, &r.UnitsDay, &r.ViewsDay, &r.CartsDay} {
			*n = d.Varint()
		}
	} else if flags&(flagDense|flagHighDemand) != 0 {
		d.fail("flags %#x of a reading that is gone", flags)
	}
	if s.seen != 0 {
		s.buckets = d.buckets(s.seen)
	} else if d.uint(0); d.Err != nil {
		return Series{}
	}
	s.stale = true
	return s
}

func (d *decoder) buckets(seen int64) []bucket {
	minutes := d.uint(min(maxMinutes, int64(len(d.B)/2))) // a minute has at least two bytes
	if minutes == 0 || d.Err != nil {
		return nil
	}
	buckets := make([]bucket, 0, minutes)
	next := oldest(seen, dayMinutes)
	for i := range minutes {
		minute := next + int32(d.uint(int64(newest(seen)-next)))
		has := d.flags(hasAll)
		for k := Sale; k < kinds; k++ {
			b := bucket{minute: minute, kind: k, sold: k == Sale && has&hasSale != 0}
			counted := has&(hasUnits<<k) != 0
			if counted {
				if b.count = d.Varint(); b.count == 0 {
					d.fail("minute %d counts a 0", i)
				}
			}
			if counted || b.sold || k == Sale && has == 0 { // sales and returns that sum to 0
				buckets = append(buckets, b)
			}
		}
		next = minute + 1
	}
	return buckets
}

func (d *decoder) fail(format string, args ...any) { d.Fail(fmt.Errorf(format, args...)) }

// flags reads a byte whose bits must be a subset of all.
func (d *decoder) flags(all byte) byte {
	v := d.Byte()
	if v&^all != 0 {
		d.fail("flags %#x are not known", v)
	}
	return v & all
}

// uint reads a number from 0 to limit. A negative limit allows no number.
func (d *decoder) uint(limit int64) int64 {
	v := d.Uvarint()
	if d.Err == nil && (limit < 0 || v > uint64(limit)) {
		d.fail("number %d is more than %d", v, limit)
		return 0
	}
	return int64(v)
}
