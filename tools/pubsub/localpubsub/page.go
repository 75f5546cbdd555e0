package localpubsub

import (
	"slices"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

const maxPage = 1000

// page returns one page of a listing and the token of the next one. The token is the last name of a
// page, so that a listing is right even if resources are created or deleted meanwhile. Names must
// be sorted. A size of 0 is the largest.
func page(names []string, size int32, token string) (cut []string, next string, err error) {
	if size < 0 {
		return nil, "", status.Errorf(codes.InvalidArgument, "page size %d is negative", size)
	}
	if token != "" {
		at, found := slices.BinarySearch(names, token)
		if found {
			at++
		}
		names = names[at:]
	}
	limit := int(size)
	if limit == 0 || limit > maxPage {
		limit = maxPage
	}
	if len(names) <= limit {
		return names, "", nil
	}
	return names[:limit], names[limit-1], nil
}
