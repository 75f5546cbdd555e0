package fakedataflow

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"sync"
)

// account is the service account that may use the service.
const account = "tester@fake.iam.gserviceaccount.com"

// tokens hands tokens to whoever proves to be the account, with a key that lasts as long as the server.
type tokens struct {
	key *rsa.PrivateKey

	mu     sync.Mutex
	issued map[string]bool
}

func newTokens() (*tokens, error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, fmt.Errorf("fake Dataflow: make a key: %w", err)
	}
	return &tokens{key: key, issued: map[string]bool{}}, nil
}

// WriteCredentials writes a key file for the service, as GOOGLE_APPLICATION_CREDENTIALS names one. It is good for this server
// alone.
func (s *Server) WriteCredentials(path string) error {
	der, err := x509.MarshalPKCS8PrivateKey(s.tokens.key)
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

// serve takes a signed assertion for a token (RFC 7523).
func (t *tokens) serve(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	if err := t.check(r.FormValue("grant_type"), r.FormValue("assertion")); err != nil {
		w.WriteHeader(http.StatusBadRequest)
		_ = json.NewEncoder(w).Encode(map[string]string{"error": "invalid_grant", "error_description": err.Error()})
		return
	}
	token := rand.Text()
	t.mu.Lock()
	t.issued[token] = true
	t.mu.Unlock()
	_ = json.NewEncoder(w).Encode(map[string]any{"access_token": token, "token_type": "Bearer", "expires_in": 3600})
}

func (t *tokens) check(grant, assertion string) error {
	if grant != "urn:ietf:params:oauth:grant-type:jwt-bearer" {
		return fmt.Errorf("unknown grant type %q", grant)
	}
	parts := strings.Split(assertion, ".")
	if len(parts) != 3 {
		return errors.New("the assertion is no JWT")
	}
	signature, err := base64.RawURLEncoding.DecodeString(parts[2])
	if err != nil {
		return fmt.Errorf("decode the signature: %w", err)
	}
	digest := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	if err := rsa.VerifyPKCS1v15(&t.key.PublicKey, crypto.SHA256, digest[:], signature); err != nil {
		return fmt.Errorf("check the signature: %w", err)
	}
	return nil
}

// good reports whether a request carries a token.
func (t *tokens) good(r *http.Request) bool {
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	t.mu.Lock()
	defer t.mu.Unlock()
	return ok && t.issued[token]
}
