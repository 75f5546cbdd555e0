package redistest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// StartTLS starts a server that accepts TLS only, and returns it with the PEM file of the authority
// that signed its certificate. The certificate is for 127.0.0.1 and localhost.
func StartTLS(tb testing.TB, args ...string) (s *Server, caFile string) {
	tb.Helper()
	cert := &x509.Certificate{DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	return startTLS(tb, cert, args...)
}

// StartTLSAs is StartTLS with a certificate for another host and not for the server's address.
func StartTLSAs(tb testing.TB, host string, args ...string) (s *Server, caFile string) {
	tb.Helper()
	return startTLS(tb, &x509.Certificate{DNSNames: []string{host}}, args...)
}

// startTLS starts a server whose certificate is for the names in cert.
func startTLS(tb testing.TB, cert *x509.Certificate, args ...string) (s *Server, caFile string) {
	tb.Helper()
	dir := tb.TempDir()
	caFile = filepath.Join(dir, "ca.pem")
	certFile, keyFile := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	writeCertificates(tb, cert, caFile, certFile, keyFile)
	s = startOnFreePort(tb, func(port int) []string {
		return append([]string{
			"--port", "0", "--tls-port", strconv.Itoa(port), "--tls-auth-clients", "no",
			"--tls-ca-cert-file", caFile, "--tls-cert-file", certFile, "--tls-key-file", keyFile,
		}, args...)
	})
	return s, caFile
}

// ClientTLS returns a new client of a server that StartTLS started, for Redis's default user with a
// password. It is closed with the test.
func (s *Server) ClientTLS(caFile, password string) *redis.Client {
	s.tb.Helper()
	pem, err := os.ReadFile(caFile)
	if err != nil {
		s.tb.Fatal(err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(pem) {
		s.tb.Fatalf("%s holds no certificate", caFile)
	}
	c := redis.NewClient(&redis.Options{
		Addr: s.Addr, Password: password, TLSConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
	})
	s.tb.Cleanup(func() { _ = c.Close() })
	return c
}

func writeCertificates(tb testing.TB, cert *x509.Certificate, caFile, certFile, keyFile string) {
	tb.Helper()
	must := func(err error) {
		tb.Helper()
		if err != nil {
			tb.Fatalf("make certificates: %v", err)
		}
	}
	writePEM := func(file, kind string, der []byte) {
		tb.Helper()
		must(os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600))
	}

	caKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(err)
	ca := &x509.Certificate{
		SerialNumber:          big.NewInt(1),
		Subject:               pkix.Name{CommonName: "redistest authority"},
		NotBefore:             time.Now().Add(-time.Hour),
		NotAfter:              time.Now().Add(24 * time.Hour),
		IsCA:                  true,
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageCertSign,
	}
	caDER, err := x509.CreateCertificate(rand.Reader, ca, ca, &caKey.PublicKey, caKey)
	must(err)
	writePEM(caFile, "CERTIFICATE", caDER)

	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(err)
	cert.SerialNumber = big.NewInt(2)
	cert.Subject = pkix.Name{CommonName: "redistest server"}
	cert.NotBefore, cert.NotAfter = ca.NotBefore, ca.NotAfter
	cert.KeyUsage = x509.KeyUsageDigitalSignature
	cert.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	certDER, err := x509.CreateCertificate(rand.Reader, cert, ca, &key.PublicKey, caKey)
	must(err)
	writePEM(certFile, "CERTIFICATE", certDER)
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	must(err)
	writePEM(keyFile, "PRIVATE KEY", keyDER)
}
