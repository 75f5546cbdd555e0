package pipeline

import (
	"fmt"
	"strings"

	"github.com/beamlytics/streamlytics/sources/pubsub"
)

// failed says why the pipeline cannot go on, or nothing. The error itself is for the log: what is said here, anybody on the network
// may read.
func (p *Pipeline) failed() string {
	if p.env.Err() != nil {
		return "the pipeline has failed; its log says why"
	}
	return ""
}

// notReady returns what keeps the pipeline from taking messages to their end now, a line each, or nothing. Like the lines of failed, they
// are for anybody on the network: they name subscriptions, and repeat no error of a service.
func (p *Pipeline) notReady() string {
	if why := p.failed(); why != "" {
		return why
	}
	if !p.begun.Load() {
		return "starting"
	}
	var why []string
	if p.env.Stopping() {
		why = append(why, "draining")
	}
	if p.env.RestoringKeys() > 0 {
		why = append(why, fmt.Sprintf("restoring state: %d keys are left", p.env.RestoringKeys()))
	}
	if p.env.Metrics.RedisAway.Load() {
		why = append(why, "Redis does not answer")
	}
	if !p.env.Stopping() {
		why = append(why, p.unreachable()...)
	}
	return strings.Join(why, "\n")
}

// unreachable lists the subscriptions that cannot be pulled from now, a line each.
func (p *Pipeline) unreachable() (why []string) {
	problems := map[string]string{}
	for _, s := range p.plan.subscriptions {
		problems[s.Name] = "not opened yet"
	}
	for _, f := range pubsub.SubscriptionsOf(p.env).Flows() {
		problems[f.Subscription] = f.Reach.Problem
	}
	for _, s := range p.plan.subscriptions {
		if problem := problems[s.Name]; problem != "" {
			why = append(why, fmt.Sprintf("%s cannot be pulled from: %s", s.Name, problem))
		}
	}
	return why
}
