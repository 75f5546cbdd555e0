package lifecycle

import "strings"

// What a command of the program does, as far as a kill may want to meet it.
type kind int

const (
	other   kind = iota
	claim        // takes over the log of a key, and reads it
	rewrite      // begins a log that was read anew: the first write of a key in this life
	compact      // begins a log anew that this life has written
	extend       // appends to a log
	say          // writes stock signals
)

// kindOf recognises the commands of the state mirror by their keys, a log and its ":by", and by how many
// arguments follow: the epoch to claim; epoch, seq, anew, record, the seq before, and more to write. written
// holds the logs that this life has written; kindOf adds to it.
func kindOf(command []string, written map[string]bool) kind {
	if len(command) < 5 || command[0] != "eval" && command[0] != "evalsha" {
		return other
	}
	if command[0] == "evalsha" && strings.HasPrefix(command[3], "stock:") {
		return say
	}
	if !strings.HasPrefix(command[3], logPrefix) || command[4] != command[3]+":by" {
		return other
	}
	switch arguments := command[5:]; {
	case len(arguments) == 1:
		return claim
	case len(arguments) >= 5:
		anew, first := arguments[2] == "1", !written[command[3]]
		written[command[3]] = true
		switch {
		case anew && first:
			return rewrite
		case anew:
			return compact
		}
		return extend
	}
	return other
}

// logPrefix begins the keys of the mirrored logs.
const logPrefix = "streamlytics:{log/"
