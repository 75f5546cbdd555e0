package sinks

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/beamlytics/streamlytics/internal/process"
)

// stateInRedis is the kind of state that is mirrored to Redis.
const stateInRedis = "redis"

func init() {
	process.RegisterState(stateInRedis, func(ctx context.Context, env *process.Env, config []byte) (*process.State, error) {
		var t Targets
		if err := json.Unmarshal(config, &t); err != nil {
			return nil, fmt.Errorf("read where the state of an earlier run is: %w", err)
		}
		m, err := t.OpenMirror(ctx, env)
		if err != nil {
			return nil, err
		}
		return m.State(), nil
	})
}

// State says to workers where the state is that an earlier run mirrored to Redis: nowhere without a mirror.
func (t Targets) State() (process.StateRef, error) {
	if !t.Mirror {
		return process.StateRef{}, nil
	}
	config, err := json.Marshal(t)
	if err != nil {
		return process.StateRef{}, fmt.Errorf("write down where the state of an earlier run is: %w", err)
	}
	return process.StateRef{Kind: stateInRedis, Config: config}, nil
}

// State is the mirror as the keyed stages see it.
func (m *Mirror) State() *process.State {
	return &process.State{Log: m.Load, Seq: m.Seq, Kept: m.LoadKept}
}
