package event

// Stage is where in the pipeline something was refused.
type Stage string

// The stages of spec section 1.
const (
	StageDecode    Stage = "decode"
	StageStock     Stage = "stock"
	StageVelocity  Stage = "velocity"
	StageWarehouse Stage = "warehouse"
)

// DeadLetter is a refusal together with everything needed to repair and replay the message.
type DeadLetter struct {
	Refusal
	Stage    Stage
	Message  *Message
	FailedAt int64 // wall clock, epoch ms
}
