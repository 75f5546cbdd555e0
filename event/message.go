package event

// Message is one Pub/Sub message or one line of a file, as received.
type Message struct {
	Channel     Channel
	Format      Format
	Data        []byte   // the payload, or a line without its end
	Cut         int64    // how many bytes of a very long line are missing at the end of Data
	Columns     []string // the CSV header if Data is a CSV record, nil if Data is JSON
	Unreadable  string   // why Data cannot be decoded, such as an invalid CSV header above it; empty if it may be
	Attributes  map[string]string
	ID          string // Pub/Sub message id; empty for files
	PublishedAt int64  // publish time, epoch ms; 0 for files
	File        string // path, for files
	Line        int64  // line number from 1, for files

	// Token and Index identify the message in the ack tracker of this process (internal/acks).
	// Token is 0 if the message has no ack token.
	Token int64
	Index int32
}

// Size returns the approximate memory use of the message, in bytes.
func (m *Message) Size() int { return len(m.Data) + m.attributeBytes() }

func (m *Message) attributeBytes() (n int) {
	for name, value := range m.Attributes {
		n += len(name) + len(value)
	}
	return n
}
