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

var channelNames = [...]string{POS: "POS", ECOM: "ECOM", WMS: "WMS", FILE: "FILE"}

// String returns the name of the channel in dead letters and summaries.
func (c Channel) String() string {
	if int(c) < len(channelNames) && channelNames[c] != "" {
		return channelNames[c]
	}
	return "UNKNOWN"
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
