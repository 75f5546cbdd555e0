package fakebigquery

import (
	"encoding/json"
	"fmt"

	"cloud.google.com/go/bigquery/storage/apiv1/storagepb"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// table is a table with its rows. The Server's lock guards it.
type table struct {
	path    string
	columns []column
	rows    [][]byte
}

// column is a column in BigQuery's own schema format.
type column struct {
	Name        string `json:"name"`
	Type        string `json:"type"`
	Mode        string `json:"mode"`
	Description string `json:"description"`
}

func parseSchema(schema []byte) ([]column, error) {
	var columns []column
	if err := json.Unmarshal(schema, &columns); err != nil {
		return nil, err
	}
	for _, c := range columns {
		if _, ok := columnTypes[c.Type]; !ok {
			return nil, fmt.Errorf("column %s: no type %q here", c.Name, c.Type)
		}
		if _, ok := storagepb.TableFieldSchema_Mode_value[c.Mode]; !ok || c.Mode == "REPEATED" {
			return nil, fmt.Errorf("column %s: no mode %q here", c.Name, c.Mode)
		}
	}
	return columns, nil
}

// columnTypes maps BigQuery's names of types to those of the service's schemas, and to the kinds of
// protocol buffer fields that may be written to them.
var columnTypes = map[string]struct {
	schema storagepb.TableFieldSchema_Type
	kinds  []protoreflect.Kind
}{
	"STRING": {storagepb.TableFieldSchema_STRING, []protoreflect.Kind{protoreflect.StringKind}},
	"INT64": {storagepb.TableFieldSchema_INT64,
		[]protoreflect.Kind{protoreflect.Int64Kind, protoreflect.Int32Kind}},
	"FLOAT64": {storagepb.TableFieldSchema_DOUBLE,
		[]protoreflect.Kind{protoreflect.DoubleKind, protoreflect.FloatKind}},
	"BOOL":      {storagepb.TableFieldSchema_BOOL, []protoreflect.Kind{protoreflect.BoolKind}},
	"TIMESTAMP": {storagepb.TableFieldSchema_TIMESTAMP, []protoreflect.Kind{protoreflect.Int64Kind}},
	"NUMERIC":   {storagepb.TableFieldSchema_NUMERIC, []protoreflect.Kind{protoreflect.StringKind}},
	"BYTES":     {storagepb.TableFieldSchema_BYTES, []protoreflect.Kind{protoreflect.BytesKind}},
	"JSON":      {storagepb.TableFieldSchema_JSON, []protoreflect.Kind{protoreflect.StringKind}},
	"DATE": {storagepb.TableFieldSchema_DATE,
		[]protoreflect.Kind{protoreflect.Int32Kind, protoreflect.StringKind}},
}

// schema returns the table's schema in the form of the service.
func (t *table) schema() *storagepb.TableSchema {
	s := &storagepb.TableSchema{}
	for _, c := range t.columns {
		s.Fields = append(s.Fields, &storagepb.TableFieldSchema{
			Name: c.Name, Type: columnTypes[c.Type].schema, Description: c.Description,
			Mode: storagepb.TableFieldSchema_Mode(storagepb.TableFieldSchema_Mode_value[c.Mode]),
		})
	}
	return s
}
