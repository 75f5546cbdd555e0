package sinks

import "errors"

// Table is a table of the warehouse; its name is also the folder of its files.
type Table string

// The tables of the warehouse.
const (
	TableEvents          Table = "events"
	TableStockChanges    Table = "stock_changes"
	TableVelocitySignals Table = "velocity_signals"
	TableBadgeChanges    Table = "badge_changes"
	TableDeadLetters     Table = "dead_letters"
)

// Tables lists every table.
var Tables = [...]Table{TableEvents, TableStockChanges, TableVelocitySignals, TableBadgeChanges, TableDeadLetters}

// ErrClosed is what a sink returns that has been closed.
var ErrClosed = errors.New("the sink is closed")
