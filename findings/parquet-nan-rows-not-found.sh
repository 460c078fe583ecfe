#!/usr/bin/env bash
# A search for the NaN of a Parquet column finds nothing with pyarrow, DuckDB and DataFusion, though the file has one: `isnan` too counts 0.
#
# Version: pyarrow 26.0.1, DuckDB 2.0.1, DataFusion 55.0.0, polars 2.1.0, numpy 2.4.6 (all PyPI), Linux x86-64, 2026-12-01.
# Input:   a column `score` of float32 with the values .5, .5, .5 and NaN, without nulls, written by pyarrow with its defaults (made below).
# Seen:    rows found in the file, and in the same table in memory:
#                                       isnan      not <= .5    != .5
#            pyarrow.dataset            0, not 1   0, not 1     0, not 1
#            DuckDB                     0, not 1   0, not 1     0, not 1
#            DataFusion                 0, not 1   0, not 1     0, not 1
#            polars                     1          1            1
#          Read whole by pyarrow, without a filter, the column has its NaN. DuckDB and DataFusion state max(score) as NaN in memory, and as .5
#          from the file.
# Why:     Parquet leaves NaN out of the least and the greatest value of a row group, and does not say that there is one. Both are .5 here, so the
#          three take each row for .5 and skip the group before they look.
# Who:     a check for broken scores or embeddings that counts NaN by a query: it passes.
# Ours:    the engine turns a logit that is not finite into the probability 0 (engine/src/model/activation.rs), so our tables have no NaN. For tables of
#          others: read the column, and count afterwards.
#
# Fails if any of this changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check pyarrow==26.0.1 duckdb==2.0.1 datafusion==55.0.0 polars==2.1.0 numpy==2.4.6
cd "$folder"
venv/bin/python - <<'PYTHON'
import sys

import datafusion
import duckdb
import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq

table = pa.table({"score": pa.array(np.array([0.5, 0.5, 0.5, np.nan], np.float32))})
pq.write_table(table, "scores.parquet")
assert np.isnan(pq.read_table("scores.parquet")["score"].to_numpy()).sum() == 1
duckdb.sql("CREATE TABLE memory AS SELECT * FROM 'scores.parquet'")
QUERIES = ["isnan(score)", "NOT score <= 0.5", "score != 0.5"]


def by_pyarrow(source):
    score = ds.field("score")
    dataset = ds.dataset("scores.parquet") if source == "file" else ds.dataset(table)
    return [dataset.to_table(filter=f).num_rows for f in (score.is_nan(), ~(score <= 0.5), score != 0.5)]


def by_duckdb(source):
    name = "'scores.parquet'" if source == "file" else "memory"
    return [duckdb.sql(f"SELECT count(*) FROM {name} WHERE {query}").fetchall()[0][0] for query in QUERIES]


def by_datafusion(source):
    context = datafusion.SessionContext()
    if source == "file":
        context.register_parquet("scores", "scores.parquet")
    else:
        context.register_record_batches("scores", [table.to_batches()])
    counts = [context.sql(f"SELECT count(*) AS n FROM scores WHERE {query}").to_pydict()["n"][0] for query in QUERIES]
    return counts, context.sql("SELECT max(score) AS m FROM scores").to_pydict()["m"][0]


def by_polars(source):
    frame = pl.scan_parquet("scores.parquet") if source == "file" else pl.from_arrow(table).lazy()
    score = pl.col("score")
    return [frame.filter(f).collect().height for f in (score.is_nan(), ~(score <= 0.5), score != 0.5)]


same, largest = True, {}
for source, expected in {"file": 0, "memory": 1}.items():
    counts, fusion = by_datafusion(source)
    seen = {"pyarrow": by_pyarrow(source), "DuckDB": by_duckdb(source), "DataFusion": counts, "polars": by_polars(source)}
    name = "'scores.parquet'" if source == "file" else "memory"
    largest[source] = [duckdb.sql(f"SELECT max(score) FROM {name}").fetchall()[0][0], fusion]
    print(f"{source}: {seen}, largest by DuckDB and DataFusion: {largest[source]}")
    same &= all(counts == [1 if name == "polars" else expected] * 3 for name, counts in seen.items())
same &= largest["file"] == [0.5, 0.5] and bool(np.isnan(largest["memory"]).all())
sys.exit(0 if same else "this behaviour has changed")
PYTHON
