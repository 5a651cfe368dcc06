"""What may be published: only what was built and tested, all the way up from the sources."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from clientele import unit_tests
from clientele.dbt_manifest import NoManifestError
from clientele.publishing.auditing import audit, summed_up
from clientele.querying import NoBuildError
from clientele.run_records import INTERRUPTED
from clientele.running import VARS_FILE, building_vars, stored_vars
from tests.unit.publishing.company import RUN_AT, Company, data_test, model

LATER = RUN_AT + timedelta(days=1, hours=1)
DAY = date(2026, 1, 2)  # the newest of the build
BEFORE = DAY - timedelta(days=1)


def errors(company: Company) -> set[tuple[str, str]]:
    return {(finding.about, finding.reason) for finding in audit(company.home).errors}


def test_a_build_that_was_built_and_tested_passes(company: Company) -> None:
    found = audit(company.home)
    assert (found.errors, found.warnings) == ([], [])
    assert [str(relation) for relation in found.relations] == [
        "governance.landings", "governance.model_registry", "governance.ops_runs", "governance.publications",
        "marts.customers", "marts.days", "marts.totals",
    ]  # fmt: skip
    assert found.n_checks == 5
    assert found.built_at == datetime(2026, 1, 2, 3, 0, 10)


@pytest.mark.parametrize("name", ["customers", "stg", "ml_run"])
@pytest.mark.parametrize("status", ["error", "skipped"])
def test_a_table_or_ancestor_whose_last_build_failed_blocks(company: Company, name: str, status: str) -> None:
    company.built(name, LATER, status=status, message="Binder Error: no such column\nline 3")
    assert (name, f"its last build ended as {status} (Binder Error: no such column)") in errors(company)


def test_a_failure_that_was_mended_is_forgotten(company: Company) -> None:
    company.built("customers", LATER - timedelta(hours=2), status="error")
    assert audit(company.home).passed


def test_what_nothing_published_is_made_of_blocks_nothing(company: Company) -> None:
    company.built("aside", LATER, status="error")
    company.checked("aside_key", "aside", LATER, status="fail")
    assert audit(company.home).passed


def test_a_table_that_no_run_recorded_blocks(company: Company) -> None:
    for file in (company.records.root / "ops_runs").glob("*.parquet"):
        file.unlink()
    found = audit(company.home).errors
    assert {finding.reason for finding in found} == {"no run recorded that it was built"}
    assert len(summed_up(found)) == 2  # the model that only training fits has another remedy
    assert "and 1 more. `clientele run` builds and tests them anew" in summed_up(found)[0]


@pytest.mark.parametrize(("name", "about"), [("customers_key", "customers"), ("stg_key", "stg"), ("adds_up", "days")])
@pytest.mark.parametrize("status", ["fail", "skipped"])
def test_a_failed_check_blocks(company: Company, name: str, about: str, status: str) -> None:
    company.checked(name, about, LATER, status=status)
    assert errors(company) == {(f"{name} (on {about})", f"ended as {status}")}


def test_a_check_that_warns_or_is_of_severity_warn_is_told_and_blocks_nothing(company: Company) -> None:
    company.checked("customers_key", "customers", LATER, status="warn")
    company.checked("stg_plausible", "stg", LATER, status="fail", severity="warn")
    found = audit(company.home)
    assert found.passed
    assert {finding.about for finding in found.warnings} == {"customers_key (on customers)", "stg_plausible (on stg)"}


def test_a_check_of_what_only_training_makes_may_be_older_than_the_seed_that_it_reads(company: Company) -> None:
    company.manifest["nodes"]["seed.x.policy"] = model("policy", "seeds") | {"resource_type": "seed"}
    company.manifest["nodes"]["test.x.allowed"] = data_test("allowed", "model.x.fit", "seed.x.policy")
    company.manifest["nodes"]["test.x.covered"] = data_test("covered", "model.x.customers", "seed.x.policy")
    company.run(2)
    assert audit(company.home).passed
    company.built("policy", LATER + timedelta(days=2))
    assert errors(company) == {("covered (on customers)", "is older than what it is about")}
    company.built("fit", LATER + timedelta(days=2))
    assert ("allowed (on fit)", "is older than what it is about") in errors(company)


def test_a_check_that_was_never_made_blocks(company: Company) -> None:
    company.manifest["nodes"]["test.x.new"] = data_test("new", "model.x.customers")
    company.write_manifest()
    assert errors(company) == {("new (on customers)", "was never made")}


def test_a_check_older_than_any_table_it_reads_blocks(company: Company) -> None:
    company.built("customers", LATER)
    reason = "is older than what it is about"
    assert errors(company) == {("customers_key (on customers)", reason), ("adds_up (on days)", reason)}


def test_a_unit_test_is_made_before_its_table_by_the_same_run(company: Company) -> None:
    company.built("days", LATER, run=2)
    company.checked("adds_up", "days", LATER + timedelta(hours=1), run=2)
    assert errors(company) == {("days_edges (on days)", "is older than what it is about")}
    company.checked("days_edges", "days", LATER - timedelta(minutes=1), run=2)
    assert audit(company.home).passed


def test_a_unit_test_that_passed_at_this_code_is_not_made_again(company: Company) -> None:
    company.built("days", LATER, run=2)
    company.checked("adds_up", "days", LATER + timedelta(hours=1), run=2)
    unit_tests.note_passed(company.home, "other code", trains=True)
    assert errors(company) == {("days_edges (on days)", "is older than what it is about")}
    unit_tests.note_passed(
        company.home, unit_tests.code_and_vars(building_vars(stored_vars(company.home))), trains=False
    )
    assert audit(company.home).passed
    company.checked("days_edges", "days", LATER, run=2, status="fail")
    assert errors(company) == {("days_edges (on days)", "ended as fail")}


@pytest.mark.parametrize("text", ["drift_error_on: [days\n", "- days\n", "days\n"])
def test_vars_that_cannot_be_read_block_and_are_named(company: Company, text: str) -> None:
    (company.home / VARS_FILE).write_text(text)
    (about,) = {(finding.about, finding.remedy) for finding in audit(company.home).errors}
    assert about == ("vars.yml", "Mend it")
    (company.home / unit_tests.PASSED_FILE).write_text('{"daily": "", "train": ""}')
    company.built("days", LATER, run=2)
    company.checked("adds_up", "days", LATER + timedelta(hours=1), run=2)
    assert ("days_edges (on days)", "is older than what it is about") in errors(company)


def test_an_audit_writes_no_vars(company: Company) -> None:
    assert audit(company.home).passed
    assert not (company.home / VARS_FILE).exists()


def drift(company: Company, name: str, at: datetime, **known: str | date) -> None:
    company.checked(name, "customers", at, check_type="drift", run=7, **known)


def test_other_checks_block_too(company: Company) -> None:
    drift(company, "spent", LATER, status="fail", message="psi 0.4")
    drift(company, "new_customers", LATER, status="skipped")
    drift(company, "age", LATER, status="warn", severity="warn")
    company.checked("fresh", "orders", LATER, check_type="freshness", status="fail", run=7)
    company.checked("elsewhere", "aside", LATER, check_type="drift", status="fail", run=7)
    found = audit(company.home)
    assert {finding.about for finding in found.errors} == {"spent (on customers)", "fresh (on orders)"}
    assert {finding.about for finding in found.warnings} == {"age (on customers)"}


def test_other_checks_go_stale_unless_they_are_made_no_more(company: Company) -> None:
    before = RUN_AT
    drift(company, "spent", before)
    assert errors(company) == {("spent (on customers)", "drift is older than what it is about")}
    drift(company, "another", LATER)
    assert audit(company.home).passed
    drift(company, "gone_with_a_failure", before, status="fail")
    assert errors(company) == {("gone_with_a_failure (on customers)", "drift failed")}


def test_what_failed_on_the_day_is_not_cleared_by_a_look_at_an_earlier_one(company: Company) -> None:
    drift(company, "spent", LATER, status="fail", message="psi 0.4", snapshot_date=DAY)
    drift(company, "spent", LATER + timedelta(hours=1), status="warn", severity="warn", snapshot_date=BEFORE)
    assert errors(company) == {("spent (on customers)", "drift failed")}
    drift(company, "spent", LATER + timedelta(hours=2), severity="warn", snapshot_date=DAY)
    found = audit(company.home)
    assert (found.errors, found.warnings) == ([], [])


def test_a_look_at_another_day_tells_nothing_of_this_one(company: Company) -> None:
    drift(company, "spent", LATER, severity="warn", snapshot_date=BEFORE)
    found = audit(company.home)
    assert found.passed
    assert [finding.reason for finding in found.warnings] == ["drift is of another day than the build"]
    drift(company, "another", LATER, severity="warn", snapshot_date=DAY)
    assert audit(company.home).warnings == []  # made no more, as others of its kind were made that day


def test_without_a_run_on_record_the_newest_day_that_was_looked_at_counts(company: Company) -> None:
    company.execute("drop table ml.ml_run")
    drift(company, "spent", LATER, status="fail", snapshot_date=DAY)
    drift(company, "spent", LATER + timedelta(hours=1), snapshot_date=BEFORE)
    assert errors(company) == {("spent (on customers)", "drift failed")}


def test_a_record_of_a_time_to_come_hides_no_failure(company: Company) -> None:
    now = datetime.now(UTC).replace(tzinfo=None)
    company.built("customers", now + timedelta(minutes=2))  # within what clocks differ by
    company.checked("customers_key", "customers", now + timedelta(minutes=3))
    company.checked("adds_up", "days", now + timedelta(minutes=3))
    assert audit(company.home).passed
    company.checked("stg_key", "stg", LATER, status="fail")
    company.checked("stg_key", "stg", now + timedelta(days=1))
    found = audit(company.home).errors
    assert [finding.reason for finding in found] == ["was recorded in the future: the clock was wrong"]
    (company.home / found[0].about).unlink()
    assert errors(company) == {("stg_key (on stg)", "ended as fail")}


NOT_CHECKED = "is named by drift_error_on and was not checked on the day of the build"


def name_errors(company: Company, *names: str) -> None:
    (company.home / "vars.yml").write_text(f"drift_error_on: [{', '.join(names)}]\n")


@pytest.mark.parametrize("name", ["customers", "customers.new", "customers.spent", "customers.new.spent"])
def test_what_the_var_names_must_have_been_checked(company: Company, name: str) -> None:
    name_errors(company, name)
    assert errors(company) == {(name, NOT_CHECKED)}
    company.drifted("customers.new", LATER, BEFORE)
    company.drifted("days", LATER, DAY)
    assert errors(company) == {(name, NOT_CHECKED)}
    assert "`clientele drift`" in audit(company.home).errors[0].remedy
    company.drifted("customers.new", LATER, DAY)
    assert audit(company.home).passed


def test_what_the_var_names_must_have_been_checked_since_it_was_built(company: Company) -> None:
    name_errors(company, "days.spent", "orders")
    company.drifted("days", RUN_AT, DAY)
    company.drifted("orders", RUN_AT, DAY, column_name=None)  # a source, which no run builds
    assert errors(company) == {("days.spent", "is named by drift_error_on and was built since it was checked")}


@pytest.mark.parametrize("status", ["warn", "fail"])
def test_what_the_var_names_must_not_have_missed_when_it_was_last_checked(company: Company, status: str) -> None:
    name_errors(company, "days.spent")
    company.drifted("days", LATER, DAY, status=status, value=0.3)
    assert errors(company) == {("days.spent", "is named by drift_error_on and missed")}
    company.drifted("days", LATER + timedelta(hours=1), DAY)
    company.drifted("days", LATER + timedelta(hours=1), DAY, status=status, column_name="another")
    assert audit(company.home).passed


def test_what_the_var_names_must_have_been_measured(company: Company) -> None:
    name_errors(company, "days.spent", "days")
    company.drifted("days", LATER, DAY, status="skipped")
    reason = "is named by drift_error_on and could not be measured"
    assert errors(company) == {("days.spent", reason), ("days", reason)}
    company.drifted("days", LATER, DAY, column_name="another")  # some columns always hold one value only
    assert errors(company) == {("days.spent", reason)}
    company.drifted("days", LATER + timedelta(hours=1), DAY)
    assert audit(company.home).passed
    company.drifted("days", LATER + timedelta(hours=2), DAY, status="skipped", column_name=None)
    assert errors(company) == {("days.spent", reason), ("days", reason)}


def test_a_table_that_failed_to_be_measured_holds_up_its_columns(company: Company) -> None:
    name_errors(company, "days.spent")
    company.drifted("days", LATER, DAY, value=0.1)
    company.drifted("days", LATER + timedelta(hours=1), DAY, status="fail", column_name=None)
    assert errors(company) == {("days.spent", "is named by drift_error_on and could not be measured")}


def test_a_var_that_cannot_be_read_blocks(company: Company) -> None:
    (company.home / "vars.yml").write_text("drift_error_on: days\n")
    assert [finding.about for finding in audit(company.home).errors] == ["vars.yml"]


def rebuilt(company: Company, name: str, *checks: tuple[str, str]) -> None:
    company.built(name, LATER)
    for check in checks:
        company.checked(*check, LATER + timedelta(minutes=1))


def test_what_is_older_than_a_table_it_is_made_from_blocks(company: Company) -> None:
    rebuilt(company, "ml_run")
    assert errors(company) == {("customers", "is older than ml_run, which it is made from")}
    rebuilt(company, "customers", ("customers_key", "customers"), ("adds_up", "days"))
    assert errors(company) == {("customers", "is older than ml_run, which it is made from")}  # began before it ended
    company.built("customers", LATER + timedelta(seconds=1))
    assert audit(company.home).passed


def test_a_view_is_as_old_as_what_it_reads(company: Company) -> None:
    company.manifest["nodes"]["model.x.base"] = model("base", "staging")
    company.manifest["nodes"]["model.x.stg"]["depends_on"]["nodes"] = ["model.x.base"]
    company.write_manifest()
    rebuilt(company, "stg", ("stg_key", "stg"), ("stg_plausible", "stg"))
    company.built("base", RUN_AT)
    assert audit(company.home).passed
    company.built("base", LATER)
    assert errors(company) == {(name, "is older than base, which it is made from") for name in ("customers", "days")}


def test_a_parent_that_was_not_built_after_all_makes_nothing_old(company: Company) -> None:
    company.built("ml_run", LATER, status="error")
    assert {name for name, _reason in errors(company)} == {"ml_run"}


def test_a_fit_may_be_older_than_its_data_but_not_newer_than_what_scores_with_it(company: Company) -> None:
    company.manifest["nodes"]["model.x.fit"]["depends_on"]["nodes"] = ["model.x.ml_run"]
    company.write_manifest()
    company.run(2, trains=False)
    assert audit(company.home).passed
    company.built("fit", RUN_AT + timedelta(days=3))
    found = audit(company.home).errors
    assert [(finding.about, finding.reason) for finding in found] == [
        ("model_registry", "is older than fit, which it is made from")
    ]
    assert "daily job" in found[0].remedy


def interrupt(company: Company, at: datetime, *steps: str) -> None:
    row = {"run_id": "x", "asset_kind": "step", "status": "error", "started_at": at, "message": INTERRUPTED}
    company.records.append("ops_runs", [row | {"asset_name": step} for step in steps])


def test_an_interrupted_run_blocks_until_a_whole_one_is_through(company: Company) -> None:
    interrupt(company, LATER, "dbt")
    assert {name for name, _reason in errors(company)} == {
        "customers", "days", "landings", "ml_run", "model_registry", "ops_runs", "publications", "stg", "totals",
    }  # fmt: skip
    company.run(2, trains=False)
    assert audit(company.home).passed
    interrupt(company, LATER + timedelta(days=1), "dbt", "train")
    company.run(3, trains=False)
    assert errors(company) == {("fit", "a run was interrupted since, and may have left it untested")}
    company.run(4)
    assert audit(company.home).passed


def test_a_column_that_names_a_person_blocks(company: Company) -> None:
    company.execute("alter table marts.customers add column Email varchar")
    assert errors(company) == {("marts.customers.Email", "names a person directly")}


def test_records_may_speak_of_their_subject(company: Company) -> None:
    company.execute("create view governance.drift_results as select 'feat_orders' as subject")
    company.manifest["nodes"]["model.x.drift"] = company.manifest["nodes"]["model.x.ops_runs"] | {
        "name": "drift_results", "alias": "drift_results",
    }  # fmt: skip
    company.write_manifest()
    company.built("drift_results", RUN_AT)
    assert audit(company.home).passed


def test_a_table_that_no_model_makes_is_left_out(company: Company) -> None:
    company.execute("create table marts.of_a_removed_model as select 1 as one")
    found = audit(company.home)
    assert found.passed
    assert [finding.about for finding in found.warnings] == ["marts.of_a_removed_model"]
    assert "marts.of_a_removed_model" not in [str(relation) for relation in found.relations]


def test_a_model_that_is_not_in_the_build_blocks(company: Company) -> None:
    company.execute("drop table marts.customers")
    assert errors(company) == {("marts.customers", "is not in the build")}


def test_without_a_build_or_a_manifest_the_remedy_is_a_run(company: Company) -> None:
    (company.home / "target" / "manifest.json").write_text("{")
    with pytest.raises(NoManifestError, match=r"not whole .* `clientele run`"):
        audit(company.home)
    (company.home / "target" / "manifest.json").unlink()
    with pytest.raises(NoManifestError, match="`clientele run`"):
        audit(company.home)
    (company.home / "build.duckdb").unlink()
    with pytest.raises(NoBuildError, match="`clientele run`"):
        audit(company.home)
