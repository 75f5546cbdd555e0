package files

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
)

// headBytes is how much of a file, decompressed, is examined to detect that it is no text.
const headBytes = 4096

// flaw is an error in the content of a file, as opposed to an error in reading it: nothing behind
// it can be read, however often it is tried.
type flaw struct {
	what   string
	sample []byte // the beginning of a file of which nothing can be read
	err    error  // what it wraps, if anything
}

func (f *flaw) Error() string { return f.what }

func (f *flaw) Unwrap() error { return f.err }

// readContent returns the lines of a file, plain or gzip by its first bytes. A byte order mark in
// front of them is dropped. Flaws of the content and errors of stored are errors of the lines.
func readContent(stored *counter) *lineReader {
	b := bufio.NewReaderSize(stored, 64<<10)
	magic, err := b.Peek(2)
	if err != nil && !errors.Is(err, io.EOF) {
		return &lineReader{err: err}
	}
	if bytes.Equal(magic, gzipMagic) {
		z, err := gzip.NewReader(b)
		if err != nil {
			return &lineReader{err: gzipError(stored, err)}
		}
		b = bufio.NewReaderSize(&expansion{z: z, compressed: stored, free: freeExpansion}, 64<<10)
	}
	head, _ := b.Peek(headBytes) // an error recurs behind the head
	if kind := binaryKind(head); kind != "" {
		return &lineReader{err: &flaw{what: "the file is " + kind + ", not UTF-8 text; nothing of it is read",
			sample: bytes.Clone(head)}}
	}
	if bytes.HasPrefix(head, []byte(byteOrderMark)) {
		_, _ = b.Discard(len(byteOrderMark)) // it is in the buffer
	}
	return &lineReader{r: b}
}

const byteOrderMark = "\ufeff"

var gzipMagic = []byte{0x1f, 0x8b}

// magics are the first bytes of files that are mistaken for text files. None of them begins a line
// of JSON or CSV.
var magics = []struct{ magic, kind string }{
	{"\xff\xfe\x00\x00", "UTF-32"},
	{"\x00\x00\xfe\xff", "UTF-32"},
	{"\xff\xfe", "UTF-16"},
	{"\xfe\xff", "UTF-16"},
	{"PK\x03\x04", "a zip archive (.zip, .xlsx)"},
	{"PK\x05\x06", "a zip archive (.zip, .xlsx)"},
	{"\xd0\xcf\x11\xe0", "a workbook (.xls)"},
	{"PAR1\x15", "Parquet"},
	{"Obj\x01", "Avro"},
	{"%PDF-", "PDF"},
	{"\x28\xb5\x2f\xfd", "zstd"},
	{"\xfd7zXZ\x00", "xz"},
	{"7z\xbc\xaf\x27\x1c", "7z"},
	{"BZh91AY&SY", "bzip2"},
	{"\x04\x22\x4d\x18", "lz4"},
	{string(gzipMagic), "gzip within gzip"},
}

// binaryKind names the format of a file that is no text by its first bytes: a known beginning, or
// any NUL among them.
func binaryKind(head []byte) string {
	for _, m := range magics {
		if bytes.HasPrefix(head, []byte(m.magic)) {
			return m.kind
		}
	}
	if i := bytes.IndexByte(head, 0); i >= 0 {
		return fmt.Sprintf("binary (byte %d is NUL)", i+1)
	}
	return ""
}
