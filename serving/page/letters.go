package page

import (
	"errors"
	"maps"
	"net/http"
	"strconv"
	"unicode/utf8"

	"github.com/beamlytics/streamlytics/event"
	"github.com/beamlytics/streamlytics/internal/history"
	"github.com/beamlytics/streamlytics/serving/api"
)

// deadLetters answers /page/deadletters.
func (p *page) deadLetters(w http.ResponseWriter, r *http.Request) {
	limit, ok := limitOf(w, r, 100, 500)
	if !ok {
		return
	}
	f := p.Flow()
	letters := []letter{}
	for _, l := range p.History.DeadLetters(limit) {
		letters = append(letters, p.letterOf(l))
	}
	answer(w, http.StatusOK, struct {
		Total   int64            `json:"total"`
		Reasons map[string]int64 `json:"reasons"`
		Letters []letter         `json:"letters"`
	}{f.RefusedTotal, f.Refused, letters})
}

func (p *page) letterOf(l history.Letter) letter {
	m := l.Message
	out := letter{N: l.N, Reason: string(l.Reason), Detail: l.Detail, Stage: string(l.Stage),
		Source: m.Channel.String(), Failed: l.FailedAt, Raw: m.Data, Cut: m.Cut, Attributes: m.Attributes,
		Replayable: p.replayable(l)}
	if m.ID != "" {
		out.MessageID = &m.ID
	}
	if l.Item != event.NoItem {
		out.Item = &l.Item
	}
	if m.PublishedAt != 0 {
		out.Published = &m.PublishedAt
	}
	if utf8.Valid(m.Data) {
		text := string(m.Data)
		out.Text = &text
	}
	if out.Attributes == nil {
		out.Attributes = map[string]string{}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	out.Replayed = p.replayed[l.N]
	return out
}

// replayable reports whether a repaired message can be published in place of a dead letter's.
func (p *page) replayable(l history.Letter) bool {
	return p.demo != nil && p.demo.Replay != nil && l.Message.Channel != event.FILE && l.Message.Cut == 0
}

// replay answers POST /page/deadletters/{n}/replay.
func (p *page) replay(w http.ResponseWriter, r *http.Request) {
	var body struct {
		Data string `json:"data"`
	}
	if !readJSON(w, r, &body) {
		return
	}
	n, err := strconv.ParseUint(r.PathValue("n"), 10, 64)
	l, ok := p.History.Letter(n)
	if err != nil || !ok {
		api.Problem(w, http.StatusNotFound, "this dead letter is not in memory")
		return
	}
	if !p.replayable(l) {
		api.Problem(w, http.StatusConflict, "this dead letter cannot be replayed here")
		return
	}
	id, err := p.demo.Replay(r.Context(), l.DeadLetter, []byte(body.Data))
	var refused *RefusedError
	switch {
	case errors.As(err, &refused):
		api.Problem(w, http.StatusUnprocessableEntity, refused.Detail, [2]string{"reason", string(refused.Reason)})
		return
	case err != nil:
		api.Problem(w, http.StatusBadGateway, err.Error())
		return
	}
	p.markReplayed(n)
	answer(w, http.StatusAccepted, map[string]string{"message_id": id})
}

// markReplayed notes that a dead letter was replayed. It removes those that are not in memory.
func (p *page) markReplayed(n uint64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	maps.DeleteFunc(p.replayed, func(n uint64, _ bool) bool { _, ok := p.History.Letter(n); return !ok })
	p.replayed[n] = true
}

// startScenario answers POST /page/scenarios.
func (p *page) startScenario(w http.ResponseWriter, r *http.Request) {
	var body struct {
		Name string `json:"name"`
	}
	if !readJSON(w, r, &body) {
		return
	}
	for _, s := range p.demo.Scenarios {
		if s.Name != body.Name {
			continue
		}
		running, err := p.demo.Start(r.Context(), s.Name)
		if err != nil {
			api.Problem(w, http.StatusConflict, err.Error())
			return
		}
		answer(w, http.StatusAccepted, running)
		return
	}
	api.Problem(w, http.StatusNotFound, "there is no such scenario")
}
