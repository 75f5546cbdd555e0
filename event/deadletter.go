package event

// Stage is the step of the pipeline that refused something.
type Stage string

// The stages.
const (
	StageDecode    Stage = "decode"
	StageStock     Stage = "stock"
	StageVelocity  Stage = "velocity"
	StageWarehouse Stage = "warehouse"
)

// DeadLetter is a refusal together with the message that it concerns, so that the message can be
// repaired and replayed.
type DeadLetter struct {
	Refusal
	Stage    Stage
	Message  *Message
	FailedAt int64 // wall clock, epoch ms
}
