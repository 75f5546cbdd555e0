package sinks

import (
	"context"
	"strconv"
)

// Logs calls each with the log of every key.
func (m *Mirror) Logs(ctx context.Context, each func(key string, records [][]byte, seq int64) error) error {
	keys, err := m.Keys(ctx)
	if err != nil {
		return err
	}
	for _, key := range keys {
		records, err := m.Load(ctx, key)
		if err != nil {
			return err
		}
		seq, err := m.Seq(ctx, key)
		if err != nil {
			return err
		}
		if err := each(key, records, seq); err != nil {
			return err
		}
	}
	return nil
}

// KeptGroups returns what is kept of each product group, by field.
func (m *Mirror) KeptGroups(ctx context.Context) (map[string]map[string]string, error) {
	kept := map[string]map[string]string{}
	for i := range m.options.ProductGroups {
		name := strconv.Itoa(i)
		fields, err := m.LoadKept(ctx, name)
		if err != nil {
			return nil, err
		}
		kept[name] = fields
	}
	return kept, nil
}
