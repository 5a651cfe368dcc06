"""What the bench of the dashboards chooses, at the size of the demo company; it measures nothing here."""

from __future__ import annotations

from pathlib import Path

from bench import dashboards as bench
from dashboards import data, shown
from dashboards.state import ANY
from tests.dashboards import asked


def test_no_filter_of_the_list_was_asked_for_before(company: Path) -> None:
    steps = bench.list_steps(data.current_path(company))
    assert len(steps) == bench.TIMES
    chosen: dict[str, str] = {}
    seen = [dict(chosen)]
    for label, option, words in steps:
        chosen = {name: value for name, value in (chosen | {label: option}).items() if value != ANY}
        assert chosen not in seen
        seen.append(dict(chosen))
        where = " and ".join(["true", *(f"{bench.FILTERS[name]} = '{value}'" for name, value in chosen.items())])
        ((count,),) = asked(company, f"select count(*) from marts.customer_directory where {where}")
        assert words == (shown.plural(count, "customer") if count else "No customer fits")
    # Every filter of the page takes its turn, and what is told changes each time.
    assert {label for label, *_ in steps} == set(bench.FILTERS)
    assert [words for (_, _, before), (_, _, words) in zip(steps, steps[1:], strict=False) if words in before] == []


def test_a_publication_that_is_scaled_up_says_which_it_is(company: Path) -> None:
    with bench.home_of(Path(data.current_path(company)), 2_000) as (home, count, _size):
        publication = data.publication(data.current_path(home))
        assert publication.version in data.current_path(home)
        assert publication.snapshot_date is not None
        assert publication.models
        assert asked(home, "select count(distinct customer_id) from marts.customer_directory") == [(count,)]
