package files

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"regexp"
	"strings"
	"time"

	"cloud.google.com/go/storage"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/util/gcsx"
	"google.golang.org/api/iterator"
)

// listWithin bounds the time of listing a bucket. The client would retry without end.
const listWithin = time.Minute

// newStorageClient connects with application default credentials. Without credentials it reads
// public objects only.
func newStorageClient(ctx context.Context) (*storage.Client, error) {
	client, err := gcsx.NewClient(ctx, storage.ScopeReadOnly)
	if err == nil {
		return client, nil
	}
	slog.Warn("Cloud Storage is read without credentials", "error", err)
	client, err = gcsx.NewUnauthenticatedClient(ctx)
	if err != nil {
		return nil, fmt.Errorf("connect to Cloud Storage: %w", err)
	}
	return client, nil
}

// parseObject splits gs://bucket/name. Any character may be in a name.
func parseObject(path string) (bucket, name string, err error) {
	bucket, name, _ = strings.Cut(strings.TrimPrefix(path, "gs://"), "/")
	if bucket == "" || name == "" {
		return "", "", fmt.Errorf("%q is not gs://bucket/name", path)
	}
	return bucket, name, nil
}

// listBucket lists the objects that match gs://bucket/glob, sorted by name.
func listBucket(ctx context.Context, client *storage.Client, glob string) (entries []entry, err error) {
	bucket, names, err := parseObject(glob)
	if err != nil {
		return nil, err
	}
	matches, err := objectPattern(names)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, listWithin)
	defer cancel()
	prefix := names
	if i := strings.IndexAny(names, "*?["); i >= 0 {
		prefix = names[:i]
	}
	objects := client.Bucket(bucket).Objects(ctx, &storage.Query{Prefix: prefix})
	for {
		o, err := objects.Next()
		if errors.Is(err, iterator.Done) {
			return entries, nil
		}
		if err != nil {
			return nil, err
		}
		if matches.MatchString(o.Name) && !strings.HasSuffix(o.Name, "/") { // such a name stands for a folder
			entries = append(entries, entry{path: "gs://" + bucket + "/" + o.Name, size: o.Size, modified: o.Updated,
				generation: o.Generation})
		}
	}
}

// openObject is store.open for an object. The object is read as it is stored, even if the service
// would decompress it.
func openObject(ctx context.Context, client *storage.Client, e entry) (io.ReadCloser, entry, error) {
	bucket, name, err := parseObject(e.path)
	if err != nil {
		return nil, entry{}, err
	}
	object := client.Bucket(bucket).Object(name).ReadCompressed(true)
	if e.generation != 0 {
		object = object.Generation(e.generation)
	}
	r, err := object.NewReader(context.WithoutCancel(ctx)) // several bundles read it
	if err != nil {
		return nil, entry{}, fmt.Errorf("open %s: %w", e.path, err)
	}
	return r, entry{path: e.path, size: r.Attrs.Size, modified: r.Attrs.LastModified,
		generation: r.Attrs.Generation}, nil
}

// objectPattern translates a glob over object names as Beam does: * and ? match no slash, ** does,
// and
func objectPattern(glob string) (*regexp.Regexp, error) {
	var re strings.Builder
	for rest := glob; rest != ""; {
		n := 1
		switch {
		case strings.HasPrefix(rest, "**/"):
			re.WriteString("(?:.*/)?")
			n = 3
		case strings.HasPrefix(rest, "**"):
			re.WriteString(".*")
			n = 2
		case rest[0] == '*':
			re.WriteString("[^/]*")
		case rest[0] == '?':
			re.WriteString("[^/]")
		case rest[0] == '[':
			end := strings.IndexByte(rest[min(2, len(rest)):], ']')
			if end < 0 {
				return nil, fmt.Errorf("%q has a [ without its ]", glob)
			}
			n = end + 3
			class := strings.Replace(rest[:n], "[!", "[^", 1)
			re.WriteString(strings.ReplaceAll(class, `\`, `\\`))
		default:
			if n = strings.IndexAny(rest, "*?["); n < 0 {
				n = len(rest)
			}
			re.WriteString(regexp.QuoteMeta(rest[:n]))
		}
		rest = rest[n:]
	}
	return regexp.Compile("(?s)^" + re.String() + "$")
}
