package event

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/go-json-experiment/json/jsontext"
)

// maxDepth is the greatest nesting of a document. The depth of the top object is 1.
const maxDepth = 64

var (
	errNoObject = errors.New("the top level is not an object")
	errTooDeep  = fmt.Errorf("nested deeper than %d", maxDepth)
	errEmpty    = errors.New("the message is empty")
	errTrailing = errors.New("data after the end of the object")
)

// jsonReader parses JSON text into a document in one pass. jsontext checks all of the text, unused
// fields included: grammar, UTF-8, surrogates and unique names.
type jsonReader struct {
	tokens jsontext.Decoder
	input  bytes.Buffer
	data   []byte
	text   string // of tree: the same characters as data
}

// read fills doc, which must be empty, from one message. After an error doc is undefined.
func (r *jsonReader) read(data []byte, doc *document) error {
	if err := r.start(data); err != nil {
		return err
	}
	if err := r.object(doc); err != nil {
		return err
	}
	return r.end()
}

// start begins to read a message. The first token is the opening bracket of an object.
func (r *jsonReader) start(data []byte) error {
	r.data = data
	r.input = *bytes.NewBuffer(data) // jsontext reads such a buffer in place
	r.tokens.Reset(&r.input)
	if kind := r.tokens.PeekKind(); kind != '{' {
		if _, err := r.tokens.ReadToken(); errors.Is(err, io.EOF) {
			return errEmpty
		} else if err != nil {
			return err
		}
		return errNoObject
	}
	return nil
}

// end returns an error if there is more than white space after the object.
func (r *jsonReader) end() error {
	if _, err := r.tokens.ReadToken(); !errors.Is(err, io.EOF) {
		return errTrailing
	}
	return nil
}

// enter reads the opening bracket of an object or array.
func (r *jsonReader) enter() error {
	_, err := r.tokens.ReadToken()
	return err
}

// nextName returns the name of the next member of an object. At the closing bracket, which it
// reads, and on an error, more is false. The name is valid until the next read.
func (r *jsonReader) nextName() (name []byte, more bool, err error) {
	if r.tokens.PeekKind() == '}' {
		_, err := r.tokens.ReadToken()
		return nil, false, err
	}
	quoted, err := r.tokens.ReadValue()
	if err != nil {
		return nil, false, err
	}
	return unquote(quoted, nil), true, nil
}

func (r *jsonReader) object(doc *document) error {
	if err := r.enter(); err != nil {
		return err
	}
	for {
		name, more, err := r.nextName()
		if !more {
			return err
		}
		switch f := fieldNamed(name); f {
		case noField:
			err = r.skip()
		case fieldItems:
			err = r.list(&doc.items)
		case fieldEcommerce:
			err = r.ecommerce(doc)
		default:
			err = r.value(&doc.fields[f])
		}
		if err != nil {
			return err
		}
	}
}

func (r *jsonReader) ecommerce(doc *document) error {
	if r.tokens.PeekKind() != '{' {
		return r.value(&doc.fields[fieldEcommerce])
	}
	doc.fields[fieldEcommerce].kind = object
	if err := r.enter(); err != nil {
		return err
	}
	for {
		name, more, err := r.nextName()
		if !more {
			return err
		}
		switch string(name) {
		case "transaction_id":
			err = r.value(&doc.ecommerce.transactionID)
		case "items":
			err = r.list(&doc.ecommerce.items)
		case "purchase":
			err = r.purchase(&doc.ecommerce.purchase)
		default:
			err = r.skip()
		}
		if err != nil {
			return err
		}
	}
}

func (r *jsonReader) purchase(p *purchase) error {
	if r.tokens.PeekKind() != '{' {
		return r.kind(&p.kind)
	}
	p.kind = object
	if err := r.enter(); err != nil {
		return err
	}
	for {
		name, more, err := r.nextName()
		if !more {
			return err
		}
		switch string(name) {
		case "transaction_id":
			err = r.value(&p.transactionID)
		case "items":
			err = r.list(&p.items)
		default:
			err = r.skip()
		}
		if err != nil {
			return err
		}
	}
}

func (r *jsonReader) list(l *list) error {
	if r.tokens.PeekKind() != '[' {
		return r.kind(&l.kind)
	}
	l.kind = array
	if err := r.enter(); err != nil {
		return err
	}
	for r.tokens.PeekKind() != ']' {
		l.items = append(l.items, item{})
		if err := r.item(&l.items[len(l.items)-1]); err != nil {
			return err
		}
	}
	_, err := r.tokens.ReadToken()
	return err
}

func (r *jsonReader) item(it *item) error {
	if r.tokens.PeekKind() != '{' {
		return r.kind(&it.kind)
	}
	it.kind = object
	if err := r.enter(); err != nil {
		return err
	}
	for {
		name, more, err := r.nextName()
		if !more {
			return err
		}
		switch string(name) {
		case "product_id":
			err = r.value(&it.productID)
		case "item_id":
			err = r.value(&it.itemID)
		case "sku":
			err = r.value(&it.sku)
		case "quantity":
			err = r.value(&it.quantity)
		case "price":
			err = r.value(&it.price)
		default:
			err = r.skip()
		}
		if err != nil {
			return err
		}
	}
}

// kind reads a value and stores only its kind.
func (r *jsonReader) kind(k *kind) error {
	var v value
	err := r.value(&v)
	*k = v.kind
	return err
}

// value reads a value.
func (r *jsonReader) value(v *value) error {
	raw, err := r.tokens.ReadValue()
	if err != nil {
		return err
	}
	switch raw[0] {
	case 'n':
		return nil
	case '{', '[':
		v.kind = object
		if raw[0] == '[' {
			v.kind = array
		}
		if r.tokens.StackDepth()+nesting(raw) > maxDepth {
			return errTooDeep
		}
		return nil
	case '"':
		v.kind = text
	case 't', 'f':
		v.kind = boolean
	default:
		v.kind = number
	}
	// raw is valid only until the next call of jsontext; the same bytes of r.data stay valid.
	end := int(r.tokens.InputOffset())
	v.raw = r.data[end-len(raw) : end]
	return nil
}

// skip reads a value and drops it.
func (r *jsonReader) skip() error {
	var v value
	return r.value(&v)
}

// nesting returns the depth of a valid JSON value. It is 1 for an object or array that contains no
// other.
func nesting(raw []byte) int {
	depth, deepest := 0, 0
	for i := 0; i < len(raw); i++ {
		switch raw[i] {
		case '{', '[':
			depth++
			deepest = max(deepest, depth)
		case '}', ']':
			depth--
		case '"':
			for i++; raw[i] != '"'; i++ {
				if raw[i] == '\\' {
					i++
				}
			}
		}
	}
	return deepest
}

// describeJSONError returns the detail for an error of jsonReader, with the position if it is
// known.
func describeJSONError(err error) string {
	var syntax *jsontext.SyntacticError
	if !errors.As(err, &syntax) {
		return "JSON: " + err.Error()
	}
	detail := fmt.Sprintf("JSON: %v at byte %d", syntax.Err, syntax.ByteOffset)
	if syntax.JSONPointer != "" {
		detail += " in " + string(syntax.JSONPointer)
	}
	return clip(detail)
}
