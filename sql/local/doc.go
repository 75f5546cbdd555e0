// Package local runs the analyses of the warehouse over the JSON lines of --warehouse_dir, without BigQuery: it loads them into a
// DuckDB in memory and gives it the same files that `bq query` gets, with the thinnest bridge between the two dialects.
//
// It is a module of its own, because DuckDB is a large C++ library that the pipeline must not carry. It needs a C++ compiler to
// link.
package local
