package signal

// BadgeChange records that a badge went on or off, with the evidence for the decision.
type BadgeChange struct {
	Badge     string // LowStock or HighDemand
	On        bool
	StoreID   string // empty for all stores together
	ProductID string
	At        int64 // the clock at evaluation, epoch ms

	// Evidence for HighDemand: the score and the counts of the last hour.
	Score, Views, CartAdds, Units int64
	// Evidence for LowStock.
	OnHand int64
	// Thresholds. HighDemand goes on at or above Enter and off below Exit; LowStock goes on at or
	// below Enter and off above Exit.
	Enter, Exit int64
}
