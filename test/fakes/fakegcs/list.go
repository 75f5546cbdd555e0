package fakegcs

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// maxPage is the most that one page of a listing holds.
const maxPage = 1000

type listResource struct {
	Kind          string           `json:"kind"`
	NextPageToken string           `json:"nextPageToken,omitempty"`
	Prefixes      []string         `json:"prefixes,omitempty"`
	Items         []objectResource `json:"items,omitempty"`
}

// entry is an object of a listing, or what the names of some have in common up to the delimiter.
type entry struct {
	name     string
	isPrefix bool
}

func (s *Server) list(w http.ResponseWriter, r *http.Request) error {
	bucket, query := r.PathValue("bucket"), r.URL.Query()
	names, found := s.store.names(bucket)
	if !found {
		return noBucket()
	}
	after, err := base64.URLEncoding.DecodeString(query.Get("pageToken"))
	if err != nil {
		return badRequest("Invalid page token.")
	}
	size := maxPage
	if text := query.Get("maxResults"); text != "" {
		asked, err := strconv.Atoi(text)
		if err != nil || asked < 1 {
			return badRequest("Invalid maxResults.")
		}
		size = min(size, asked)
	}

	page := listResource{Kind: "storage#objects"}
	taken, last := 0, ""
	for _, e := range entries(names, query) {
		if e.name <= string(after) {
			continue
		}
		if taken == size {
			page.NextPageToken = base64.URLEncoding.EncodeToString([]byte(last))
			break
		}
		taken, last = taken+1, e.name
		if e.isPrefix {
			page.Prefixes = append(page.Prefixes, e.name)
		} else if o, found := s.store.get(bucket, e.name); found {
			page.Items = append(page.Items, o.resource(bucket, e.name))
		}
	}
	return writeJSON(w, page)
}

// entries are what a listing has, in the order of names.
func entries(names []string, query url.Values) (all []entry) {
	prefix, delimiter := query.Get("prefix"), query.Get("delimiter")
	start, end := query.Get("startOffset"), query.Get("endOffset")
	for _, name := range names {
		rest, found := strings.CutPrefix(name, prefix)
		if !found || name < start || end != "" && name >= end {
			continue
		}
		e := entry{name: name}
		if delimiter != "" {
			if at := strings.Index(rest, delimiter); at >= 0 {
				e = entry{name: prefix + rest[:at+len(delimiter)], isPrefix: true}
			}
		}
		if len(all) == 0 || all[len(all)-1] != e {
			all = append(all, e)
		}
	}
	return all
}
