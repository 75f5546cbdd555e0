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
var contentTypes = map[string]string{".html": "text/html; charset=utf-8", ".css": "text/css; charset=utf-8",
	".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}

// addFiles adds the embedded files, below /web/, and the routes of the views. A browser asks each
// time whether a file has changed.
func addFiles(handle func(pattern string, h http.HandlerFunc)) {
	sum := sha256.New()
	_ = fs.WalkDir(web, "web", func(name string, _ fs.DirEntry, _ error) error { // embedded files can be read
		content, _ := web.ReadFile(name) // nothing of a folder
		_, _ = sum.Write(content)
		return nil
	})
	tag := `"` + hex.EncodeToString(sum.Sum(nil)[:8]) + `"`
	serve := func(w http.ResponseWriter, r *http.Request, name string) {
		content, err := web.ReadFile(name)
		if err != nil {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", contentTypes[path.Ext(name)])
		w.Header().Set("Cache-Control", "no-cache")
		w.Header().Set("ETag", tag)
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(content))
	}
	handle("GET /web/{name}", func(w http.ResponseWriter, r *http.Request) { serve(w, r, "web/"+r.PathValue("name")) })
	for _, route := range routes {
		handle("GET "+route, func(w http.ResponseWriter, r *http.Request) { serve(w, r, "web/index.html") })
	}
}
