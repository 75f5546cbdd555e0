// Package fakebigquery is the BigQueryWrite service of Google's BigQuery Storage Write API in one
// process, for tests: default streams, which the sink uses, over gRPC and without credentials.
// Google's own client library uses it like the real service. It decodes rows by the descriptor that
// the client sends and checks them by the table's schema.
//
// It is as strict as the documents of the service:
//   - The first request of a connection names the stream and the writer's schema. Later ones may
//     leave both out, and must have the schema if they name another stream.
//   - A request of 10 MB or more, an offset on a default stream, a column that the table does not
//     have, or a column of another type is INVALID_ARGUMENT and ends the connection. A missing
//     table is NOT_FOUND.
//   - If rows of a request are wrong, none is stored, and the answer names each with its error. The
//     connection stays open.
//
// Queries is a small part of the REST API, to read back what was written.
//
// It has only default streams, no missing value interpretations and no nested or repeated columns,
// and keeps nothing after its end. Faults make it fail.
package fakebigquery
