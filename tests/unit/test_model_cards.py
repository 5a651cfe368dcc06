"""The figures of a model card are those of the warehouse it was written from, and every model has a card."""

import re
from pathlib import Path

import duckdb
import pytest

from clientele.contract import PROJECT_ROOT
from clientele.model_cards import BLOCK, BLOCKS, CARDS, UnknownBlockError, fill, write_cards
from clientele.querying import NoBuildError

FITS = sorted((PROJECT_ROOT / "dbt_project" / "models" / "ml").glob("*/ml_*__fit.*"))
NUMBER = re.compile(r"(?<![\w.])-?\d[\d,]*(?:\.\d+)?(?![\w])")
DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
ALL_BLOCKS = "\n\n".join(f"<!-- figures: {name} -->\nold 31337\n<!-- /figures -->" for name in BLOCKS)

REGISTRY = """
    create table governance.model_registry as
    select 'churn.non_contractual' as model_name, * from (values
        ('aaaaaaaaaaaa', 'base_rate', false, false, 'promoted', 1, date '2024-02-01', 4111, 11, '', '{}'),
        ('bbbbbbbbbbbb', 'blend', true, true, 'promoted', 2, date '2025-03-04', 5222, 22, '', '{"calibrated": "passed: ECE 0.0777"}'),
        ('cccccccccccc', 'logistic_regression', false, false, 'challenger', 2, date '2025-03-04', 6333, 33, 'slow after 818 rounds', '{}')
    ) as versions(
        model_version, algorithm, is_champion, is_pinned, status, fit_number, fitted_for, n_rows, seed, message, gates_json
    )
"""  # noqa: E501
PERFORMANCE = """
    create table governance.model_performance as
    select 'churn.non_contractual' as model_name,
        * replace (n::double as n, auc::double as auc, new_metric::double as new_metric) from (values
        ('aaaaaaaaaaaa', 'base_rate', false, date '2024-11-30', null::int, 'all', 'all', 9999.0, 0.9999, null),
        ('bbbbbbbbbbbb', 'blend', true, date '2024-11-01', null, 'all', 'all', 1234.0, 0.1234567, null),
        ('bbbbbbbbbbbb', 'blend', true, date '2024-12-01', null, 'all', 'all', 2345.0, 0.2345678, 1234.5678),
        ('bbbbbbbbbbbb', 'blend', true, date '2024-12-01', null, 'country', 'AT', 345.0, 'nan'::double, null),
        ('bbbbbbbbbbbb', 'blend', true, date '2024-12-01', null, 'frequency_score', '5', 67.0, 0.5678901, null),
        ('cccccccccccc', 'logistic_regression', false, date '2024-12-01', null, 'all', 'all', 2345.0, 0.6789012, -3.25)
    ) as measured(model_version, algorithm, is_champion, period, horizon, group_name, group_value, n, auc, new_metric)
"""
REST = """
    alter table governance.model_registry add column horizon_days integer default 45;
    alter table governance.model_registry add column feature_version varchar default 'ffffffffffff';
    alter table governance.model_registry add column learnt_from date default date '2023-05-06';
    alter table governance.model_registry add column learnt_to date default date '2024-07-08';
    alter table governance.model_registry add column calibrated_on date default date '2024-09-10';
    alter table governance.model_performance add column protocol varchar default 'out of time';
    create table governance.model_feature_importance as
    select 'churn.non_contractual' as model_name, 'bbbbbbbbbbbb' as model_version, 'blend' as algorithm,
        true as is_champion, 'recency_days' as feature, 0.8765432::double as importance, 1 as importance_rank;
    create table governance.feature_catalog as
    select 'recency_days' as feature, 'behavioural' as legal_class, 'Days since the last | order.' as description;
    create table governance.landings as select * from (values
        (1, 'orders', '["shop/orders.csv"]', 70001), (2, 'orders', '["shop/orders.csv"]', 20002),
        (1, 'customers', '["crm/people.csv"]', 12012), (1, 'sessions', '["web.csv"]', 55555)
    ) as landed(batch, entity, source_files, rows_landed);
"""


@pytest.fixture
def warehouse(tmp_path: Path) -> Path:
    with duckdb.connect(str(tmp_path / "build.duckdb")) as connection:
        connection.execute("create schema governance")
        for statement in (REGISTRY, PERFORMANCE, *REST.split(";")):
            if statement.strip():
                connection.execute(statement)
    return tmp_path


def filled(warehouse: Path, model: str = "churn", card: str = ALL_BLOCKS) -> str:
    with duckdb.connect(str(warehouse / "build.duckdb"), read_only=True) as connection:
        return fill(card, model, connection, name="shop/warehouse")


def block(card: str, name: str) -> str:
    return next(match[0] for match in BLOCK.finditer(card) if match[2] == name)


def texts_and_numbers(warehouse: Path) -> tuple[str, list[float]]:
    """All that the warehouse holds: its texts and days in one, and its numbers."""
    tables = ("model_registry", "model_performance", "model_feature_importance", "feature_catalog", "landings")
    with duckdb.connect(str(warehouse / "build.duckdb"), read_only=True) as connection:
        values = [v for t in tables for row in connection.execute(f"from governance.{t}").fetchall() for v in row]
    numbers = [float(value) for value in values if isinstance(value, int | float) and not isinstance(value, bool)]
    return " ".join(str(value) for value in values if not isinstance(value, int | float)), numbers


def test_every_figure_comes_from_the_warehouse(warehouse: Path) -> None:
    texts, numbers = texts_and_numbers(warehouse)
    card = filled(warehouse)
    assert set(DAY.findall(card)) <= set(DAY.findall(texts))
    figures = NUMBER.findall(DAY.sub("", card).replace("lift at 10 %", ""))
    assert len(figures) > 25
    sums = [70001.0 + 20002.0]
    for figure in figures:
        value = float(figure.replace(",", ""))
        rounding = 0.5001 * 10 ** -len(figure.partition(".")[2]) if "." in figure else 0
        assert figure in texts or any(abs(value - number) <= rounding for number in numbers + sums), figure


def test_figures_stand_where_they_belong(warehouse: Path) -> None:
    card = filled(warehouse)
    assert "31337" not in card
    assert "| blend | **champion**, pinned | 45 | 5,222 |" in block(card, "versions")
    assert "`aaaaaaaaaaaa`" not in block(card, "versions")
    assert "ECE 0.0777" in block(card, "gates")
    assert "slow after 818 rounds" in block(card, "gates")
    assert "2024-11-01 | out of time | 1,234 | 0.123 |" in block(card, "periods")
    assert "0.679" not in block(card, "periods")
    assert "logistic_regression | 2,345 | 0.679 | -3.250 |" in block(card, "candidates")
    assert "country | AT | 345 |  |" in block(card, "groups")
    assert "2024-11-01" not in block(card, "groups")
    assert "`recency_days` | 0.877 | behavioural | Days since the last \\| order. |" in block(card, "features")
    assert "12,012 customers, 90,003 orders" in block(card, "source")
    assert "`shop/warehouse`" in block(card, "source")


def test_other_model_has_none_of_these_figures(warehouse: Path) -> None:
    card = filled(warehouse, "clv")
    assert "clientele train clv" in block(card, "versions")
    assert not re.search(r"0\.\d", card)


def test_older_warehouse_says_so(tmp_path: Path) -> None:
    duckdb.connect(str(tmp_path / "build.duckdb")).close()
    assert "none on record" in block(filled(tmp_path), "periods")


def test_filling_again_changes_nothing_and_prose_stays(warehouse: Path) -> None:
    card = f"# Mine\n\n{ALL_BLOCKS}\n\nWords.\n"
    once = filled(warehouse, card=card)
    assert once.startswith("# Mine\n")
    assert once.endswith("\n\nWords.\n")
    assert filled(warehouse, card=once) == once


def test_unknown_block_is_refused(warehouse: Path) -> None:
    with pytest.raises(UnknownBlockError, match="no figures are called vibes"):
        filled(warehouse, card="<!-- figures: vibes -->\n<!-- /figures -->")


def test_no_build_is_told(tmp_path: Path) -> None:
    with pytest.raises(NoBuildError):
        write_cards(tmp_path, tmp_path / "out")


def test_all_cards_are_written(warehouse: Path) -> None:
    written = write_cards(warehouse, warehouse / "out")
    assert [path.name for path in written] == sorted(path.name for path in CARDS.glob("*.md"))
    assert "5,222" in (warehouse / "out" / "churn.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("fit", FITS, ids=lambda fit: fit.stem)
def test_model_has_a_card(fit: Path) -> None:
    card = CARDS / f"{fit.parent.name}.md"
    assert fit.stem == f"ml_{fit.parent.name}__fit"
    assert card.exists(), f"{fit.name} has no card {card}"


@pytest.mark.parametrize("card", sorted(CARDS.glob("*.md")), ids=lambda card: card.stem)
def test_card_is_whole(card: Path) -> None:
    text = card.read_text(encoding="utf-8")
    headings = re.findall(r"^## (.+)$", text, re.MULTILINE)
    assert {"Purpose", "Population and label", "Data", "Metrics", "Limits", "Retrain and pin"} <= set(headings)
    assert {"source", "versions", "gates", "periods", "features"} <= {match[2] for match in BLOCK.finditer(text)}
    assert text.count("<!-- figures:") == text.count("<!-- /figures -->") == len(BLOCK.findall(text))


@pytest.mark.parametrize("card", sorted(CARDS.glob("*.md")), ids=lambda card: card.stem)
def test_no_measurement_is_in_the_prose(card: Path) -> None:
    prose = BLOCK.sub("", card.read_text(encoding="utf-8"))
    assert re.findall(r"\d+\.\d+", prose) == []


def test_cards_are_of_one_warehouse() -> None:
    sources = {block(card.read_text(encoding="utf-8"), "source").splitlines()[1] for card in CARDS.glob("*.md")}
    assert sources == {"Figures of the warehouse `demo/warehouse`, written by `clientele cards`."}


def test_the_credit_card_tells_of_how_many_emotion_is_known(warehouse: Path) -> None:
    with duckdb.connect(str(warehouse / "build.duckdb")) as connection:
        connection.execute("create schema marts")
        connection.execute(
            "create table marts.credit_challengers as select * replace (value::double as value,"
            " value_lower::double as value_lower), 'none' as compared_with, 0.1::double as value_upper"
            " from (values (1, 'scorecard', 'all', 'gini', 0.9, 0.05, 700, 70, null),"
            " (2, 'scorecard', 'all', 'gini', 0.512, 0.05, 496, 55, null),"
            " (2, 'scorecard_with_emotion', 'emotion_known', 'gini', 0.321, null, 30, 4, 'too few to tell: 4'))"
            " as of(fit_number, algorithm, population, metric, value, value_lower, n_rows, n_defaults, message)"
        )
    card = block(filled(warehouse, "credit"), "challengers")
    assert "Some emotion is known of 30 of 496 rows of the backtest, and of 4 of 55 defaults." in card
    assert "| scorecard | all | gini | none | 0.512 | 0.050 | 0.100 |" in card
    assert "too few to tell: 4 |" in card
    assert "0.900" not in card
    assert "credit_challengers" not in block(filled(warehouse), "challengers")


def test_bands_of_credit_show_what_was_told_and_what_came(warehouse: Path) -> None:
    with duckdb.connect(str(warehouse / "build.duckdb")) as connection:
        for schema in ("ml", "seeds"):
            connection.execute(f"create schema {schema}")
        connection.execute(
            "create table seeds.credit_bands as"
            " from (values ('A', 0, 0.05), ('B', 0.05, 1.1)) as b(band, pd_from, pd_to)"
        )
        connection.execute(
            "create table ml.ml_credit__backtest as select 0.02 as pd, false as is_default from range(10)"
            " union all select 0.25, k < 4 from range(8) as of_b(k)"
        )
    shown = block(filled(warehouse, "credit"), "calibration")
    assert "| band | customers | predicted | defaulted | observed | from | to |" in shown
    assert "| A | 10 | 0.020 | 0 | 0.000 | 0.000 | 0.308 |" in shown
    assert "| B | 8 | 0.250 | 4 | 0.500 | 0.157 | 0.843 |" in shown
