package fakebigquery

import (
	"context"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// Faults make the service misbehave. The zero value is good behaviour.
type Faults struct {
	// FailAppends is how many of the next requests are answered with Code, without effect; OK means INTERNAL.
	FailAppends int
	Code        codes.Code
	// BreakBefore and BreakAfter are how many of the next requests end their connection, before or after their rows are stored.
	BreakBefore, BreakAfter int
	// AlreadyExist is how many of the next requests are stored and answered with ALREADY_EXISTS.
	AlreadyExist int
	// Deny is what every call fails with; OK means none does.
	Deny codes.Code
	// NoRights has tables.testIamPermissions answer that the account has none of the rights.
	NoRights bool
	// Hang stops every call until it is taken back.
	Hang bool
	// RefuseRow says what is wrong with a row, as JSON, of a table; it is empty when nothing is.
	RefuseRow func(table string, row []byte) string
	// RefuseRequest reports that a row makes its whole request INVALID_ARGUMENT, in an answer that does not say which row.
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

// enter is what every call goes through first.
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

// spend takes one from a counter of faults, and reports whether there was one.
func spend(left *int) bool {
	if *left == 0 {
		return false
	}
	*left--
	return true
}
