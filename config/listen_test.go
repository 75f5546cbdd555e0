package config

import "testing"

func TestListenAddr(t *testing.T) {
	for value, want := range map[string]string{
		"8080": "127.0.0.1:8080", ":8080": "127.0.0.1:8080", "127.0.0.1:0": "127.0.0.1:0",
		"0.0.0.0:80": "0.0.0.0:80", "[::]:80": "[::]:80", "::1:80": "", "": "", "host": "", ":": "", "host:": "",
		"host:http": "", ":65536": "", "-1": "",
	} {
		got, err := ListenAddr(value)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%q: %q, %v, want %q", value, got, err, want)
		}
	}
}
