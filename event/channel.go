package event

// Channel is the origin of a message.
type Channel uint8

// The channels. The numbers are part of the batch format and never change.
const (
	POS  Channel = 1 // tills
	ECOM Channel = 2 // web shop clickstream
	WMS  Channel = 3 // warehouse management
	FILE Channel = 4 // a line of a file, whatever its format
)

// Channels lists every channel in the order of its number.
var Channels = [...]Channel{POS, ECOM, WMS, FILE}

// channels holds what distinguishes the channels: one row each.
var channels = [...]struct {
	name   string
	format Format
}{
	POS:  {"POS", FormatPOS},
	ECOM: {"ECOM", FormatECOM},
	WMS:  {"WMS", FormatWMS},
	FILE: {"FILE", FormatUnified},
}

// String returns the name of the channel in dead letters and summaries.
func (c Channel) String() string {
	if c != 0 && int(c) < len(channels) {
		return channels[c].name
	}
	return "UNKNOWN"
}

// Format returns the wire format of the channel. Files may also have the format of another one.
func (c Channel) Format() Format { return channels[c].format }

// ParseChannel returns the channel with a name. Names are case-sensitive.
func ParseChannel(name string) (Channel, bool) {
	for _, c := range Channels {
		if c.String() == name {
			return c, true
		}
	}
	return 0, false
}

// Format is the wire format of a message. Any message may be a unified event instead.
type Format uint8

// The formats.
const (
	FormatUnified Format = iota // a unified event
	FormatPOS                   // a till transaction
	FormatECOM                  // a GA4-like clickstream event
	FormatWMS                   // a stock message of the warehouse
)

// decoders holds the function that decodes d.doc for each format.
var decoders = [...]func(d *Decoder) *Refusal{
	FormatUnified: (*Decoder).decodeUnified,
	FormatPOS:     (*Decoder).decodePOS,
	FormatECOM:    (*Decoder).decodeECOM,
	FormatWMS:     (*Decoder).decodeWMS,
}
