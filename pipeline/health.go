package pipeline

import "fmt"

// failed says why the pipeline cannot go on, or nothing. The error itself is for the log: what is said here, anybody on the network
// may read.
func (p *Pipeline) failed() string {
	if p.env.Err() != nil {
		return "the pipeline has failed; its log says why"
	}
	return ""
}

// notReady says why the pipeline does not take messages to their end now, or nothing.
func (p *Pipeline) notReady() string {
	switch {
	case p.failed() != "":
		return p.failed()
	case !p.begun.Load():
		return "starting"
	case p.env.Stopping():
		return "draining"
	case p.env.Restoring():
		return fmt.Sprintf("restoring state: %d keys are left", p.env.RestoringKeys())
	case p.env.Metrics.RedisAway.Load():
		return "Redis does not answer"
	}
	return ""
}
