// Package fakebigquery is the BigQueryWrite service of Google's BigQuery Storage Write API in one process, for tests: default
// streams, as the sink uses them, over gRPC and without credentials. Google's own client library talks to it as to the real
// service. Rows are decoded by the descriptor that the client sends and held against the table's schema.
//
// It is strict where the documents of the service are:
//   - The first request of a connection names the stream and the writer's schema; later ones may leave both out, and must
//     give the schema when they name another stream.
//   - A request of 10 MB or more, an offset on a default stream, a column that the table does not have, or one of another
//     type, is INVALID_ARGUMENT and ends the connection; a table that is not there is NOT_FOUND.
//   - When rows of a request are wrong, none is stored, and the answer names each with its error. The connection goes on.
//
// Queries is a small part of the REST API beside it, to read back what was written.
//
// It has no streams but the default ones, no missing value interpretations, no nested or repeated columns, and forgets
// everything at its end. Faults make it misbehave.
package fakebigquery
