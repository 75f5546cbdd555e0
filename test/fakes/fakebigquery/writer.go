package fakebigquery

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"regexp"
	"slices"
	"time"

	"cloud.google.com/go/bigquery/storage/apiv1/storagepb"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/dynamicpb"
)

// writer decodes rows by one writer's schema.
type writer struct {
	descriptor *descriptorpb.DescriptorProto
	message    protoreflect.MessageDescriptor
	columns    []column
}

// newWriter checks a writer's schema by the columns of a table.
func newWriter(path string, columns []column, descriptor *descriptorpb.DescriptorProto) (*writer, error) {
	file, err := protodesc.NewFile(&descriptorpb.FileDescriptorProto{
		Name: new("writer.proto"), Syntax: new("proto2"), MessageType: []*descriptorpb.DescriptorProto{descriptor},
	}, nil)
	if err != nil {
		return nil, status.Errorf(codes.InvalidArgument, "the writer's schema: %v", err)
	}
	w := &writer{descriptor: descriptor, message: file.Messages().Get(0), columns: columns}
	for i := range w.message.Fields().Len() {
		field := w.message.Fields().Get(i)
		at := slices.IndexFunc(columns, func(c column) bool { return c.Name == string(field.Name()) })
		if at < 0 {
			return nil, storageError(codes.InvalidArgument, storagepb.StorageError_SCHEMA_MISMATCH_EXTRA_FIELDS, path,
				fmt.Sprintf("Input schema has more fields than BigQuery schema, extra fields: '%s'", field.Name()))
		}
		if c := columns[at]; field.IsList() || !slices.Contains(columnTypes[c.Type].kinds, field.Kind()) {
			return nil, status.Errorf(codes.InvalidArgument, "The proto field mismatched with BigQuery field at %s, "+
				"the proto field type %s, BigQuery field type %s",
				c.Name, field.Kind(), c.Type)
		}
	}
	return w, nil
}

// read decodes messages to JSON objects. A wrong row is nil and has an error.
func (w *writer) read(messages [][]byte) (rows [][]byte, refused []*storagepb.RowError) {
	for i, b := range messages {
		row, err := w.readRow(b)
		if err != nil {
			refused = append(refused, rowError(i, err.Error()))
		}
		rows = append(rows, row)
	}
	return rows, refused
}

func (w *writer) readRow(b []byte) ([]byte, error) {
	m := dynamicpb.NewMessage(w.message)
	if err := proto.Unmarshal(b, m); err != nil {
		return nil, fmt.Errorf("cannot parse the row: %w", err)
	}
	if len(m.GetUnknown()) > 0 {
		return nil, errors.New("the row has fields that the writer's schema does not have")
	}
	row := map[string]any{}
	for _, c := range w.columns {
		field := w.message.Fields().ByName(protoreflect.Name(c.Name))
		if field == nil || !m.Has(field) {
			if c.Mode == "REQUIRED" {
				return nil, fmt.Errorf("field %s: missing required value", c.Name)
			}
			continue
		}
		value, err := c.value(m.Get(field))
		if err != nil {
			return nil, fmt.Errorf("field %s: %w", c.Name, err)
		}
		row[c.Name] = value
	}
	return json.Marshal(row)
}

var numericText = regexp.MustCompile(`^-?[0-9]+(\.[0-9]{1,9})?$`)

// maxNumeric is 10^29, just above the greatest NUMERIC.
var maxNumeric = new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(29), nil))

// The range of TIMESTAMP, microseconds.
var (
	firstTimestamp = time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC).UnixMicro()
	lastTimestamp  = time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC).UnixMicro() - 1
)

// value returns a value of the column for JSON.
func (c column) value(v protoreflect.Value) (any, error) {
	switch c.Type {
	case "TIMESTAMP":
		if v.Int() < firstTimestamp || v.Int() > lastTimestamp {
			return nil, fmt.Errorf("%d is no timestamp", v.Int())
		}
		layout := "2006-01-02T15:04:05.000Z"
		if v.Int()%1000 != 0 {
			layout = "2006-01-02T15:04:05.000000Z"
		}
		return time.UnixMicro(v.Int()).UTC().Format(layout), nil
	case "NUMERIC":
		if !numericText.MatchString(v.String()) {
			return nil, fmt.Errorf("invalid NUMERIC value: %.50s", v.String())
		}
		if n, _ := new(big.Rat).SetString(v.String()); n.Abs(n).Cmp(maxNumeric) >= 0 {
			return nil, fmt.Errorf("NUMERIC out of range: %.50s", v.String())
		}
		return json.Number(v.String()), nil
	case "JSON":
		if !json.Valid([]byte(v.String())) {
			return nil, fmt.Errorf("%.50q is not JSON", v.String())
		}
		return json.RawMessage(v.String()), nil
	case "BYTES":
		return v.Bytes(), nil
	default:
		return v.Interface(), nil
	}
}
