package pipeline

import (
	"fmt"
	"strings"
)

// announce notices what will be read and written. It holds no secret: those are referred to by --redis_password_secret, and addresses
// cannot hold one.
func (p *Pipeline) announce() {
	p.progress.Measure(p.plan.files)
	_, size := p.progress.Read()
	p.notice("reading %s; writing to %s", strings.Join(p.inputs(size), ", "), strings.Join(p.outputs(), ", "))
}

// inputs names what is read, with the size of the files that are read once.
func (p *Pipeline) inputs(size int64) (names []string) {
	for _, s := range p.plan.subscriptions {
		names = append(names, fmt.Sprintf("%s from %s", s.Channel, s.Name))
	}
	if len(names) > 0 && p.options.Emulator != "" {
		names[len(names)-1] += " (the emulator at " + p.options.Emulator + ")"
	}
	if n := len(p.plan.files); n > 0 {
		text := fmt.Sprintf("%d files", n)
		if n == 1 {
			text = p.plan.files[0].Path
		}
		if size > 0 {
			text += " (" + bytesOf(size) + ")"
		}
		names = append(names, text)
	}
	for _, w := range p.plan.watched {
		names = append(names, fmt.Sprintf("what comes to %s, every %v", w.Globs, w.Poll))
	}
	return names
}

// outputs names what is written to.
func (p *Pipeline) outputs() []string {
	names := []string{"Redis at " + p.options.redis().String()}
	switch dir := p.options.WarehouseDir; {
	case dir != "":
		names = append(names, "the folder "+dir)
	case p.options.BigQueryDataset == "":
		names = append(names, "dead letters to ./dead_letters")
	}
	if c, err := p.options.bigQuery(); err == nil && c.Enabled() {
		names = append(names, "BigQuery "+c.Project+"."+c.Dataset)
	}
	return names
}
