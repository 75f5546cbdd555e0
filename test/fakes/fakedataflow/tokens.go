package fakedataflow

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"os"
	"strings"
	"sync"
)

// account is the service account of the credentials.
const account = "tester@fake.iam.gserviceaccount.com"

// tokens issues tokens, which are valid as long as the server runs.
type tokens struct {
	mu     sync.Mutex
	issued map[string]bool
}

// WriteCredentials writes a key file for the service, in the form of
// GOOGLE_APPLICATION_CREDENTIALS. Its tokens come from this server.
func (s *Server) WriteCredentials(path string) error {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return fmt.Errorf("fake Dataflow: make a key: %w", err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return fmt.Errorf("fake Dataflow: write credentials: %w", err)
	}
	content, err := json.Marshal(map[string]string{
		"type":         "service_account",
		"project_id":   "fake",
		"client_email": account,
		"private_key":  string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})),
		"token_uri":    s.Endpoint() + "token",
	})
	if err != nil {
		return fmt.Errorf("fake Dataflow: write credentials: %w", err)
	}
	if err := os.WriteFile(path, content, 0o600); err != nil {
		return fmt.Errorf("fake Dataflow: write credentials: %w", err)
	}
	return nil
}

// serve answers an assertion (RFC 7523) with a token. It does not check the signature.
func (t *tokens) serve(w http.ResponseWriter, _ *http.Request) {
	token := rand.Text()
	t.mu.Lock()
	t.issued[token] = true
	t.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]any{"access_token": token, "token_type": "Bearer", "expires_in": 3600})
}

// good reports whether a request carries a token.
func (t *tokens) good(r *http.Request) bool {
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	t.mu.Lock()
	defer t.mu.Unlock()
	return ok && t.issued[token]
}
