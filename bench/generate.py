"""A lake of any size, made by DuckDB alone: the input of every measurement.

Rows are numbered by the day they fall on and drawn from a hash of that number, so that a day has the same rows
whenever, and in however long a history, it is made. Times grow with the number: nothing needs sorting.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from pathlib import Path

import duckdb

from clientele.landing.lake import LANDINGS_TYPES, Lake

DATA = Path(__file__).resolve().parent / ".data"
END = date(2026, 1, 1)  # the first snapshot: batch 1 is what had landed at this midnight
NIGHTLY_LOAD = f"timestamp '{END + timedelta(days=1)} 02:00:00'"  # when batch 2 lands
CLOCKS = {"customers": "registered_at", "orders": "ordered_at", "sessions": "started_at"}
Say = Callable[[str], None]


@dataclass(frozen=True)
class Spec:
    """What decides the content of a lake. Volumes are per day, so a longer history has more rows, not denser ones."""

    customers: int = 1_000_000
    years: int = 3
    orders_per_customer: int = 20  # over three years
    sessions_per_customer: int = 80

    @property
    def days(self) -> int:
        """Length of the history."""
        return 365 * self.years

    def per_day(self, per_customer: int) -> int:
        """Rows of one day."""
        return max(1, round(self.customers * per_customer / (3 * 365)))


def lake(spec: Spec, say: Say = print, root: Path = DATA) -> Path:
    """Folder with ``batch=1`` (the history) and ``batch=2`` (one day more); made once and kept."""
    stamp = json.dumps(asdict(spec) | {"code": _code(), "duckdb": duckdb.__version__}, sort_keys=True)
    folder = root / f"lake-{spec.customers}-{spec.years}y"
    seal = folder / "spec.json"
    if seal.exists() and seal.read_text() == stamp:
        return folder
    shutil.rmtree(folder, ignore_errors=True)
    began = time.monotonic()
    for batch in (1, 2):
        (folder / f"batch={batch}").mkdir(parents=True)
    with duckdb.connect() as con:
        con.execute(f"set temp_directory = '{folder}/tmp'")
        for entity, select in (("customers", _customers), ("orders", _orders), ("sessions", _sessions)):
            for batch in (1, 2):
                say(f"generate {spec.customers:,} customers, {spec.years} years: {entity}, batch {batch}")
                _write(con, folder, entity, batch, select(spec, batch, folder))
        for batch in (1, 2):
            _write_landings(con, folder / f"batch={batch}")
    shutil.rmtree(folder / "tmp", ignore_errors=True)
    seal.write_text(stamp)
    say(f"generated in {time.monotonic() - began:.0f} s: {folder}")
    return folder


def home(source: Path, target: Path, batches: int = 1) -> Path:
    """A home for dbt over a generated lake: its first batches, linked and not copied. What was there is removed."""
    shutil.rmtree(target, ignore_errors=True)
    Lake(target).ensure_contract()
    for batch in range(1, batches + 1):
        land(source, target, batch)
    return target


def land(source: Path, target: Path, batch: int) -> None:
    """Put one more batch of a generated lake into a home."""
    folder = Lake(target).batch_dir(batch)
    folder.mkdir(parents=True)
    for path in sorted((source / f"batch={batch}").iterdir()):
        (folder / path.name).hardlink_to(path)


def _code() -> str:
    return hashlib.sha256(Path(__file__).read_bytes()).hexdigest()[:16]


def _write(con: duckdb.DuckDBPyConnection, folder: Path, entity: str, batch: int, select: str) -> None:
    path = folder / f"batch={batch}" / f"{entity}.parquet"
    order = f"order by {CLOCKS[entity]}" if batch == 2 else ""
    con.execute(f"copy ({select} {order}) to '{path}' (format parquet)")


def _customers(spec: Spec, batch: int, _: Path) -> str:
    first, until = (0, spec.customers) if batch == 1 else (spec.customers, existing(spec, 1))
    return f"""
    with numbered as (select range as k, hash(range, 'customers') as h from range({first}, {until}))
    select
        'c' || k as customer_id,
        {_registered(spec, "k")} as registered_at,
        case when h & 15 = 0 then 'business' else 'person' end as customer_type,
        'Customer ' || k as full_name,
        'c' || k || '@example.com' as email,
        '+49 30 ' || (h >> 4) % 10000000 as phone,
        case when h & 15 > 0 then date '1940-01-01' + ((h >> 8) % 24000)::integer end as birth_date,
        case when h & 15 > 0 then ['female', 'male', 'diverse', null][1 + ((h >> 12) % 4)::integer] end as gender,
        case when h & 15 > 0 then ['single', 'married', 'divorced', null][1 + ((h >> 16) % 4)::integer] end
            as marital_status,
        ['DE', 'AT', 'CH', 'NL', 'FR', 'IT', 'PL', 'SE'][1 + ((h >> 20) % 8)::integer] as country,
        'region ' || (h >> 24) % 40 as region,
        'city ' || (h >> 28) % 900 as city,
        printf('%05d', (h >> 32) % 100000) as postcode,
        ['de', 'nl', 'fr', 'it', 'en'][1 + ((h >> 36) % 5)::integer] as language,
        ['search', 'social', 'email', 'store', 'referral'][1 + ((h >> 40) % 5)::integer] as acquisition_channel,
        case when h & 15 = 0 then 'industry ' || (h >> 44) % 20 end as industry,
        case when h & 15 = 0 then ((h >> 48) % 5000)::integer end as company_size,
        (h >> 52) % 50 > 0 as is_active,
        {_registered(spec, "k") if batch == 1 else NIGHTLY_LOAD} as loaded_at,
        null::timestamp as supersedes_loaded_at
    from numbered"""


def existing(spec: Spec, day: int) -> int:
    """Customers registered before the midnight `day` days after END (0 or negative in the history).

    Two fifths are there when the history begins; the others register evenly over it.
    """
    return int(spec.customers * (0.4 + 0.6 * (spec.days + day) / spec.days))


def _registered(spec: Spec, k: str) -> str:
    """Moment at which customer number `k` registers; grows with `k`, and is the inverse of `existing`."""
    day_us, old = 86_400_000_000, 0.4 * spec.customers
    return (
        f"timestamp '{END - timedelta(days=spec.days)}' + to_microseconds(case when {k} < {old} then"
        f" (({k} - {old}) / {old} * {365 * day_us})::bigint"
        f" else (({k} - {old}) / {0.6 * spec.customers} * {spec.days * day_us})::bigint end)"
    )


def _events(spec: Spec, batch: int, entity: str, per_day: int) -> str:
    """Rows with their number `i`, two hashes, clock, arrival and the customers that existed that day.

    One in a hundred arrives 1 to 72 hours late. Batch 1 is what had happened and arrived at END, batch 2 what the next
    nightly load found: a day more, and late arrivals of the days before.
    """
    since, until = (-spec.days, 0) if batch == 1 else (-4, 1)
    start, step = (END - date(2000, 1, 1)).days, 86_400_000_000 // per_day
    end = f"timestamp '{END} 00:00:00'"
    arrived = f"arrives_at < {end}" if batch == 1 else f"arrives_at >= {end} and arrives_at < {NIGHTLY_LOAD}"
    return f"""
    with numbered as (
        select range as i, hash(range, '{entity}') as h, hash(range, '{entity}', 'more') as g
        from range({(start + since) * per_day}, {(start + until) * per_day})
    ),
    timed as (
        select
            *,
            timestamp '2000-01-01' + to_days((i // {per_day})::integer)
                + to_microseconds((i % {per_day}) * {step} + (h % {step})::bigint) as clock_at,
            floor({spec.customers * 0.4} + {spec.customers * 0.6 / spec.days}
                * (i // {per_day} - {start - spec.days})) as n_existing
        from numbered
    ),
    arriving as (
        select
            *,
            clock_at + case when g % 100 = 0 then to_minutes(60 + ((g >> 8) % 4260)::bigint) else interval 0 hour end
                as arrives_at
        from timed
    ),
    arrived as (
        select *, {"arrives_at" if batch == 1 else NIGHTLY_LOAD} as loaded_at
        from arriving where {arrived}
    )"""


def _customer(heavy: int, medium: int) -> str:
    """Whose row it is: of ten customers one does `heavy` of 256 rows, three do `medium`, and of the rest each a little.

    Older customers do somewhat more; who does how much has nothing to do with when they registered.
    """
    slot = (
        f"case when h & 255 < {heavy} then 0 when h & 255 < {heavy + medium} then 1 + ((h >> 8) % 3)"
        " else 4 + ((h >> 8) % 5) end"
    )
    return f"'c' || (10 * floor(floor(n_existing / 10) * pow((h >> 24) / 1099511627776.0, 1.3)) + {slot})::bigint"


def _orders(spec: Spec, batch: int, folder: Path) -> str:
    amount = "(5 + 8000 / (20 + (g >> 20) % 1000))::decimal(18, 4) + ((g >> 32) % 10000 / 10000)::decimal(18, 4)"
    select = f"""
    {_events(spec, batch, "orders", spec.per_day(spec.orders_per_customer))}
    select
        'o' || i as order_id,
        {_customer(heavy=128, medium=90)} as customer_id,
        clock_at as ordered_at,
        ({amount})::decimal(18, 4) as amount,
        'EUR' as currency,
        case when (g >> 8) % 50 = 0 then 'cancelled' else 'completed' end as status,
        ['web', 'web', 'app', 'store', 'phone'][1 + ((g >> 16) % 5)::integer] as channel,
        (case when (g >> 44) % 4 = 0 then (g >> 48) % 200 / 10 else 0 end)::decimal(18, 4) as discount_amount,
        4.95::decimal(18, 4) as shipping_amount,
        (({amount}) * 0.19)::decimal(18, 4) as tax_amount,
        ['card', 'invoice', 'wallet'][1 + ((g >> 40) % 3)::integer] as payment_method,
        null::varchar as coupon_code,
        null::varchar as store_id,
        loaded_at,
        null::timestamp as supersedes_loaded_at
    from arrived"""
    if batch == 1:
        return select
    # Of the orders of the last week one in fifty is corrected: cancelled, or its amount changed.
    return f"""
    from ({select})
    union all
    select * replace (
        case when hash(order_id) % 100 = 0 then 'cancelled' else 'completed' end as status,
        case when hash(order_id) % 100 = 0 then amount else (amount * 0.9)::decimal(18, 4) end as amount,
        {NIGHTLY_LOAD} as loaded_at,
        loaded_at as supersedes_loaded_at
    )
    from read_parquet('{folder}/batch=1/orders.parquet', hive_partitioning = false)
    where ordered_at >= timestamp '{END - timedelta(days=7)}' and hash(order_id) % 50 = 0"""


def _sessions(spec: Spec, batch: int, _: Path) -> str:
    return f"""
    {_events(spec, batch, "sessions", spec.per_day(spec.sessions_per_customer))}
    select
        's' || i as session_id,
        case when g % 50 > 0 then {_customer(heavy=90, medium=90)} end as customer_id,
        clock_at as started_at,
        (10 + (g >> 8) % 900)::integer as duration_s,
        (1 + (g >> 20) % 18)::integer as page_views,
        ((g >> 28) % 8)::integer as product_views,
        ((g >> 32) % 3)::integer as cart_adds,
        (g >> 36) % 5 = 0 as is_converted,
        case when (g >> 36) % 5 = 0 then 'o' || i // 4 end as order_id,
        ['mobile', 'desktop', 'tablet', 'app'][1 + ((g >> 40) % 4)::integer] as device,
        ['direct', 'search', 'email', 'social'][1 + ((g >> 44) % 4)::integer] as channel,
        null::varchar as campaign_id,
        loaded_at,
        null::timestamp as supersedes_loaded_at
    from arrived"""


def _write_landings(con: duckdb.DuckDBPyConnection, folder: Path) -> None:
    """The ledger that the loader would have written."""
    parts = []
    for entity, clock in CLOCKS.items():
        values = {
            "entity": f"'{entity}'",
            "mode": "'history'" if folder.name == "batch=1" else "'live'",
            "fingerprint": f"'bench {folder.name} {entity}'",
            "source_files": "'[]'",
            "rows_read": "count(*)",
            "rows_landed": "count(*)",
            "rows_corrected": "count(supersedes_loaded_at)",
            "rows_known": "0",
            "rows_refused": "0",
            "min_clock_at": f"min({clock})",
            "max_clock_at": f"max({clock})",
            "min_loaded_at": "min(loaded_at)",
            "max_loaded_at": "max(loaded_at)",
            "landed_at": "max(loaded_at)",
        }
        columns = ", ".join(f"cast({values[name]} as {kind}) as {name}" for name, kind in LANDINGS_TYPES.items())
        parts.append(f"select {columns} from read_parquet('{folder}/{entity}.parquet')")
    con.execute(f"copy ({' union all '.join(parts)}) to '{folder}/landings.parquet' (format parquet)")
