package signal

// BadgeChange is one badge going on or off, with what it rested on, so that each can be proven afterwards.
type BadgeChange struct {
	Badge     string // LowStock or HighDemand
	On        bool
	StoreID   string // empty: over all stores
	ProductID string
	At        int64 // the clock at evaluation, epoch ms

	// Evidence of HighDemand: the score and the counts of the last hour, and the thresholds it was held against.
	Score, Views, CartAdds, Units int64
	// Evidence of LowStock.
	OnHand int64
	// The badge goes on at or past Enter and off past Exit, in the direction that the badge has.
	Enter, Exit int64
}
