package event

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"testing"
	"unicode/utf8"
)

// strictObject reports whether data is one strict JSON object. It is independent of the decoder:
// encoding/json checks the grammar, and this function the rules that encoding/json does not have.
func strictObject(data []byte) bool {
	if !json.Valid(data) || !utf8.Valid(data) || loneSurrogate(data) {
		return false
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	t, err := d.Token()
	return err == nil && t == json.Delim('{') && uniqueNames(d, '{', 1)
}

// uniqueNames reads the rest of an object or array and reports whether its names are unique and its
// nesting is within the limit.
func uniqueNames(d *json.Decoder, open json.Delim, depth int) bool {
	if depth > 64 {
		return false
	}
	seen := map[string]bool{}
	for isName := open == '{'; ; {
		t, err := d.Token()
		if err != nil {
			return false
		}
		switch t := t.(type) {
		case json.Delim:
			if t == '}' || t == ']' {
				return true
			}
			if !uniqueNames(d, t, depth+1) {
				return false
			}
		case string:
			if isName {
				if seen[t] {
					return false
				}
				seen[t] = true
			}
		}
		if open == '{' {
			isName = !isName
		}
	}
}

// loneSurrogate reports whether valid JSON has a surrogate escape, \ud800 to \udfff, that is not
// part of a pair.
func loneSurrogate(data []byte) bool {
	unit := func(i int) int { // the UTF-16 code unit escaped at i, or -1
		if i+6 > len(data) || data[i] != '\\' || data[i+1] != 'u' {
			return -1
		}
		n, _ := strconv.ParseUint(string(data[i+2:i+6]), 16, 16)
		return int(n)
	}
	for i := 0; i < len(data); i++ {
		if data[i] != '\\' {
			continue
		}
		switch u := unit(i); {
		case u >= 0xd800 && u <= 0xdbff:
			if next := unit(i + 6); next < 0xdc00 || next > 0xdfff {
				return true
			}
			i += 11
		case u >= 0xdc00 && u <= 0xdfff:
			return true
		default:
			i++
		}
	}
	return false
}

// rewritten returns an equivalent of a strict JSON object, with other order of members, other white
// space, and every character of a string escaped. Numbers are unchanged.
func rewritten(t *testing.T, data []byte) []byte {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	rewrite(&b, v)
	return b.Bytes()
}

func rewrite(w io.Writer, v any) {
	switch v := v.(type) {
	case map[string]any: // ranges in random order
		sep := "{ "
		for name, member := range v {
			fmt.Fprint(w, sep)
			rewrite(w, name)
			fmt.Fprint(w, "\n:\t")
			rewrite(w, member)
			sep = " ,\r\n"
		}
		if len(v) == 0 {
			fmt.Fprint(w, sep)
		}
		fmt.Fprint(w, "\n} ")
	case []any:
		sep := "[ "
		for _, element := range v {
			fmt.Fprint(w, sep)
			rewrite(w, element)
			sep = " , "
		}
		if len(v) == 0 {
			fmt.Fprint(w, sep)
		}
		fmt.Fprint(w, "] ")
	case string:
		fmt.Fprint(w, `"`)
		for _, r := range v {
			if r > 0xffff {
				r -= 0x10000
				fmt.Fprintf(w, `\u%04x\u%04X`, 0xd800+r>>10, 0xdc00+r&0x3ff)
			} else {
				fmt.Fprintf(w, `\u%04x`, r)
			}
		}
		fmt.Fprint(w, `"`)
	case nil:
		fmt.Fprint(w, "null")
	default:
		fmt.Fprint(w, v) // a json.Number, true or false
	}
}

func TestStrictObject(t *testing.T) {
	for text, want := range map[string]bool{
		`{}`: true, `{"a":{"a":["a","a"]}}`: true, `{"a":"\ud83d\ude00\\ud800"}`: true,
		`[]`: false, `{"a":1,"a":1}`: false, `{"a":[{"b":1,"\u0062":1}]}`: false, `{"a":"\ud83d"}`: false,
		`{"a":"\ude00"}`:       false,
		`{"a":"\ud83d\u0041"}`: false, "{\"a\":\"\xff\"}": false, `{} {}`: false, "\ufeff{}": false,
	} {
		if got := strictObject([]byte(text)); got != want {
			t.Errorf("%s: %v", text, got)
		}
		if want {
			if again := rewritten(t, []byte(text)); !strictObject(again) {
				t.Errorf("%s is rewritten as %s", text, again)
			}
		}
	}
}
