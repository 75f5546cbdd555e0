package sinks

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"

	"github.com/redis/go-redis/v9"
)

// The manifest is the list of what the mirror holds: in the hash of the layout, a field log/KEY for each log
// and a field kept/GROUP for each product group. A field is added after its log or group was written for the
// first time, and before the messages behind that write are acknowledged. So whatever the manifest names was
// there, and what a crash left out of it comes again with its messages.
const (
	manifestLog  = "log/"
	manifestKept = "kept/"
)

// keptMark is a field of each kept group's hash, so that the hash exists when nothing is kept.
const keptMark = "#"

// manifestAtOnce bounds the fields of one HSET.
const manifestAtOnce = 10_000

// partsShown bounds the missing parts that an error names.
const partsShown = 5

// partScript returns the length of a log and what it should be, "" where no length was recorded.
const partScript = `return {redis.call('llen', KEYS[1]), redis.call('hget', KEYS[2], 'n') or ''}`

// record adds names to the manifest, and remembers them. A pipeline of several workers has no manifest.
func (m *Mirror) record(ctx context.Context, names []string) error {
	if m.options.Job != "" {
		return nil
	}
	m.mu.Lock()
	names = slices.DeleteFunc(names, func(name string) bool { return m.recorded[name] })
	known := m.missing == nil // else putLayout writes the manifest
	m.mu.Unlock()
	if len(names) == 0 {
		return nil
	}
	if known {
		if err := m.writeManifest(ctx, names); err != nil {
			return err
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, name := range names {
		m.recorded[name] = true
	}
	return nil
}

func (m *Mirror) writeManifest(ctx context.Context, names []string) error {
	for chunk := range slices.Chunk(names, manifestAtOnce) {
		args := []any{"hset", mirrorLayout}
		for _, name := range chunk {
			args = append(args, name, "1")
		}
		if err := m.redis.run(ctx, []*redis.Cmd{redis.NewCmd(ctx, args...)}, func(*redis.Cmd) {}); err != nil {
			return err
		}
	}
	return nil
}

// putLayout writes the manifest again after a loss, and the layout last: a layout without format is not whole.
func (m *Mirror) putLayout(ctx context.Context) error {
	if err := m.writeManifest(ctx, slices.Sorted(maps.Keys(m.recorded))); err != nil {
		return err
	}
	slog.Info("the state in Redis is complete again", "redis", m.redis.addrs)
	layout := redis.NewCmd(ctx, append([]any{"hset", mirrorLayout}, m.options.layout()...)...)
	return m.redis.run(ctx, []*redis.Cmd{layout}, func(*redis.Cmd) {})
}

// missingParts returns what of a manifest is not in Redis, or is shorter than it was. layout is the hash that
// holds the manifest.
func (r *Redis) missingParts(ctx context.Context, layout map[string]string) (missing []string, err error) {
	var cmds []*redis.Cmd
	for _, name := range slices.Sorted(maps.Keys(layout)) {
		if key, ok := strings.CutPrefix(name, manifestLog); ok {
			log := mirrorLog + key + "}"
			cmds = append(cmds, redis.NewCmd(ctx, "eval", partScript, 2, log, log+":by"))
		} else if group, ok := strings.CutPrefix(name, manifestKept); ok {
			cmds = append(cmds, redis.NewCmd(ctx, "exists", mirrorKept+group+"}"))
		}
	}
	cmds = append(cmds, redis.NewCmd(ctx, "exists", mirrorEpochs))
	err = r.run(ctx, cmds, func(cmd *redis.Cmd) {
		if part := missingPart(cmd); part != "" {
			missing = append(missing, part)
		}
	})
	slices.Sort(missing)
	return missing, err
}

// missingPart returns what a reply of missingParts shows to be missing, or "".
func missingPart(cmd *redis.Cmd) string {
	if cmd.Name() == "exists" {
		if n, _ := cmd.Int64(); n == 0 {
			return cmd.Args()[1].(string)
		}
		return ""
	}
	log := cmd.Args()[3].(string)
	reply, _ := cmd.Slice() // the script returns a list of an integer and a string
	if len(reply) != 2 {
		return log
	}
	switch recorded := reply[1].(string); {
	case recorded == "":
		return log + ":by"
	case reply[0] == int64(0):
		return log
	case recorded != fmt.Sprint(reply[0]):
		return fmt.Sprintf("%s (%v of %s records are left)", log, reply[0], recorded)
	}
	return ""
}

// notWhole is the error for a mirror of which parts are missing.
func (r *Redis) notWhole(missing []string) error {
	shown := strings.Join(missing[:min(len(missing), partsShown)], ", ")
	if n := len(missing) - partsShown; n > 0 {
		shown += fmt.Sprintf(" and %d more", n)
	}
	return fmt.Errorf("the state in Redis at %s is not whole, missing is %s: restore Redis from a backup, "+
		"or start from empty state with --restore=none and rebuild it from the archive", r.addrs, shown)
}

// Verify returns an error that names what is missing of the mirror. It is for the end of a pipeline, when all
// is written.
func (m *Mirror) Verify(ctx context.Context) error {
	m.mu.Lock()
	layout := make(map[string]string, len(m.recorded))
	for name := range m.recorded {
		layout[name] = "1"
	}
	m.mu.Unlock()
	missing, err := m.redis.missingParts(ctx, layout)
	if err != nil {
		return fmt.Errorf("verify the state: %w", err)
	}
	found := map[string]string{}
	cmd := redis.NewCmd(ctx, "hgetall", mirrorLayout)
	if err := m.redis.run(ctx, []*redis.Cmd{cmd}, func(done *redis.Cmd) { found = pairs(done.Val()) }); err != nil {
		return fmt.Errorf("verify the state: %w", err)
	}
	if found["format"] == "" {
		missing = append(missing, mirrorLayout)
	}
	if len(missing) > 0 {
		return m.redis.notWhole(missing)
	}
	return nil
}
