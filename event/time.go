package event

import "time"

// earliestMs is 2000-01-01T00:00:00Z. An earlier time comes from a clock that was never set.
const earliestMs = 946_684_800_000

// parseRFC3339 parses a date and time with offset to epoch ms and truncates it to the millisecond.
// It is stricter than time.Parse, which accepts a comma before the fraction and hours of one digit.
// A leap second is invalid, as in package time.
func parseRFC3339(b []byte) (ms int64, ok bool) {
	const dateTime = len("2006-01-02T15:04:05")
	if len(b) <= dateTime || b[4] != '-' || b[7] != '-' || b[10]|0x20 != 't' || b[13] != ':' || b[16] != ':' {
		return 0, false
	}
	year, ok1 := digits(b[0:4])
	month, ok2 := digits(b[5:7])
	day, ok3 := digits(b[8:10])
	hour, ok4 := digits(b[11:13])
	minute, ok5 := digits(b[14:16])
	second, ok6 := digits(b[17:19])
	if !ok1 || !ok2 || !ok3 || !ok4 || !ok5 || !ok6 || hour > 23 || minute > 59 || second > 59 {
		return 0, false
	}
	t := time.Date(year, time.Month(month), day, hour, minute, second, 0, time.UTC)
	if t.Month() != time.Month(month) || t.Day() != day { // normalized by time.Date, such as 30 February
		return 0, false
	}
	fraction, rest, ok := cutMillis(b[dateTime:])
	if !ok {
		return 0, false
	}
	offset, ok := offsetMinutes(rest)
	if !ok {
		return 0, false
	}
	return t.UnixMilli() + int64(fraction) - int64(offset)*60_000, true
}

// cutMillis splits an optional fraction of a second off the front of b. b is not empty.
func cutMillis(b []byte) (ms int, rest []byte, ok bool) {
	if b[0] != '.' {
		return 0, b, true
	}
	n := 1
	for weight := 100; n < len(b) && '0' <= b[n] && b[n] <= '9'; n++ {
		ms += int(b[n]-'0') * weight
		weight /= 10
	}
	return ms, b[n:], n > 1
}

// offsetMinutes parses the offset that follows the seconds, Z or +hh:mm, to minutes east of UTC.
func offsetMinutes(b []byte) (minutes int, ok bool) {
	if len(b) == 1 {
		return 0, b[0]|0x20 == 'z'
	}
	if len(b) != len("+00:00") || b[0] != '+' && b[0] != '-' || b[3] != ':' {
		return 0, false
	}
	hour, ok1 := digits(b[1:3])
	minute, ok2 := digits(b[4:6])
	if !ok1 || !ok2 || hour > 23 || minute > 59 {
		return 0, false
	}
	minutes = hour*60 + minute
	if b[0] == '-' {
		minutes = -minutes
	}
	return minutes, true
}

func digits(b []byte) (n int, ok bool) {
	for _, c := range b {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int(c-'0')
	}
	return n, true
}
