package deadletters

import (
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"
)

// list writes one row per letter.
func list(out io.Writer, letters []letter) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "N\tFAILED AT\tREASON\tSTAGE\tSOURCE\tEVENT ID\tITEM\tDETAIL")
	for _, l := range letters {
		fmt.Fprintf(table, "%d\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n",
			l.N, l.FailedAt.UTC().Format(time.RFC3339), l.Reason, l.Stage, l.Source,
			shorten(eventIDText(l), longestID), itemText(l), shorten(printable(l.Detail), longestDetail))
	}
	if err := table.Flush(); err != nil {
		return fmt.Errorf("writing the list: %w", err)
	}
	return nil
}

// listJSON writes one line per letter: the record as it is kept, with its number.
func listJSON(out io.Writer, letters []letter) error {
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	for _, l := range letters {
		if err := encoder.Encode(l); err != nil {
			return fmt.Errorf("writing letter %d: %w", l.N, err)
		}
	}
	return nil
}

func itemText(l letter) string {
	if l.Item == nil {
		return "-"
	}
	return strconv.Itoa(*l.Item)
}

// eventIDText returns the event id without the item's #k, or "-" if the payload has none.
func eventIDText(l letter) string {
	if l.EventID == nil {
		return "-"
	}
	return printable(*l.EventID)
}

// How many characters of an event id and of a detail a row of the list shows.
const (
	longestID     = 40
	longestDetail = 160
)

func shorten(s string, longest int) string {
	if runes := []rune(s); len(runes) > longest {
		return string(runes[:longest-1]) + "…"
	}
	return s
}

// printable escapes characters that would move a terminal's cursor or hide text: messages come from
// anywhere.
func printable(s string) string {
	var b strings.Builder
	for _, r := range s {
		if unicode.IsPrint(r) {
			b.WriteRune(r)
			continue
		}
		quoted := strconv.QuoteRune(r)
		b.WriteString(quoted[1 : len(quoted)-1])
	}
	return b.String()
}
