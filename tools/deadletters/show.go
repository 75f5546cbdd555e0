package deadletters

import (
	"encoding/hex"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"
)

// show writes all fields of a letter, then its payload: as text if it is text, else as a hex dump.
func show(out io.Writer, l letter) error {
	var b strings.Builder
	field := func(name, value string) { fmt.Fprintf(&b, "%-13s %s\n", name+":", value) }
	field("letter", fmt.Sprintf("%d (%s)", l.N, l.place))
	field("failed at", l.FailedAt.UTC().Format(time.RFC3339Nano))
	field("reason", string(l.Reason))
	field("detail", printable(l.Detail))
	field("stage", string(l.Stage))
	field("source", l.Source)
	field("event id", eventIDText(l))
	field("item", itemText(l))
	messageID, publishedAt := "-", "-"
	if l.MessageID != nil {
		messageID = *l.MessageID
	}
	if l.PublishedAt != nil {
		publishedAt = l.PublishedAt.UTC().Format(time.RFC3339Nano)
	}
	field("message id", printable(messageID))
	field("published at", publishedAt)
	for _, name := range slices.Sorted(maps.Keys(l.Attributes)) {
		field("attribute", printable(name)+"="+printable(l.Attributes[name]))
	}
	field("payload", fmt.Sprintf("%d bytes", len(l.Raw)))
	b.WriteByte('\n')
	if l.Text == nil {
		b.WriteString(hex.Dump(l.Raw))
	} else {
		for line := range strings.Lines(*l.Text) {
			b.WriteString(printable(strings.TrimSuffix(line, "\n")))
			b.WriteByte('\n')
		}
	}
	if _, err := io.WriteString(out, b.String()); err != nil {
		return fmt.Errorf("writing letter %d: %w", l.N, err)
	}
	return nil
}
