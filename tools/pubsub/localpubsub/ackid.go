package localpubsub

import (
	"strconv"
	"strings"
)

// ackIDs numbers the deliveries of one subscription. The text of an id contains the serial number
// of the subscription, so that an id of another subscription, or of an earlier server, is unknown
// here.
type ackIDs struct {
	serial uint64
	last   uint64
}

func (a *ackIDs) next() uint64 {
	a.last++
	return a.last
}

func (a *ackIDs) text(id uint64) string {
	b := make([]byte, 0, 32)
	b = strconv.AppendUint(b, a.serial, 36)
	b = append(b, '-')
	b = strconv.AppendUint(b, id, 36)
	return string(b)
}

// parse returns the number of an ack id, 0 for one of another subscription, and false for a text
// that is no ack id.
func (a *ackIDs) parse(text string) (uint64, bool) {
	serialText, idText, found := strings.Cut(text, "-")
	if !found {
		return 0, false
	}
	serial, err := strconv.ParseUint(serialText, 36, 64)
	if err != nil {
		return 0, false
	}
	id, err := strconv.ParseUint(idText, 36, 64)
	if err != nil {
		return 0, false
	}
	if serial != a.serial {
		return 0, true
	}
	return id, true
}
