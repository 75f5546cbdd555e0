package sinks

import (
	"fmt"

	"cloud.google.com/go/bigquery/storage/apiv1/storagepb"
	"cloud.google.com/go/bigquery/storage/managedwriter/adapt"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"
)

// writeTypes are the column types of the schema files, as the Storage Write API names them.
var writeTypes = map[string]storagepb.TableFieldSchema_Type{
	"STRING":    storagepb.TableFieldSchema_STRING,
	"INT64":     storagepb.TableFieldSchema_INT64,
	"FLOAT64":   storagepb.TableFieldSchema_DOUBLE,
	"BOOL":      storagepb.TableFieldSchema_BOOL,
	"TIMESTAMP": storagepb.TableFieldSchema_TIMESTAMP,
	"NUMERIC":   storagepb.TableFieldSchema_NUMERIC,
	"BYTES":     storagepb.TableFieldSchema_BYTES,
	"JSON":      storagepb.TableFieldSchema_JSON,
}

// writeSchema is the schema of a table as the Storage Write API puts it.
func writeSchema(t Table) *storagepb.TableSchema {
	s := &storagepb.TableSchema{}
	for _, c := range t.Columns() {
		mode := storagepb.TableFieldSchema_NULLABLE
		if c.Required() {
			mode = storagepb.TableFieldSchema_REQUIRED
		}
		s.Fields = append(s.Fields, &storagepb.TableFieldSchema{Name: c.Name, Type: writeTypes[c.Type], Mode: mode, Description: c.Description})
	}
	return s
}

// writeDescriptor describes the messages that the rows of a table are written as: a field for each column, numbered by its
// place. TIMESTAMP is microseconds, NUMERIC and JSON are text.
func writeDescriptor(t Table) (*descriptorpb.DescriptorProto, error) {
	d, err := adapt.StorageSchemaToProtoDescriptorWithOptions(writeSchema(t), string(t),
		adapt.WithProtoMapping(adapt.ProtoMapping{FieldType: storagepb.TableFieldSchema_NUMERIC, Type: descriptorpb.FieldDescriptorProto_TYPE_STRING}))
	if err != nil {
		return nil, fmt.Errorf("describe the rows of table %s: %w", t, err)
	}
	message, ok := d.(protoreflect.MessageDescriptor)
	if !ok {
		return nil, fmt.Errorf("describe the rows of table %s: got a %T", t, d)
	}
	p, err := adapt.NormalizeDescriptor(message)
	if err != nil {
		return nil, fmt.Errorf("describe the rows of table %s: %w", t, err)
	}
	return p, nil
}
