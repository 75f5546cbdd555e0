package page

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io/fs"
	"net/http"
	"path"
	"time"
)

//go:embed web
var web embed.FS

// routes are those of the page's views. Each is answered with index.html, which reads its own
// address.
var routes = []string{"/{$}", "/shop", "/products/{id}", "/badges", "/deadletters"}

// contentTypes are those of the files, independent of the machine.
var contentTypes = map[string]string{
	".html": "text/html; charset=utf-8",
	".css":  "text/css; charset=utf-8",
	".js":   "text/javascript; charset=utf-8",
	".svg":  "image/svg+xml",
}

// addFiles adds the embedded files, below /web/, and the routes of the views.
func addFiles(handle func(pattern string, h http.HandlerFunc)) {
	for _, route := range routes {
		handle("GET "+route, file("web/index.html"))
	}
	names, err := fs.Glob(web, "web/*.*")
	if err != nil {
		panic("page: " + err.Error()) // the pattern is valid
	}
	for _, name := range names {
		handle("GET /"+name, file(name))
	}
}

// file returns a handler of an embedded file. A browser asks each time whether it has changed.
func file(name string) http.HandlerFunc {
	content, err := web.ReadFile(name)
	if err != nil {
		panic("page: " + err.Error()) // it is embedded
	}
	sum := sha256.Sum256(content)
	tag := `"` + hex.EncodeToString(sum[:8]) + `"`
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", contentTypes[path.Ext(name)])
		w.Header().Set("Cache-Control", "no-cache")
		w.Header().Set("ETag", tag)
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(content))
	}
}
