"""Lakes for the point-in-time tests: one made of edge cases, and any lake cut down to what was known."""

from __future__ import annotations

import random
import shutil
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path

import duckdb

from clientele.contract import Entity, load_contract
from clientele.landing.lake import Lake

GRACE = timedelta(hours=6)
TICK = timedelta(microseconds=1)
FEATURE_ENTITIES = [
    "customers",
    "consents",
    "fx_rates",
    "products",
    "orders",
    "order_items",
    "returns",
    "sessions",
    "campaign_touches",
    "subscriptions",
    "usage_events",
    "support_tickets",
    "invoices",
    "payments",
    "emotion_events",
    "bank_transactions",
    "loans",
    "repayments",
    # Only their coverage is a feature yet.
    "experiments",
    "loyalty_accounts",
]

OF_CUSTOMERS = ["orders", "order_items", "returns", "sessions", "campaign_touches"]


def midnight(day: date) -> datetime:
    return datetime.combine(day, time())


def edge_snapshots(snapshot: date) -> list[date]:
    """The snapshot and the two months before it that a run builds for training."""
    month = snapshot.replace(day=1)
    months = [month, (month - timedelta(days=1)).replace(day=1), (month - timedelta(days=32)).replace(day=1)]
    return [snapshot, *(day for day in months if day < snapshot)][:3]


def edge_moments(snapshot: date) -> list[datetime]:
    """Moments on, just before and just after every bound that a feature may have at the snapshots."""
    at = midnight(snapshot)
    bounds = [midnight(day) - timedelta(days=days) for day in edge_snapshots(snapshot) for days in (0, 7, 30, 90)]
    around = [bound + shift for bound in bounds for shift in (-TICK, timedelta(0), TICK)]
    ordinary = [at - timedelta(days=days, hours=5) for days in (1, 3, 12, 45, 91, 200, 400)]
    later = [at + timedelta(days=days, hours=3) for days in (0, 1, 4)]
    return around + ordinary + later


def edge_arrivals(moment: datetime, snapshot: date) -> list[datetime]:
    """When a row of that moment may land: at once, just in time, just too late, or days later."""
    deadlines = [midnight(day) + GRACE for day in edge_snapshots(snapshot)]
    around = [deadline + shift for deadline in deadlines for shift in (-TICK, timedelta(0), timedelta(days=2))]
    arrivals = [moment, moment, moment + timedelta(hours=1), *around]
    return [arrival for arrival in arrivals if arrival >= moment]


def _value(entity: Entity, name: str, draw: random.Random, snapshot: date) -> object:
    column = entity.columns[name]
    if column.accepted:
        return draw.choice(column.accepted)
    if column.currency:
        return draw.choice(["EUR", "EUR", "GBP"])
    match column.data_type:
        case "varchar":
            return {"purpose": "marketing_email"}.get(name, f"{name}-{draw.randrange(5)}")
        case "timestamp":
            day = midnight(draw.choice(edge_snapshots(snapshot)))
            return draw.choice([None, day + draw.choice((-TICK, timedelta(0), TICK, timedelta(days=9)))])
        case "date":
            return date(draw.randrange(1950, 2005), draw.randrange(1, 13), draw.randrange(1, 28))
        case "boolean":
            return draw.random() < 0.5
        case "double":
            return draw.random()
        case "decimal(18,4)":
            return Decimal(draw.randrange(1, 10_000_000)).scaleb(-4)
        case _:
            return draw.randrange(0, 50)


def versions_of(entity: Entity, key: dict, moment: datetime, snapshot: date, draw: random.Random) -> list[dict]:
    def version(loaded_at: datetime, supersedes: datetime | None, moment: datetime = moment) -> dict:
        row = {name: _value(entity, name, draw, snapshot) for name in entity.columns}
        row |= key | {"loaded_at": loaded_at, "supersedes_loaded_at": supersedes}
        row[entity.clock] = moment.date() if is_date else moment
        return row

    is_date = entity.columns[entity.clock].data_type == "date"
    if entity.clock not in entity.key and draw.random() < 0.05:
        # Moved beyond a midnight by a correction that landed in time: the first version still counts.
        day = midnight(draw.choice(edge_snapshots(snapshot)))
        if moment < day:
            beyond = day + draw.choice((timedelta(0), timedelta(hours=1)))
            return [version(moment, None), version(day + timedelta(hours=2), moment, beyond)]
    first = version(draw.choice(edge_arrivals(moment, snapshot)), None)
    versions = [first]
    if draw.random() < 0.5:
        later = [t for t in edge_arrivals(moment, snapshot) if t > first["loaded_at"]]
        if later:
            loaded_at = draw.choice(later)
            # Some corrections move the event itself.
            moved = [t for t in edge_moments(snapshot) if t <= loaded_at and draw.random() < 0.1]
            moves = moved and not is_date and draw.random() < 0.3
            versions.append(version(loaded_at, first["loaded_at"], draw.choice(moved) if moves else moment))
    return versions


def _corrected_in_time(
    entity: Entity, customer: str, month: datetime, snapshot: date, draw: random.Random
) -> list[dict]:
    registered = month - timedelta(days=400)
    first, second = ({n: _value(entity, n, draw, snapshot) for n in entity.columns} for _ in range(2))
    known = {"customer_id": customer, "registered_at": registered}
    return [
        first | known | {"loaded_at": registered, "supersedes_loaded_at": None},
        second | known | {"loaded_at": month + GRACE - TICK, "supersedes_loaded_at": registered},
    ]


def _withdrawn_in_time(entity: Entity, customer: str, month: datetime) -> list[dict]:
    granted = month - timedelta(days=100)
    known = dict.fromkeys(entity.columns) | {"consent_id": f"consents-{customer}", "customer_id": customer}
    known |= {"purpose": "marketing_email", "granted_at": granted}
    corrected = {"withdrawn_at": month - TICK, "loaded_at": month + GRACE - TICK, "supersedes_loaded_at": granted}
    return [known | {"loaded_at": granted, "supersedes_loaded_at": None}, known | corrected]


def edge_rows(snapshot: date, customers: int, seed: int) -> dict[str, list[dict]]:
    """Rows of every entity that features read, placed on all the edges; half of them corrected once."""
    from tests.point_in_time import emotion_lakes, finance_lakes

    draw = random.Random(seed)
    contract = load_contract()
    moments = edge_moments(snapshot)
    ids = [f"c{n:04d}" for n in range(customers)]
    rows: dict[str, list[dict]] = {name: [] for name in FEATURE_ENTITIES}

    def add(name: str, key: dict, moment: datetime) -> None:
        rows[name] += versions_of(contract[name], key, moment, snapshot, draw)

    for number in range(5):
        # Recategorised at a moment at which lines are known, too.
        known = [midnight(snapshot) - timedelta(days=500), draw.choice(edge_moments(snapshot))]
        for loaded_at, supersedes in zip(known, [None, known[0]], strict=True):
            rows["products"].append(
                dict.fromkeys(contract["products"].columns)
                | {"product_id": f"product_id-{number}", "category": f"category-{draw.randrange(9)}"}
                | {"loaded_at": loaded_at, "supersedes_loaded_at": supersedes}
            )
    for back in range(-5, 420):
        day = midnight(snapshot) - timedelta(days=back)
        add("fx_rates", {"rate_date": day.date(), "from_currency": "GBP", "to_currency": "EUR"}, day)
    # Sources of which the first row was known exactly at the snapshot's midnight, and after it.
    for name, known_at in (
        ("experiments", midnight(snapshot)), ("loyalty_accounts", midnight(snapshot) + timedelta(days=1)),
    ):  # fmt: skip
        first = versions_of(
            contract[name], {contract[name].key[0]: "first"}, known_at - timedelta(hours=9), snapshot, draw
        )
        rows[name] = [first[0] | {"loaded_at": known_at}]
    for number, customer in enumerate(ids):
        if number < len(ids) // 10:
            # Known long before, corrected in time for one of the snapshots.
            month = midnight(edge_snapshots(snapshot)[number % 3])
            rows["customers"] += _corrected_in_time(contract["customers"], customer, month, snapshot, draw)
            # Their only consent, so that it is seen whether the version before still counts.
            rows["consents"] += _withdrawn_in_time(contract["consents"], customer, month)
            names = OF_CUSTOMERS
        else:
            add("customers", {"customer_id": customer}, draw.choice(moments))
            names = ["consents", *OF_CUSTOMERS]
        for name in names:
            for n in range(draw.randrange(0, 12)):
                owner = {"customer_id": customer}
                if name == "order_items":
                    owner["order_id"] = f"orders-{customer}-{draw.randrange(0, 12)}"
                add(name, {contract[name].key[0]: f"{name}-{customer}-{n}"} | owner, draw.choice(moments))
    for name in ("subscriptions", "usage_events", "support_tickets", "invoices", "payments"):
        rows[name] = _of_success(contract[name], ids, moments, snapshot, seed)
    for name, more in emotion_lakes.edge_rows(ids, moments, snapshot, seed).items():
        rows[name] += more
    return rows | finance_lakes.edge_rows(ids, snapshot, seed)


def _of_success(entity: Entity, customers: list[str], moments: list[datetime], snapshot: date, seed: int) -> list[dict]:
    """Rows of an entity, of its own draws: with them among the others, those would fall elsewhere."""
    draw, rows = random.Random(f"{entity.name} {seed}"), []
    for customer in customers:
        for n in range(draw.randrange(0, 8 if entity.name == "subscriptions" else 12)):
            key = {entity.key[0]: f"{entity.name}-{customer}-{n}", "customer_id": customer}
            if entity.name == "payments":
                key["invoice_id"] = draw.choice([None, f"invoices-{customer}-{draw.randrange(0, 12)}"])
            rows += versions_of(entity, key, draw.choice(moments), snapshot, draw)
    return rows


def write_lake(home: Path, batches: list[dict[str, list[dict]]]) -> None:
    """Write rows straight into a lake, batch 1, 2, ...: what a loader would have landed."""
    import pyarrow as pa

    lake, contract = Lake(home), load_contract()
    lake.ensure_contract()
    connection = duckdb.connect()
    for number, entities in enumerate(batches, start=1):
        folder = home / "lake" / "raw" / f"batch={number}"
        folder.mkdir(parents=True)
        for name, rows in entities.items():
            types = contract[name].landed_types
            names = list(types)
            table = pa.Table.from_pylist(
                [{n: (str(r[n]) if isinstance(r[n], Decimal) else r[n]) for n in names} for r in rows],
                schema=pa.schema([(n, _arrow_type(t)) for n, t in types.items()]),
            )
            connection.register("rows_to_land", table)
            columns = ", ".join(f"cast({n} as {t}) as {n}" for n, t in types.items())
            connection.execute(
                f"copy (select {columns} from rows_to_land order by {contract[name].clock}) "
                f"to '{folder}/{name}.parquet'"
            )
        write_landings(connection, folder, list(entities))
    connection.close()


def split_by_arrival(rows: dict[str, list[dict]], cuts: list[datetime]) -> list[dict[str, list[dict]]]:
    """One batch per cut: the rows that landed before it and not before the one before."""
    bounds = [datetime.min, *cuts]
    return [
        {name: [row for row in known if since <= row["loaded_at"] < until] for name, known in rows.items()}
        for since, until in zip(bounds, cuts, strict=False)
    ]


def write_edge_lake(home: Path, snapshot: date, customers: int, seed: int) -> None:
    """A lake of edge cases in two batches: what had landed at the snapshot's midnight, and what came later."""
    rows = edge_rows(snapshot, customers, seed)
    write_lake(home, split_by_arrival(rows, [midnight(snapshot), datetime.max]))


def copy_lake(source: Path, target: Path, batches: int = 1000) -> None:
    """Copy a lake with its first batches; those that are there already stay."""
    for number in range(batches + 1):
        folder = source / "lake" / "raw" / f"batch={number}"
        copy = target / "lake" / "raw" / folder.name
        if folder.is_dir() and not copy.exists():
            shutil.copytree(folder, copy)


def _arrow_type(data_type: str) -> object:
    import pyarrow as pa

    return {
        "varchar": pa.string(),
        "timestamp": pa.timestamp("us"),
        "date": pa.date32(),
        "boolean": pa.bool_(),
        "double": pa.float64(),
        "decimal(18,4)": pa.string(),
        "bigint": pa.int64(),
        "integer": pa.int32(),
    }[data_type]


def write_landings(connection: duckdb.DuckDBPyConnection, folder: Path, entities: list[str]) -> None:
    """Write the ledger of a batch from its files, with the columns that the models read."""
    contract = load_contract()
    selects = []
    for name in entities:
        entity = contract[name]
        clock = "null" if entity.clock_is_planned else entity.clock
        selects.append(
            f"select '{name}' as entity, count(*) as rows_landed,"
            f" cast(min({clock}) as timestamp) as min_clock_at, cast(max({clock}) as timestamp) as max_clock_at,"
            f" min(loaded_at) as min_loaded_at, max(loaded_at) as max_loaded_at"
            f" from read_parquet('{folder}/{name}.parquet')"
        )
    connection.execute(f"copy ({' union all '.join(selects)}) to '{folder}/landings.parquet'")


def _without_hindsight(entity: Entity, snapshot: date) -> str:
    """Columns of a file: a first version dated back to its clock loses what it says of the time after the snapshot."""
    # Of a plan nothing that happens to it can be known ahead, but where its own date may lie ahead, too.
    is_honest = (
        "false" if entity.clock_is_planned else f"supersedes_loaded_at is not null or loaded_at > {entity.clock}"
    )
    replaced = [
        f"case when {is_honest} or {name} < timestamp '{snapshot} 00:00:00' then {name} end as {name}"
        for name, column in entity.columns.items()
        if column.data_type == "timestamp"
        and name not in (entity.clock, *entity.key)
        and not (entity.clock_is_planned and column.may_be_future)
    ]
    return f"* replace ({', '.join(replaced)})" if replaced else "*"


def cut_lake(source: Path, target: Path, snapshot: date) -> None:
    """Copy a lake without anything not known at the snapshot: later events, later landings, and hindsight."""
    contract = load_contract()
    shutil.copytree(source / "lake" / "raw" / "batch=0", target / "lake" / "raw" / "batch=0")
    connection = duckdb.connect()
    for batch in sorted((source / "lake" / "raw").glob("batch=[1-9]*")):
        folder = target / "lake" / "raw" / batch.name
        folder.mkdir(parents=True)
        kept = []
        for file in sorted(batch.glob("*.parquet")):
            if file.stem == "landings":
                continue
            entity = contract[file.stem]
            happened = "true" if entity.clock_is_planned else f"{entity.clock} < timestamp '{snapshot} 00:00:00'"
            connection.execute(
                f"copy (select {_without_hindsight(entity, snapshot)} from read_parquet('{file}') where {happened}"
                f" and loaded_at < timestamp '{snapshot} 00:00:00' + interval 6 hour)"
                f" to '{folder}/{file.name}'"
            )
            kept.append(file.stem)
        write_landings(connection, folder, kept)
    connection.close()
