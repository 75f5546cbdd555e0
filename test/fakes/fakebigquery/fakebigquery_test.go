package fakebigquery

import (
	"context"
	"strings"
	"testing"
	"time"

	"cloud.google.com/go/bigquery/storage/apiv1/storagepb"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

const (
	path   = "projects/p/datasets/d/tables/t"
	stream = path + "/streams/_default"
	schema = `[{"name": "id", "type": "STRING", "mode": "REQUIRED", "description": "Id."},
		{"name": "price", "type": "NUMERIC", "mode": "NULLABLE"},
		{"name": "at", "type": "TIMESTAMP", "mode": "NULLABLE"},
		{"name": "extra", "type": "JSON", "mode": "NULLABLE"}, {"name": "data", "type": "BYTES", "mode": "NULLABLE"}]`
)

func start(t *testing.T) (*Server, storagepb.BigQueryWriteClient) {
	t.Helper()
	s, err := Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	if err := s.CreateTable(path, []byte(schema)); err != nil {
		t.Fatal(err)
	}
	conn, err := grpc.NewClient(s.Addr(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return s, storagepb.NewBigQueryWriteClient(conn)
}

type field struct {
	name string
	typ  descriptorpb.FieldDescriptorProto_Type
}

func writerSchema(fields ...field) *storagepb.ProtoSchema {
	d := &descriptorpb.DescriptorProto{Name: new("row")}
	for i, f := range fields {
		d.Field = append(d.Field, &descriptorpb.FieldDescriptorProto{
			Name: new(f.name), Number: new(int32(i + 1)), Type: f.typ.Enum(),
			Label: descriptorpb.FieldDescriptorProto_LABEL_OPTIONAL.Enum(),
		})
	}
	return &storagepb.ProtoSchema{ProtoDescriptor: d}
}

const (
	typeString = descriptorpb.FieldDescriptorProto_TYPE_STRING
	typeInt64  = descriptorpb.FieldDescriptorProto_TYPE_INT64
	typeBytes  = descriptorpb.FieldDescriptorProto_TYPE_BYTES
)

var all = writerSchema(
	field{"id", typeString}, field{"price", typeString}, field{"at", typeInt64},
	field{"extra", typeString}, field{"data", typeBytes},
)

// text returns a row with the text field of a number.
func text(number protowire.Number, s string) []byte {
	return protowire.AppendString(protowire.AppendTag(nil, number, protowire.BytesType), s)
}

func request(name string, schema *storagepb.ProtoSchema, rows ...[]byte) *storagepb.AppendRowsRequest {
	return &storagepb.AppendRowsRequest{WriteStream: name, Rows: &storagepb.AppendRowsRequest_ProtoRows{
		ProtoRows: &storagepb.AppendRowsRequest_ProtoData{
			WriterSchema: schema, Rows: &storagepb.ProtoRows{SerializedRows: rows},
		},
	}}
}

// exchange sends requests on one connection and returns the answers, and the error that ended the
// connection.
func exchange(t *testing.T, client storagepb.BigQueryWriteClient,
	requests ...*storagepb.AppendRowsRequest) (answers []*storagepb.AppendRowsResponse, end error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	c, err := client.AppendRows(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range requests {
		if err := c.Send(r); err != nil {
			break // Recv returns the error
		}
		answer, err := c.Recv()
		if err != nil {
			return answers, err
		}
		answers = append(answers, answer)
	}
	if err := c.CloseSend(); err != nil {
		t.Fatal(err)
	}
	_, end = c.Recv()
	return answers, end
}

// TestConnectionEnds checks the errors that concern a whole request.
func TestConnectionEnds(t *testing.T) {
	offset := request(stream, all, text(1, "a"))
	offset.Offset = wrapperspb.Int64(0)
	for name, c := range map[string]struct {
		request *storagepb.AppendRowsRequest
		code    codes.Code
		reason  storagepb.StorageError_StorageErrorCode
	}{
		"no stream":      {request("", all, text(1, "a")), codes.InvalidArgument, 0},
		"no schema":      {request(stream, nil, text(1, "a")), codes.InvalidArgument, 0},
		"another stream": {request(path+"/streams/s1", all, text(1, "a")), codes.InvalidArgument, 0},
		"no table": {request("projects/p/datasets/d/tables/x/streams/_default", all, text(1, "a")),
			codes.NotFound, storagepb.StorageError_TABLE_NOT_FOUND},
		"an offset": {offset, codes.InvalidArgument, 0},
		"too large": {request(stream, all, text(1, strings.Repeat("a", maxRequestBytes))), codes.InvalidArgument, 0},
		"an unknown column": {request(stream, writerSchema(field{"cost", typeString})),
			codes.InvalidArgument, storagepb.StorageError_SCHEMA_MISMATCH_EXTRA_FIELDS},
		"another type": {request(stream, writerSchema(field{"at", typeString})), codes.InvalidArgument, 0},
	} {
		s, client := start(t)
		answers, end := exchange(t, client, c.request)
		if len(answers) != 0 || status.Code(end) != c.code || len(s.Rows(path)) != 0 {
			t.Errorf("%s: %d answers, the connection ended with %v", name, len(answers), end)
		}
		var reason storagepb.StorageError_StorageErrorCode
		for _, d := range status.Convert(end).Details() {
			if e, ok := d.(*storagepb.StorageError); ok {
				reason = e.GetCode()
			}
		}
		if reason != c.reason {
			t.Errorf("%s: reason %v, want %v", name, reason, c.reason)
		}
	}
}

// TestRowErrors checks that one wrong row keeps its whole request from being stored, is named, and
// does not end the connection.
func TestRowErrors(t *testing.T) {
	late := protowire.AppendVarint(protowire.AppendTag(text(1, "a"), 3, protowire.VarintType), 1<<62)
	for name, bad := range map[string][]byte{
		"required column missing":      text(2, "1"),
		"no message":                   {0xff},
		"unknown field":                append(text(1, "a"), text(9, "x")...),
		"NUMERIC with too many digits": append(text(1, "a"), text(2, "0.0000000001")...),
		"NUMERIC out of range":         append(text(1, "a"), text(2, "1"+strings.Repeat("0", 29))...),
		"NUMERIC with an exponent":     append(text(1, "a"), text(2, "1e2")...),
		"TIMESTAMP out of range":       late,
		"not JSON":                     append(text(1, "a"), text(4, "{")...),
	} {
		s, client := start(t)
		answers, _ := exchange(t, client,
			request(stream, all, text(1, "good"), bad, text(1, "good")), request("", nil, text(1, "next")))
		if len(answers) != 2 || codes.Code(answers[0].GetError().GetCode()) != codes.InvalidArgument ||
			len(answers[0].GetRowErrors()) != 1 ||
			answers[0].GetRowErrors()[0].GetIndex() != 1 || answers[0].GetRowErrors()[0].GetMessage() == "" {
			t.Errorf("%s: answers %v", name, answers)
		}
		if rows := s.Rows(path); len(rows) != 1 || string(rows[0]) != `{"id":"next"}` {
			t.Errorf("%s: rows %s", name, rows)
		}
	}
}
