package sinks

import (
	"cloud.google.com/go/bigquery/storage/apiv1/storagepb"
	"google.golang.org/protobuf/types/descriptorpb"
)

// writeTypes say for the column types of the schema files what the Storage Write API calls them, and what a message has for
// them. NUMERIC and JSON are text, TIMESTAMP is microseconds.
var writeTypes = map[string]struct {
	column storagepb.TableFieldSchema_Type
	field  descriptorpb.FieldDescriptorProto_Type
}{
	"STRING":    {storagepb.TableFieldSchema_STRING, descriptorpb.FieldDescriptorProto_TYPE_STRING},
	"INT64":     {storagepb.TableFieldSchema_INT64, descriptorpb.FieldDescriptorProto_TYPE_INT64},
	"FLOAT64":   {storagepb.TableFieldSchema_DOUBLE, descriptorpb.FieldDescriptorProto_TYPE_DOUBLE},
	"BOOL":      {storagepb.TableFieldSchema_BOOL, descriptorpb.FieldDescriptorProto_TYPE_BOOL},
	"TIMESTAMP": {storagepb.TableFieldSchema_TIMESTAMP, descriptorpb.FieldDescriptorProto_TYPE_INT64},
	"NUMERIC":   {storagepb.TableFieldSchema_NUMERIC, descriptorpb.FieldDescriptorProto_TYPE_STRING},
	"BYTES":     {storagepb.TableFieldSchema_BYTES, descriptorpb.FieldDescriptorProto_TYPE_BYTES},
	"JSON":      {storagepb.TableFieldSchema_JSON, descriptorpb.FieldDescriptorProto_TYPE_STRING},
}

// writeDescriptor describes the messages that the rows of a table are written as: a field for each column, numbered by its
// place. It is made here rather than by managedwriter/adapt, which makes the same of a flat table but brings Arrow along.
func writeDescriptor(t Table) *descriptorpb.DescriptorProto {
	d := &descriptorpb.DescriptorProto{Name: new(string(t))}
	for i, c := range t.Columns() {
		label := descriptorpb.FieldDescriptorProto_LABEL_OPTIONAL
		if c.Required() {
			label = descriptorpb.FieldDescriptorProto_LABEL_REQUIRED
		}
		d.Field = append(d.Field, &descriptorpb.FieldDescriptorProto{
			Name: new(c.Name), Number: new(int32(i + 1)), Type: writeTypes[c.Type].field.Enum(), Label: label.Enum(),
		})
	}
	return d
}
