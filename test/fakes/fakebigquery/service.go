package fakebigquery

import (
	"cmp"
	"context"
	"errors"
	"io"
	"regexp"

	"cloud.google.com/go/bigquery/storage/apiv1/storagepb"
	rpcstatus "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
)

// service implements the gRPC service of a Server.
type service struct {
	storagepb.UnimplementedBigQueryWriteServer
	server *Server
}

var defaultStream = regexp.MustCompile(`^(projects/[^/]+/datasets/[^/]+/tables/[^/]+)(?:/streams)?/_default$`)

// find returns the table of a default stream.
func (s *Server) find(stream string) (*table, error) {
	m := defaultStream.FindStringSubmatch(stream)
	if m == nil {
		return nil, status.Errorf(codes.InvalidArgument, "%q is not the name of a default stream", stream)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.tables[m[1]]
	if t == nil {
		return nil, storageError(codes.NotFound, storagepb.StorageError_TABLE_NOT_FOUND, m[1],
			"Requested entity was not found. Entity: "+stream)
	}
	return t, nil
}

func storageError(code codes.Code, reason storagepb.StorageError_StorageErrorCode, entity, message string) error {
	detail := &storagepb.StorageError{Code: reason, Entity: entity, ErrorMessage: message}
	s, err := status.New(code, message).WithDetails(detail)
	if err != nil {
		return status.Error(code, message)
	}
	return s.Err()
}

func (v *service) GetWriteStream(ctx context.Context,
	r *storagepb.GetWriteStreamRequest) (*storagepb.WriteStream, error) {
	if err := v.server.enter(ctx); err != nil {
		return nil, err
	}
	t, err := v.server.find(r.GetName())
	if err != nil {
		return nil, err
	}
	stream := &storagepb.WriteStream{Name: r.GetName(), Type: storagepb.WriteStream_COMMITTED, Location: "eu"}
	if r.GetView() == storagepb.WriteStreamView_FULL {
		v.server.mu.Lock()
		defer v.server.mu.Unlock()
		stream.TableSchema = t.schema()
	}
	return stream, nil
}

func (v *service) AppendRows(stream storagepb.BigQueryWrite_AppendRowsServer) error {
	var c connection
	for {
		r, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		answer, err := v.append(stream.Context(), &c, r)
		if err != nil {
			return err
		}
		if err := stream.Send(answer); err != nil {
			return err
		}
	}
}

// connection is the state of a connection.
type connection struct {
	stream string
	table  *table
	writer *writer
}

// append answers a request. An error ends the connection.
func (v *service) append(ctx context.Context, c *connection,
	r *storagepb.AppendRowsRequest) (*storagepb.AppendRowsResponse, error) {
	s := v.server
	if err := s.enter(ctx); err != nil {
		return nil, err
	}
	if n := proto.Size(r); n >= maxRequestBytes {
		return nil, status.Errorf(codes.InvalidArgument, "the request has %d bytes, not less than %d",
			n, maxRequestBytes)
	}
	if r.GetOffset() != nil {
		return nil, status.Error(codes.InvalidArgument, "an offset must not be given for a default stream")
	}
	if err := s.open(c, r); err != nil {
		return nil, err
	}
	rows, refused := c.writer.read(r.GetProtoRows().GetRows().GetSerializedRows())

	s.mu.Lock()
	defer s.mu.Unlock()
	f := &s.faults
	if spend(&f.BreakBefore) {
		return nil, status.Error(codes.Unavailable, "injected fault: the connection is lost")
	}
	if spend(&f.FailAppends) {
		return failure(c.stream, cmp.Or(f.Code, codes.Internal), "injected fault"), nil
	}
	for i, row := range rows {
		if row == nil {
			continue
		}
		if f.RefuseRequest != nil && f.RefuseRequest(c.table.path, row) {
			return failure(c.stream, codes.InvalidArgument, "injected fault: something is wrong with the request"), nil
		}
		if f.RefuseRow == nil {
			continue
		}
		if message := f.RefuseRow(c.table.path, row); message != "" {
			refused = append(refused, rowError(i, message))
		}
	}
	if len(refused) > 0 {
		answer := failure(c.stream, codes.InvalidArgument,
			"Errors found while processing rows. Please refer to the row_errors field for details.")
		answer.RowErrors = refused
		return answer, nil
	}
	c.table.rows = append(c.table.rows, rows...)
	if spend(&f.BreakAfter) {
		return nil, status.Error(codes.Unavailable, "injected fault: the connection is lost")
	}
	if spend(&f.AlreadyExist) {
		return failure(c.stream, codes.AlreadyExists, "injected fault: the rows exist already"), nil
	}
	return &storagepb.AppendRowsResponse{
		WriteStream: c.stream,
		Response: &storagepb.AppendRowsResponse_AppendResult_{
			AppendResult: &storagepb.AppendRowsResponse_AppendResult{},
		},
	}, nil
}

// open sets the state of a connection from a request. It looks up the table each time, because it
// may have been dropped or altered.
func (s *Server) open(c *connection, r *storagepb.AppendRowsRequest) error {
	name, descriptor := r.GetWriteStream(), r.GetProtoRows().GetWriterSchema().GetProtoDescriptor()
	switch {
	case r.GetArrowRows() != nil:
		return status.Error(codes.Unimplemented, "rows in Arrow's format")
	case c.stream == "" && name == "":
		return status.Error(codes.InvalidArgument, "the first request of a connection must name the stream")
	case name != "" && name != c.stream && descriptor == nil:
		return status.Error(codes.InvalidArgument, "the first request to a stream must have the writer's schema")
	case name != "":
		c.stream = name
	}
	t, err := s.find(c.stream)
	if err != nil {
		return err
	}
	c.table = t
	s.mu.Lock()
	columns := t.columns
	s.mu.Unlock()
	if descriptor == nil {
		descriptor = c.writer.descriptor
	}
	c.writer, err = newWriter(t.path, columns, descriptor)
	return err
}

func failure(stream string, code codes.Code, message string) *storagepb.AppendRowsResponse {
	return &storagepb.AppendRowsResponse{
		WriteStream: stream,
		Response:    &storagepb.AppendRowsResponse_Error{Error: &rpcstatus.Status{Code: int32(code), Message: message}},
	}
}

func rowError(i int, message string) *storagepb.RowError {
	return &storagepb.RowError{Index: int64(i), Code: storagepb.RowError_FIELDS_ERROR, Message: message}
}
