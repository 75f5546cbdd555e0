"""Runs the SQL of the warehouse in GoogleSQL's own reference implementation.

    googlesql.py < work.json > results.json

The work has the schemas of the tables, a few rows of each, and statements with their parameters. Every statement is analysed with
names and types against the schemas; a query is executed over the rows as well. The result has, for each statement, its columns
and rows, or the error. Values are JSON: times are microseconds since 1970, dates days, NUMERIC a number.
"""

import base64
import decimal
import json
import sys

import wasmtime
from google.protobuf import timestamp_pb2
from zetasql.api import Analyzer, CatalogBuilder, TableBuilder
from zetasql.core import ZetaSqlLocalService, wasm_client
from zetasql.types import (
    AnalyzerOptions,
    EvaluateQueryRequest,
    LanguageOptions,
    Parameter,
    TableContent,
    TableData,
    Type,
    TypeKind,
    Value,
    ZetaSQLBuiltinFunctionOptions,
)
from zetasql.wasi._pb2.zetasql.local_service import local_service_pb2


class CachedConfig(wasmtime.Config):
    """Keeps the compiled module in the user's cache: compiling it takes most of a short run."""

    def __init__(self):
        super().__init__()
        self.cache = True


wasm_client.Config = CachedConfig


def kind(name):
    return getattr(TypeKind, "TYPE_" + {"INT64": "INT64", "FLOAT64": "DOUBLE"}.get(name, name))


def value(kind_name, v):
    """The value of a column as its row in JSON lines has it."""
    if v is None:
        return Value()
    match kind_name:
        case "INT64":
            return Value(int64_value=int(v))
        case "FLOAT64":
            return Value(double_value=float(v))
        case "BOOL":
            return Value(bool_value=v)
        case "STRING":
            return Value(string_value=v)
        case "BYTES":
            return Value(bytes_value=base64.b64decode(v))
        case "JSON":
            return Value(json_value=json.dumps(v))
        case "TIMESTAMP":
            t = timestamp_pb2.Timestamp()
            t.FromJsonString(v)
            return Value(timestamp_value=t)
        case "NUMERIC":
            scaled = int(decimal.Decimal(str(v)).scaleb(9))
            return Value(numeric_value=scaled.to_bytes(scaled.bit_length() // 8 + 1, "little", signed=True))
    raise ValueError(f"no value of type {kind_name}")


def plain(v):
    """The value as JSON."""
    match v.WhichOneof("value"):
        case None:
            return None
        case "timestamp_value":
            return v.timestamp_value.ToMicroseconds()
        case "numeric_value":
            return int.from_bytes(v.numeric_value, "little", signed=True) / 1e9
        case name:
            return getattr(v, name)


def options(language, parameters):
    return AnalyzerOptions(
        language_options=language,
        default_timezone="UTC",
        query_parameters=[
            AnalyzerOptions.QueryParameter(name=name, type=Type(type_kind=kind(p["type"]))) for name, p in parameters.items()
        ],
    )


def run(statement, language, catalog, tables, service):
    parameters = statement["parameters"] or {}
    if not statement["query"]:
        Analyzer(options(language, parameters), catalog).analyze_statement(statement["sql"])
        return {}
    request = EvaluateQueryRequest(
        sql=statement["sql"],
        options=options(language, parameters),
        params=[Parameter(name=n, value=value(p["type"], p["value"])) for n, p in parameters.items()],
    ).to_proto()
    request.MergeFrom(tables)
    answer = service.wasm_client.call_grpc_func(
        "ZetaSqlLocalService_EvaluateQuery", request, local_service_pb2.EvaluateQueryResponse
    )
    return {
        "columns": [c.name for c in answer.prepared.columns],
        "rows": [[plain(v) for v in row.cell] for row in answer.content.table_data.row],
    }


def main():
    work = json.load(sys.stdin)
    language = LanguageOptions.maximum_features()
    catalog = CatalogBuilder("warehouse").with_builtin_functions(ZetaSQLBuiltinFunctionOptions(language_options=language))
    content = {}
    for name, table in work["tables"].items():
        columns = table["columns"]
        built = TableBuilder(name)
        for c in columns:
            built = built.add_column(c["name"], kind(c["type"]))
        catalog = catalog.add_table(built.build())
        rows = [TableData.Row(cell=[value(c["type"], row.get(c["name"])) for c in columns]) for row in table["rows"]]
        content[name] = TableContent(table_data=TableData(row=rows))
    catalog = catalog.build()
    tables = EvaluateQueryRequest(simple_catalog=catalog, table_content=content).to_proto()
    service = ZetaSqlLocalService.get_instance()
    results = {}
    for statement in work["statements"]:
        try:
            results[statement["name"]] = run(statement, language, catalog, tables, service)
        except Exception as e:  # whatever GoogleSQL says is a result
            results[statement["name"]] = {"error": str(e)}
    json.dump(results, sys.stdout)


main()
