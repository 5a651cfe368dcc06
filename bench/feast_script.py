"""Runs in .venv-feast: each customer's last order before a moment, once by Feast and once by DuckDB's asof join.

Arguments: orders.parquet, a scratch folder, rows. Prints a line of JSON. Knows nothing of the project.
"""

import json
import shutil
import sys
import time
from datetime import timedelta
from importlib.metadata import version
from pathlib import Path

import duckdb
import pandas as pd
from feast import Entity, FeatureStore, FeatureView, Field, FileSource, RepoConfig
from feast.types import Float64, String
from feast.value_type import ValueType

FEATURES = ["order_id", "channel", "payment_method", "amount"]


def entities(con: duckdb.DuckDBPyConnection, orders: str, rows: int) -> pd.DataFrame:
    """Customers and moments: as many as asked for, spread over the last two years."""
    return con.execute(f"""
        select customer_id, ordered_at + to_hours((hash(order_id) % 1000)::integer) as event_timestamp
        from read_parquet('{orders}')
        where ordered_at >= (select max(ordered_at) from read_parquet('{orders}')) - interval '2' year
        order by hash(order_id), order_id
        limit {rows}
    """).df()


def store(orders: str, scratch: Path) -> tuple[FeatureStore, Path]:
    """A Feast repository of one view over a copy of the orders, which wants plain doubles."""
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    source = scratch / "orders.parquet"
    with duckdb.connect() as con:
        columns = "customer_id, ordered_at, order_id, channel, payment_method, amount::double as amount"
        con.execute(f"copy (select {columns} from read_parquet('{orders}')) to '{source}'")
    made = FeatureStore(
        config=RepoConfig(
            project="bench", provider="local", registry=str(scratch / "registry.db"), online_store=None,
            offline_store={"type": "duckdb"}, entity_key_serialization_version=3,
        )
    )  # fmt: skip
    customer = Entity(name="customer", join_keys=["customer_id"], value_type=ValueType.STRING)
    view = FeatureView(
        name="orders", entities=[customer], ttl=timedelta(days=0),
        source=FileSource(path=str(source), timestamp_field="ordered_at"),
        schema=[*(Field(name=name, dtype=String) for name in FEATURES[:3]), Field(name="amount", dtype=Float64)],
    )  # fmt: skip
    made.apply([customer, view])
    return made, source


def main() -> None:
    """Time both, check that they agree."""
    orders, scratch, rows = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
    con = duckdb.connect()
    moments = entities(con, orders, rows)
    feast, source = store(orders, scratch)
    feast_moments = moments.assign(event_timestamp=moments["event_timestamp"].dt.tz_localize("UTC"))
    times: dict[str, list[float]] = {"feast": [], "asof": []}
    for _ in range(2):
        began = time.monotonic()
        joined = feast.get_historical_features(feast_moments, [f"orders:{name}" for name in FEATURES]).to_df()
        times["feast"].append(time.monotonic() - began)
        began = time.monotonic()
        asof = con.execute(f"""
            select moments.*, {", ".join(f"orders.{name}" for name in FEATURES)}
            from moments asof left join read_parquet('{source}') as orders
                on moments.customer_id = orders.customer_id and moments.event_timestamp >= orders.ordered_at
        """).df()
        times["asof"].append(time.monotonic() - began)
    joined["event_timestamp"] = joined["event_timestamp"].dt.tz_localize(None)
    key = ["customer_id", "event_timestamp"]
    both = [frame.sort_values([*key, "order_id"])["order_id"].tolist() for frame in (joined, asof)]
    assert both[0] == both[1], "Feast and the asof join disagree"
    best = {name: min(values) for name, values in times.items()}
    print(json.dumps({"rows": len(asof), **best, "version": version("feast")}))


if __name__ == "__main__":
    main()
