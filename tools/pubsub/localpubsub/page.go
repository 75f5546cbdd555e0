package localpubsub

import (
	"slices"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

const maxPage = 1000

// page cuts a listing. The token is the last name of the page before, so that a listing is right although resources come
// and go meanwhile. Names are sorted; size 0 is the most there can be.
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
