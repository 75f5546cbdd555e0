package page

import (
	"errors"
	"net/http"
	"strconv"
	"unicode/utf8"

	"github.com/beamlytics/streamlytics/event"
	"github.com/beamlytics/streamlytics/internal/history"
	"github.com/beamlytics/streamlytics/serving/api"
)

// kept is a dead letter in memory.
type kept = history.Item[event.DeadLetter]

// deadLetters answers /page/deadletters: all, those of a reason, or the one with the number n.
func (p *page) deadLetters(w http.ResponseWriter, r *http.Request) {
	f, letters, query := p.Flow(), []letter{}, r.URL.Query()
	reason, n := query.Get("reason"), query.Get("n")
	wanted := func(l kept) bool {
		return (reason == "" || reason == string(l.Value.Reason)) && (n == "" || n == strconv.FormatInt(l.N, 10))
	}
	for _, l := range p.History.Letters.Newest(limitOf(r, 500), wanted) {
		letters = append(letters, p.letterOf(l))
	}
	answer(w, http.StatusOK, map[string]any{"total": f.RefusedTotal, "reasons": f.Refused, "letters": letters})
}

func (p *page) letterOf(k kept) letter {
	l, m := k.Value, k.Value.Message
	p.mu.Lock()
	defer p.mu.Unlock()
	out := letter{N: k.N, Reason: string(l.Reason), Detail: l.Detail, Stage: string(l.Stage),
		Source: m.Channel.String(), MessageID: m.ID, Published: m.PublishedAt, Failed: l.FailedAt, Raw: m.Data,
		Cut: m.Cut, Attributes: m.Attributes, Replayable: p.replayable(l), Replayed: p.replayed[k.N]}
	if l.Item != event.NoItem {
		out.Item = &l.Item
	}
	if utf8.Valid(m.Data) {
		text := string(m.Data)
		out.Text = &text
	}
	return out
}

// replayable reports whether a repaired message can be published in place of a dead letter's.
func (p *page) replayable(l event.DeadLetter) bool {
	return p.demo != nil && l.Stage == event.StageDecode && l.Message.Channel != event.FILE && l.Message.Cut == 0
}

// replay answers POST /page/deadletters/{n}/replay.
func (p *page) replay(w http.ResponseWriter, r *http.Request) {
	var body struct {
		Data string `json:"data"`
	}
	if !readJSON(w, r, &body) {
		return
	}
	found := p.History.Letters.Newest(1, func(l kept) bool { return strconv.FormatInt(l.N, 10) == r.PathValue("n") })
	if len(found) == 0 {
		api.Problem(w, http.StatusNotFound, "this dead letter is not in memory")
		return
	}
	l := found[0]
	if !p.replayable(l.Value) {
		api.Problem(w, http.StatusConflict, "this dead letter cannot be replayed here")
		return
	}
	id, err := p.demo.Replay(r.Context(), l.Value, []byte(body.Data))
	if refused, ok := errors.AsType[*RefusedError](err); ok {
		api.Problem(w, http.StatusUnprocessableEntity, refused.Detail, [2]string{"reason", string(refused.Reason)})
		return
	}
	if err != nil {
		api.Problem(w, http.StatusConflict, err.Error())
		return
	}
	p.mu.Lock()
	p.replayed[l.N] = true
	p.mu.Unlock()
	answer(w, http.StatusAccepted, map[string]string{"message_id": id})
}
