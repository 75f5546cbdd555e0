package rows

import "google.golang.org/protobuf/types/descriptorpb"

// fieldTypes maps the column types of the schema files to the types of the fields of a message.
// NUMERIC and JSON are text, TIMESTAMP is in microseconds.
var fieldTypes = map[string]descriptorpb.FieldDescriptorProto_Type{
	"STRING":    descriptorpb.FieldDescriptorProto_TYPE_STRING,
	"INT64":     descriptorpb.FieldDescriptorProto_TYPE_INT64,
	"FLOAT64":   descriptorpb.FieldDescriptorProto_TYPE_DOUBLE,
	"BOOL":      descriptorpb.FieldDescriptorProto_TYPE_BOOL,
	"TIMESTAMP": descriptorpb.FieldDescriptorProto_TYPE_INT64,
	"NUMERIC":   descriptorpb.FieldDescriptorProto_TYPE_STRING,
	"BYTES":     descriptorpb.FieldDescriptorProto_TYPE_BYTES,
	"JSON":      descriptorpb.FieldDescriptorProto_TYPE_STRING,
}

// Descriptor describes the messages of a table: a field for each column, numbered by its place.
// managedwriter/adapt would return the same, but it depends on Arrow.
func (t Table) Descriptor() *descriptorpb.DescriptorProto {
	d := &descriptorpb.DescriptorProto{Name: new(string(t))}
	for i, c := range t.Columns() {
		label := descriptorpb.FieldDescriptorProto_LABEL_OPTIONAL
		if c.Required() {
			label = descriptorpb.FieldDescriptorProto_LABEL_REQUIRED
		}
		d.Field = append(d.Field, &descriptorpb.FieldDescriptorProto{
			Name: new(c.Name), Number: new(int32(i + 1)), Type: fieldTypes[c.Type].Enum(), Label: label.Enum(),
		})
	}
	return d
}
