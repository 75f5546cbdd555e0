package pipeline

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/beamlytics/streamlytics/event"
	"github.com/beamlytics/streamlytics/internal/clock"
	"github.com/beamlytics/streamlytics/sources/files"
)

// ErrRefused is the error of a sample of which something is refused.
var ErrRefused = errors.New("some lines are refused")

// SampleResult counts what the lines of a sample become.
type SampleResult struct {
	Lines            int // without blank ones and the header of a CSV
	Events           int
	Refused          map[event.Reason]int
	Ignored          int // lines that become nothing, such as a clickstream event that is not used
	UnreadablePrices int // prices that are absent in the archive
}

// String returns the counts on one line.
func (r SampleResult) String() string {
	refused, reasons := 0, ""
	for _, reason := range event.Reasons {
		if n := r.Refused[reason]; n > 0 {
			refused += n
			reasons += fmt.Sprintf(", %s: %d", reason, n)
		}
	}
	if reasons != "" {
		reasons = " (" + reasons[len(", "):] + ")"
	}
	text := fmt.Sprintf("lines: %d, events: %d, refused: %d%s, ignored: %d",
		r.Lines, r.Events, refused, reasons, r.Ignored)
	if r.UnreadablePrices > 0 {
		text += fmt.Sprintf(", unreadable prices: %d", r.UnreadablePrices)
	}
	return text
}

// Sampler shows what the lines of a producer's file become. It reads one file.
type Sampler struct {
	channel event.Channel
	clock   clock.Clock
	sample  sample
}

// NewSampler returns a sampler with the maps, the options of decoding and the clock of o; it uses no
// other option. The format is pos, ecom, wms or unified. The error lists everything that is wrong with
// these options.
func NewSampler(ctx context.Context, o Options, format string) (*Sampler, error) {
	var errs []error
	bad := o.reportTo(&errs)
	channel, ok := event.ParseChannel(strings.ToUpper(format))
	if format == "unified" {
		channel = event.FILE
	} else if !ok || channel == event.FILE {
		bad("format", "%q is not one of pos, ecom, wms and unified", format)
	}
	o.validateDecoding(bad)
	maps := o.readMaps(ctx, bad, false)
	c := o.validateClock(bad, time.Now())
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return &Sampler{channel, c, sample{SampleResult: SampleResult{Refused: map[event.Reason]int{}},
		decoder: event.Decoder{Rules: o.rules(maps)}}}, nil
}

// Read reads a file, local or in gs://, plain or gzip, or stdin where its name is -, and writes to out
// what each line becomes: a JSON object for each event, refusal and ignored line. The error wraps
// ErrRefused when something is refused.
//
// A line of the format pos, ecom or wms is taken as a message of that subscription, without
// attributes and publish time. Its message id is line-N, so an event that gets its id from Pub/Sub
// has that one here. A line of the format unified is taken as one of --events_files, and a line of
// CSV, which wms may be, as one of --wms_files: files have no message ids, and an event without an id
// is refused. The rules that compare an event with others (ID_REUSED, TOO_LATE, RESET_TOO_OLD) are
// not applied.
func (r *Sampler) Read(ctx context.Context, name string, stdin io.Reader, out io.Writer) (SampleResult, error) {
	s := &r.sample
	buffer := bufio.NewWriter(out)
	s.json = json.NewEncoder(buffer)
	s.json.SetEscapeHTML(false)
	for m, err := range files.Lines(ctx, files.File{Path: name, Format: r.channel.Format()}, stdin) {
		if err == nil {
			if m.Columns == nil && r.channel != event.FILE {
				m.Channel, m.ID = r.channel, "line-"+strconv.FormatInt(m.Line, 10)
			}
			s.decoder.Decode(&m, r.clock.NowMs(), r.clock.IsWall(), &s.decoded)
			err = s.write(m.Line)
		}
		if err != nil {
			return s.SampleResult, errors.Join(err, buffer.Flush())
		}
	}
	if err := buffer.Flush(); err != nil {
		return s.SampleResult, err
	}
	if len(s.Refused) > 0 {
		return s.SampleResult, fmt.Errorf("%s: %w", name, ErrRefused)
	}
	return s.SampleResult, nil
}

// sample is a sample that is read.
type sample struct {
	SampleResult

	json    *json.Encoder
	decoder event.Decoder
	decoded event.Decoded
}

// wireEvent is a unified event as --events_files takes it.
type wireEvent struct {
	ID         string `json:"event_id"`
	Type       string `json:"type"`
	StoreID    string `json:"store_id"`
	ProductID  string `json:"product_id"`
	Quantity   int64  `json:"quantity"`
	OccurredAt string `json:"occurred_at"`
}

// write writes and counts what a line became.
func (s *sample) write(line int64) error {
	d := &s.decoded
	s.Lines++
	s.UnreadablePrices += d.UnreadablePrices
	var errs []error
	for _, e := range d.Events {
		s.Events++
		at := time.UnixMilli(e.OccurredAt).UTC().Format("2006-01-02T15:04:05.000Z07:00")
		errs = append(errs, s.json.Encode(struct {
			Line  int64     `json:"line"`
			Event wireEvent `json:"event"`
		}{line, wireEvent{e.ID, e.Type.String(), e.StoreID, e.ProductID, e.Quantity, at}}))
	}
	for _, r := range d.Refusals {
		s.Refused[r.Reason]++
		var item *int
		if r.Item != event.NoItem {
			item = &r.Item
		}
		errs = append(errs, s.json.Encode(struct {
			Line   int64        `json:"line"`
			Reason event.Reason `json:"reason"`
			Detail string       `json:"detail"`
			Item   *int         `json:"item"`
		}{line, r.Reason, r.Detail, item}))
	}
	if len(d.Events)+len(d.Refusals) == 0 {
		s.Ignored++
		errs = append(errs, s.json.Encode(struct {
			Line    int64  `json:"line"`
			Ignored string `json:"ignored"`
		}{line, d.IgnoredName}))
	}
	return errors.Join(errs...)
}
