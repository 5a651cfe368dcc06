"""Raw entities, and the landing of the exports that lie in the drop folder."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path

import dagster as dg

from clientele.contract import Entity, load_contract
from clientele.landing import LandingError, load
from clientele.landing.inbox import SETTLES_WITHIN_S, drop_folder, is_settling, mappings
from clientele.landing.report import EntityReport, LoadReport
from clientele.run_records import recorded_step
from dagster_project.warehouse import HOME

LANDING = dg.AssetKey(["landing", "landed_exports"])
OWNERS = ["team:data-engineering"]
# Files may still be on their way, or the disk of the exports away for a moment.
MOST_REFUSED = 0.5  # of an entity's rows; by hand, with clientele load, someone looks at what is refused
RETRIES = dg.RetryPolicy(max_retries=3, delay=20, backoff=dg.Backoff.EXPONENTIAL, jitter=dg.Jitter.PLUS_MINUS)

SETTLING = f"a file there changed within the last {SETTLES_WITHIN_S} s and may still be growing"


def _raw(entity: Entity) -> dg.AssetSpec:
    columns = [dg.TableColumn(c.name, c.data_type, description=c.description) for c in entity.columns.values()]
    return dg.AssetSpec(
        key=[entity.domain, entity.name],
        deps=[LANDING],
        group_name=f"raw_{entity.domain}",
        description=entity.description,
        kinds={"parquet"},
        owners=OWNERS,
        metadata={"dagster/column_schema": dg.TableSchema(columns=columns), "key": ", ".join(entity.key)},
        freshness_policy=dg.FreshnessPolicy.time_window(fail_window=timedelta(days=4), warn_window=timedelta(days=2))
        if entity.required
        else None,
    )


raw_entities = [_raw(entity) for entity in load_contract()]


@dg.asset(
    key=LANDING,
    group_name="landing",
    owners=OWNERS,
    kinds={"python", "parquet"},
    retry_policy=RETRIES,
    description="Exports of the drop folder, landed by their mappings; what has landed before is left alone.",
)
def landed_exports(context: dg.AssetExecutionContext) -> Iterator[dg.AssetMaterialization | dg.MaterializeResult]:
    """Load every mapping of the drop folder. One that cannot be loaded fails the run once the others have landed."""
    reports: dict[Path, LoadReport] = {}
    broken: dict[Path, LandingError] = {}
    with recorded_step(HOME, context.run.run_id, context.job_name, "land") as step:
        found = mappings(HOME)
        settling = [mapping for mapping in found if is_settling(mapping.parent)]
        for mapping in settling:
            context.log.warning(f"{mapping.parent} is left for the next landing: {SETTLING}")
        for mapping in found:
            if mapping in settling:
                continue
            try:
                reports[mapping] = load(mapping, home=HOME, progress=context.log.info, most_refused=MOST_REFUSED)
            except LandingError as error:
                context.log.error(f"{mapping}: {error}")
                broken[mapping] = error
                continue
            # Now: what has landed is told even where a later one fails.
            yield from _materialized(mapping, reports[mapping])
        landed = [entity for report in reports.values() for entity in report.entities]
        step.n_rows = sum(entity.rows_landed for entity in landed)
        step.message = f"{len(reports)} mappings of the drop folder"  # no path of this machine: readers see it
        if broken:
            raise failure_of(broken)
    yield dg.MaterializeResult(
        metadata={
            "mappings": dg.JsonMetadataValue([str(mapping) for mapping in reports]),
            "left_for_the_next_landing": dg.JsonMetadataValue([str(mapping) for mapping in settling]),
            "rows_landed": sum(entity.rows_landed for entity in landed),
            "rows_refused": sum(entity.rows_refused for entity in landed),
            "report": dg.MarkdownMetadataValue(_as_markdown(landed)),
            "drop_folder": dg.PathMetadataValue(drop_folder(HOME)),
        }
    )


def failure_of(broken: Mapping[Path, LandingError]) -> dg.Failure:
    """All mappings that could not be loaded; tried again where one of them may succeed then."""
    texts = [f"{mapping}: {error}" for mapping, error in broken.items()]
    return dg.Failure("\n".join(texts), allow_retries=any(error.may_pass for error in broken.values()))


def _materialized(mapping: Path, report: LoadReport) -> Iterator[dg.AssetMaterialization]:
    """An entity is fresh when rows of it have landed, not when somebody looked."""
    contract = load_contract()
    for entity in report.entities:
        if entity.rows_landed:
            yield dg.AssetMaterialization(
                [contract[entity.entity].domain, entity.entity],
                metadata={
                    "rows_landed": entity.rows_landed,
                    "rows_corrected": entity.rows_corrected,
                    "rows_refused": entity.rows_refused,
                    "batch": report.batch or 0,
                    "mapping": dg.PathMetadataValue(mapping),
                },
            )


def _as_markdown(landed: list[EntityReport]) -> str:
    lines = ["| entity | read | landed | corrected | known | refused |", "|---|---:|---:|---:|---:|---:|"]
    for e in landed:
        numbers = (e.rows_read, e.rows_landed, e.rows_corrected, e.rows_known, e.rows_refused)
        lines.append(f"| {e.entity} | " + " | ".join(f"{number:,}" for number in numbers) + " |")
    return "\n".join(lines)
