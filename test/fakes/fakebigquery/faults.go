package fakebigquery

import (
	"context"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// Faults make the service fail. With the zero value it does not.
type Faults struct {
	// FailAppends is the number of next requests that are answered with Code, without effect. OK
	// means INTERNAL.
	FailAppends int
	Code        codes.Code
	// BreakBefore and BreakAfter are the numbers of next requests that end their connection, before
	// or after their rows are stored.
	BreakBefore, BreakAfter int
	// AlreadyExist is the number of next requests that are stored and answered with ALREADY_EXISTS.
	AlreadyExist int
	// Deny is the code with which every call fails. OK means that none does.
	Deny codes.Code
	// NoRights makes tables.testIamPermissions answer that the account has none of the rights.
	NoRights bool
	// Hang stops every call until it is false again.
	Hang bool
	// RefuseRow returns what is wrong with a row, as JSON, of a table, or "".
	RefuseRow func(table string, row []byte) string
	// RefuseRequest reports whether a row makes its whole request INVALID_ARGUMENT, in an answer
	// that does not name the row.
	RefuseRequest func(table string, row []byte) bool
}

// Inject changes the faults, under a lock.
func (s *Server) Inject(change func(*Faults)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(&s.faults)
	close(s.injected)
	s.injected = make(chan struct{})
}

// enter applies the faults that concern every call.
func (s *Server) enter(ctx context.Context) error {
	for {
		s.mu.Lock()
		faults, changed := s.faults, s.injected
		s.mu.Unlock()
		if faults.Hang {
			select {
			case <-changed:
				continue
			case <-ctx.Done():
				return status.FromContextError(ctx.Err()).Err()
			}
		}
		if faults.Deny != codes.OK {
			return status.Error(faults.Deny, "injected fault")
		}
		return nil
	}
}

// spend decrements a counter of faults. It returns false if the counter is 0.
func spend(left *int) bool {
	if *left == 0 {
		return false
	}
	*left--
	return true
}
