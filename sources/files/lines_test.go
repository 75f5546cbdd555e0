package files

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/iotest"
)

// chunks reads a text in pieces of random length.
type chunks struct {
	text string
	r    *rand.Rand
}

func (c *chunks) Read(b []byte) (int, error) {
	if len(c.text) == 0 {
		return 0, io.EOF
	}
	n := copy(b[:min(len(b), 1+c.r.IntN(5000))], c.text)
	c.text = c.text[n:]
	return n, nil
}

// wantLines is what the lines of a text are: the obvious way.
func wantLines(text string) []string {
	lines := strings.Split(strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(text), "\n")
	if lines[len(lines)-1] == "" {
		lines = lines[:len(lines)-1]
	}
	return lines
}

// all reads to the end of the stream. A last line without an end is one of the lines.
func (l *lineReader) all() (lines []line, err error) {
	for {
		next, err := l.next()
		if err != nil {
			if last, found := l.last(); found {
				next = append(next, last)
			}
			if err == io.EOF {
				err = nil
			}
			return append(lines, next...), err
		}
		lines = append(lines, next...)
	}
}

func readLines(r io.Reader) (lines []string, err error) {
	all, err := readContent(&counter{r: r}).all()
	for _, line := range all {
		lines = append(lines, string(line.text))
	}
	return lines, err
}

func gzipped(t testing.TB, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func checkLines(t *testing.T, r io.Reader, want []string) {
	t.Helper()
	got, err := readLines(r)
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != len(want) {
		t.Fatalf("%d lines, want %d", len(got), len(want))
	}
	for i := range want {
		if got[i] != want[i] {
			t.Fatalf("line %d has %d bytes and begins %.40q, want %d, %.40q", i+1, len(got[i]),
				got[i], len(want[i]), want[i])
		}
	}
}

func TestLines(t *testing.T) {
	long := strings.Repeat("0123456789", 350_000)
	for name, text := range map[string]string{
		"empty":                "",
		"one":                  "a\n",
		"no final newline":     "a\nb",
		"one byte":             "x",
		"only a newline":       "\n",
		"blank lines":          "a\n\n\nb\n\n",
		"CRLF":                 "a\r\nb\r\n\r\nc\r\n",
		"CRLF at the end only": "a\nb\r",
		"CR inside":            "a\rb\n",
		"two CR":               "a\r\r\n",
		"CR only":              "a\rb\r\rc\r",
		"CR, LF and CRLF":      "a\rb\nc\r\nd\n\re\r\r\nf",
		"many with CR":         strings.Repeat("some line\r", 300_000),
		"many with CRLF":       strings.Repeat("some line\r\n", 300_000),
		"many of all":          strings.Repeat("x\ry\nz\r\n", 300_000),
		"first byte of gzip":   "\x1f",
		"a chunk exactly":      strings.Repeat("x", chunkBytes-1) + "\n",
		"newline after chunk":  strings.Repeat("x", chunkBytes) + "\ny\n",
		"CR at chunk's end":    strings.Repeat("x", chunkBytes-1) + "\r\ny\n",
		"very long":            long + "\nshort\n" + long + long + "\nlast",
		"many":                 strings.Repeat("some line\n", 300_000),
	} {
		t.Run(name, func(t *testing.T) {
			want := wantLines(text)
			checkLines(t, strings.NewReader(text), want)
			checkLines(t, &chunks{text: text, r: rand.New(rand.NewPCG(1, 1))}, want)
			checkLines(t, iotest.DataErrReader(strings.NewReader(text)), want) // the last bytes come with the end
			checkLines(t, bytes.NewReader(gzipped(t, text)), want)
			if len(text) < 100 {
				checkLines(t, iotest.OneByteReader(strings.NewReader(text)), want)
			}
		})
	}
}

// TestLinesOfConcatenatedGzip: several gzip files one after the other are one, as gzip itself has
// it.
func TestLinesOfConcatenatedGzip(t *testing.T) {
	checkLines(t, bytes.NewReader(append(gzipped(t, "a\nb"), gzipped(t, "c\nd\n")...)), []string{"a", "bc", "d"})
}

func TestLinesAfterTheEnd(t *testing.T) {
	l := readContent(&counter{r: strings.NewReader("a\nb")})
	if lines, err := l.next(); err != nil || len(lines) != 1 {
		t.Fatalf("%d lines, %v", len(lines), err)
	}
	for range 2 {
		if lines, err := l.next(); err != io.EOF || lines != nil {
			t.Errorf("after the end: %d lines, %v", len(lines), err)
		}
		if last, found := l.last(); !found || string(last.text) != "b" {
			t.Errorf("the last line is %q, %v", last.text, found)
		}
	}
}

// TestLinesKeepTheirText: what was returned is not written over by what is read later.
func TestLinesKeepTheirText(t *testing.T) {
	text := strings.Repeat("a\n", chunkBytes) + strings.Repeat("b\n", chunkBytes)
	lines, err := readContent(&counter{r: strings.NewReader(text)}).all()
	if err != nil {
		t.Fatal(err)
	}
	var all [][]byte
	for _, line := range lines {
		all = append(all, line.text)
	}
	for i, line := range all {
		if want := "ab"[i/chunkBytes : i/chunkBytes+1]; string(line) != want {
			t.Fatalf("line %d is %q, want %q", i, line, want)
		}
		if cap(line) != len(line) {
			t.Fatalf("an append to line %d would write into the next", i)
		}
	}
}

// TestTruncatedGzip: a file that was cut off anywhere is an error, never a shorter file, and gives
// the lines before the cut.
func TestTruncatedGzip(t *testing.T) {
	text := strings.Repeat("some line of a delivery note\n", 1000)
	whole := gzipped(t, text)
	for n := 2; n < len(whole); n++ {
		lines, err := readLines(bytes.NewReader(whole[:n]))
		if _, flawed := errors.AsType[*flaw](err); !flawed || !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Fatalf("%d of %d bytes: error %v", n, len(whole), err)
		}
		for i, line := range lines {
			if !strings.HasPrefix(text, line) || i < len(lines)-1 && len(line) != len(text)/1000-1 {
				t.Fatalf("%d of %d bytes: line %d is %q", n, len(whole), i+1, line)
			}
		}
	}
	broken := bytes.Clone(whole)
	broken[len(broken)-5] ^= 1 // the checksum
	if _, err := readLines(bytes.NewReader(broken)); !errors.Is(err, gzip.ErrChecksum) {
		t.Errorf("a wrong checksum: error %v", err)
	}
}

func TestLinesReadError(t *testing.T) {
	why := errors.New("the disk is gone")
	for name, r := range map[string]io.Reader{
		"at once":      iotest.ErrReader(why),
		"in the midst": io.MultiReader(strings.NewReader("a\nb\n"), iotest.ErrReader(why)),
		"far in":       io.MultiReader(strings.NewReader(strings.Repeat("a\n", 3*chunkBytes)), iotest.ErrReader(why)),
	} {
		_, err := readLines(r)
		if _, flawed := errors.AsType[*flaw](err); flawed || !errors.Is(err, why) {
			t.Errorf("%s: error %v", name, err)
		}
	}
}

func FuzzLines(f *testing.F) {
	f.Add("a\r\nb\n\nc", uint64(1))
	f.Add("\x1f\x8b", uint64(2))
	f.Add("\xef\xbb\xbfa\r\nb", uint64(3))
	f.Fuzz(func(t *testing.T, text string, seed uint64) {
		if _, err := readLines(strings.NewReader(text)); err != nil {
			if _, flawed := errors.AsType[*flaw](err); !flawed {
				t.Errorf("error %v", err)
			}
			return // whatever it is, it ends
		}
		checkLines(t, &chunks{text: text, r: rand.New(rand.NewPCG(seed, 1))},
			wantLines(strings.TrimPrefix(text, byteOrderMark)))
	})
}
