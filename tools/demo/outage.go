package demo

import (
	"errors"
	"fmt"
	"time"

	"github.com/alicebob/miniredis/v2"

	"github.com/beamlytics/streamlytics/tools/retail"
)

// outageFor is how long Redis is away in an outage, wall time.
const outageFor = 10 * time.Second

// outageScenario is the scenario of the demo itself, beside those of the world.
var outageScenario = retail.Scenario{Name: "redis_outage", Title: "Redis outage",
	Watch: "Nothing is acknowledged while Redis is away, and then everything catches up."}

// scenarios returns all scenarios that a demo can play. Only a Redis in this process has outages.
func scenarios(embedded bool) []retail.Scenario {
	all := append([]retail.Scenario(nil), retail.Scenarios()...)
	if embedded {
		all = append(all, outageScenario)
	}
	return all
}

// outage ends the Redis in this process for a while: its connections break, new ones are refused,
// and its data stays. It is not safe for concurrent use.
type outage struct {
	redis *miniredis.Miniredis // nil: Redis is not in this process
	lasts time.Duration        // wall
	until time.Time            // wall
	play  retail.Play
}

func (o *outage) start() (retail.Play, error) {
	if o.redis == nil {
		return retail.Play{}, errors.New("the Redis is not in this process, so the demo cannot stop it")
	}
	if o.play.Running {
		return o.play, retail.ErrRunning
	}
	o.redis.Close()
	o.until = time.Now().Add(o.lasts)
	o.play = retail.Play{Running: true, Text: fmt.Sprintf("Redis refuses connections for %v.", o.lasts)}
	return o.play, nil
}

// endIfDue ends the outage when its time is over.
func (o *outage) endIfDue() error {
	if time.Now().Before(o.until) {
		return nil
	}
	return o.end()
}

// end ends the outage, if there is one.
func (o *outage) end() error {
	if !o.play.Running {
		return nil
	}
	o.play = retail.Play{Text: "Redis is back, and the pipeline writes what it has kept."}
	if err := o.redis.Restart(); err != nil {
		return fmt.Errorf("start Redis in this process again: %w", err)
	}
	return nil
}
