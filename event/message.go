package event

// Format says how a message is to be read when it is not a unified event.
type Format uint8

// The formats of spec section 1.
const (
	FormatUnified Format = iota // one unified event; nothing else is accepted
	FormatPOS                   // till transaction
	FormatECOM                  // GA4-like clickstream event
	FormatWMS                   // warehouse stock message
)

// Message is what a source hands to the decoder: one Pub/Sub message or one line of a file, as it arrived.
type Message struct {
	Channel     Channel
	Format      Format
	Data        []byte   // the payload; a file's line comes without its end
	Cut         int64    // bytes at the end of a very long line that are not in Data
	Columns     []string // the CSV header when Data is a CSV record, nil when Data is JSON
	Unreadable  string   // why Data can be no record, such as the error of its file's CSV header; empty when it may be one
	Attributes  map[string]string
	ID          string // Pub/Sub message id; empty for files
	PublishedAt int64  // epoch ms; 0 for files
	File        string // path, for files
	Line        int64  // from 1, for files

	// Token and Index find the message again in the ack tracker (internal/acks) of this process; Token 0 is none.
	Token int64
	Index int32
}

// Size is about the memory that the message takes, in bytes.
func (m *Message) Size() int { return len(m.Data) + m.attributeBytes() }

func (m *Message) attributeBytes() (n int) {
	for name, value := range m.Attributes {
		n += len(name) + len(value)
	}
	return n
}
