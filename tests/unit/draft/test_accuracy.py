"""How many of the demo company's exports are recognised: their names are terse, half of them German."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from clientele.demo import write_demo
from clientele.landing import load
from clientele.mapping_draft import MappingDraft, draft_mapping


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_demo(tmp_path_factory.mktemp("demo"), customers=200, seed=1).parent


@pytest.fixture(scope="module")
def draft(company: Path) -> MappingDraft:
    files = [file for file in sorted(company.glob("*/*.*")) if file.parent.name != "truth"]
    drafted = draft_mapping(files, company / "drafted.yml")
    (company / "drafted.yml").write_text(drafted.text)
    return drafted


def columns(sql: str) -> dict[str, str]:
    """Output column -> the first column of the file in its expression."""
    found = {}
    for line in re.sub(r"--.*", "", sql).splitlines():
        expression, _, alias = line.strip().rstrip(",").rpartition(" as ")
        bare = re.sub(r"'[^']*'", "", expression or alias)
        names = [a or b for a, b in re.findall(r'"([^"]+)"|\b([A-Za-z_]\w*)\b(?!\()', bare)]
        if names and alias:
            found[alias.strip('"')] = names[0]
    return found


def test_every_file_is_given_its_entity(company: Path, draft: MappingDraft) -> None:
    truth = yaml.safe_load((company / "mapping.yml").read_text())["entities"]
    right = [name for name, spec in truth.items() if draft.entities.get(name) == [Path(spec["path"]).name]]
    print(f"entities recognised: {len(right)} of {len(truth)}")
    assert len(right) == len(truth) == 35


def test_most_required_columns_are_found(company: Path, draft: MappingDraft) -> None:
    truth = yaml.safe_load((company / "mapping.yml").read_text())["entities"]
    drafted = yaml.safe_load(draft.text)["entities"]
    pairs = [
        (drafted[name]["sql"], column, source)
        for name, spec in truth.items()
        for column, source in columns(spec["sql"]).items()
        if source not in ("case", "end", "select", "from") and column not in ("loaded_at", "source")
    ]
    hits = sum(columns(sql).get(column) == source for sql, column, source in pairs)
    print(f"columns mapped as by hand: {hits} of {len(pairs)}")
    assert hits >= 0.85 * len(pairs)


def test_the_draft_loads(company: Path, draft: MappingDraft, tmp_path: Path) -> None:
    del draft
    report = load(company / "drafted.yml", home=tmp_path, check=True)
    read, refused = (sum(getattr(e, name) for e in report.entities) for name in ("rows_read", "rows_refused"))
    print(f"rows refused by the draft as it is: {refused} of {read}")
    assert refused < 0.01 * read
