package redistest

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"strconv"
)

// readCommand reads one command in the form that clients send, an array of strings. raw is the
// command as it was sent.
func readCommand(r *bufio.Reader) (raw []byte, command []string, err error) {
	n, raw, err := readLength(r, '*', nil)
	if err != nil {
		return nil, nil, err
	}
	for range n {
		var length int
		if length, raw, err = readLength(r, '$', raw); err != nil {
			return nil, nil, err
		}
		start := len(raw)
		raw = append(raw, make([]byte, length+len("\r\n"))...)
		if _, err := io.ReadFull(r, raw[start:]); err != nil {
			return nil, nil, err
		}
		command = append(command, string(raw[start:start+length]))
	}
	return raw, command, nil
}

// readLength reads a line such as *3 and appends it to raw.
func readLength(r *bufio.Reader, kind byte, raw []byte) (int, []byte, error) {
	line, err := r.ReadBytes('\n')
	if err != nil {
		return 0, nil, err
	}
	if line[0] != kind {
		return 0, nil, fmt.Errorf("a command has %q where a line with %q was due", line, kind)
	}
	n, err := strconv.Atoi(string(bytes.TrimSpace(line[1:])))
	if err != nil || n < 0 {
		return 0, nil, fmt.Errorf("a command has the length %q", line)
	}
	return n, append(raw, line...), nil
}
