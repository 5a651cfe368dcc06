"""Whatever way SQL takes, a column that is made of a protected one is seen to be, or the SQL is refused."""

from __future__ import annotations

import pytest

from clientele.lineage import Lineage, Table
from clientele.lineage_query import LineageError

CUSTOMERS = Table("cust", ("customer_id", "v", "gender"), classes={"gender": "protected"})
ORDERS = Table("orders", ("customer_id", "amount"))


def lineage(sql: str) -> Lineage:
    return Lineage([CUSTOMERS, ORDERS, Table("feat", sql=sql, reads=("cust", "orders"))])


def is_seen(sql: str) -> bool:
    """Whether any column is said to be made of gender, or the SQL is refused."""
    try:
        of = lineage(sql)
        columns = of.columns("feat")
        return not columns or bool(of.violations("feat", columns))
    except LineageError:
        return True


FOLLOWED = {
    "union": "select v as g from cust union all select gender as g from cust",
    "union_in_cte": "with u as (select v as g from cust union select gender as g from cust) select g from u",
    "union_of_three": "select v as g from cust union all select v from cust union all select gender from cust",
    "union_in_parentheses": "(select v as g from cust) union all (select gender as g from cust)",
    "union_where": "select v from cust union all select v from cust where gender = 'f'",
    "union_in_subquery": "select g from (select v as g from cust union all select gender from cust) as u",
    "union_in_condition": "select amount from orders where customer_id in"
    " (select customer_id from orders union all select customer_id from cust where gender = 'f')",
    "union_ordered": "select v, gender as g from cust union all select v, gender from cust order by g limit 3",
    "intersect": "select customer_id from cust intersect select customer_id from cust where gender = 'f'",
    "except": "select customer_id from cust except select customer_id from cust where gender = 'f'",
    "named_window": "select sum(amount) over w as x from orders inner join cust using (customer_id)"
    " window w as (partition by gender)",
    "count_after_left_join": "select count(*) as n from orders left join cust"
    " on orders.customer_id = cust.customer_id and cust.gender = 'f'",
    "count_of_one_after_left_join": "select count(1) as n from orders left join cust"
    " on orders.customer_id = cust.customer_id and cust.gender = 'f'",
    "count_after_left_join_of_some": "select count(*) as n from orders left join"
    " (select customer_id from cust where gender = 'f') as some on orders.customer_id = some.customer_id",
    "count_of_a_left_join": "with b as (select orders.amount from orders left join cust"
    " on orders.customer_id = cust.customer_id and cust.gender = 'f') select count(*) as n from b",
    "count_of_distinct": "select count(*) as n from (select distinct customer_id, gender from cust) as pairs",
    "count_of_distinct_union": "select count(*) as n from"
    " (select customer_id, v from cust union select customer_id, gender from cust) as pairs",
    "row_number_after_left_join": "select row_number() over () as n from orders left join cust"
    " on orders.customer_id = cust.customer_id and cust.gender = 'f'",
    "join_on_a_join": "select b.v as x from orders left join cust as a on orders.customer_id = a.customer_id"
    " and a.gender = 'f' left join cust as b on a.customer_id = b.customer_id",
    "exists_in_left_join": "select b.v as x from orders left join cust as b on orders.customer_id = b.customer_id"
    " and exists (select 1 from cust as c where c.gender = 'f' and c.customer_id = b.customer_id)",
    "order_and_limit": "select customer_id from cust order by gender limit 3",
    "order_by_place": "select customer_id from (select gender, customer_id from cust order by 1 limit 3) as t",
    "order_by_alias": "select customer_id from (select gender as g, customer_id from cust order by g limit 3) as t",
    "limit_by_query": "select v from cust limit (select count(*) from cust where gender = 'f')",
    "distinct_on": "select distinct on (customer_id) customer_id, v from cust order by customer_id, gender",
    "group_by_all": "select n from (select gender, count(*) as n from cust group by all) as t",
    "ordered_list": "select list(v order by gender) as x from cust",
    "semi_join": "select amount from orders semi join cust"
    " on orders.customer_id = cust.customer_id and cust.gender = 'f'",
    "correlated": "select (select max(orders.amount) from orders where cust.gender = 'f') as x from cust",
}
REFUSED = {
    "pivot": "select customer_id, f from cust pivot (count(*) for gender in ('m', 'f'))",
    "lateral": "select c.v, x.g from cust as c, lateral (select c.gender as g) as x",
    "lateral_unsaid": "select x.g from cust as c, (select c.gender as g) as x",
    "unnest": "select u.g from cust as c, unnest([c.gender]) as u(g)",
    "columns": "select columns('gen.*') from cust",
    "whole_row": "select cast(cust as text) as t from cust",
    "whole_row_as_json": "select to_json(c) as t from cust as c",
    "star_in_struct": "select {'a': c.*} as t from cust as c",
    "undeclared": "select undeclared as t from cust",
    "undeclared_of": "select c.undeclared as t from cust as c",
    "undeclared_in_where": "select v from cust where undeclared = 1",
    "not_read": "select x from elsewhere",
    "not_read_star": "select * from elsewhere",
    "query_in_text": "select v from query('select gender as v from cust')",
    "nested_join": "select amount from (orders inner join cust on cust.gender = 'f')",
    "recursive": "with recursive t as (select customer_id, v as a, v as b from cust union all"
    " select t.customer_id, t.b, c.gender from t inner join cust as c using (customer_id)) select a from t",
    "by_name": "select v as a, customer_id as b from cust union all by name select gender as b, v as a from cust",
}
CLEAN = {
    "union": "select v from cust union all select amount from orders",
    "left_join": "select orders.amount from orders left join cust"
    " on orders.customer_id = cust.customer_id and cust.gender = 'f'",
    "order_without_limit": "select v from cust order by gender",
    "other_column": "select v from (select * from cust) as c",
    "count": "select customer_id, count(*) as n from cust group by customer_id",
    "star_except": "select * exclude (gender) from cust",
    "natural": "select amount from orders natural join cust",
    "values": "select amount, t.a from orders cross join (values (1), (2)) as t(a)",
}


@pytest.mark.parametrize("way", FOLLOWED)
def test_a_way_is_followed(way: str) -> None:
    of = lineage(FOLLOWED[way])
    found = of.violations("feat", of.columns("feat"))
    assert any("cust.gender (protected)" in str(violation) for violation in found)


@pytest.mark.parametrize("way", REFUSED)
def test_what_cannot_be_followed_is_refused(way: str) -> None:
    assert is_seen(REFUSED[way])


@pytest.mark.parametrize("way", CLEAN)
def test_what_is_made_of_nothing_protected_passes(way: str) -> None:
    of = lineage(CLEAN[way])
    assert of.columns("feat")
    assert of.violations("feat", of.columns("feat")) == []


def test_rows_have_the_class_of_their_table_and_allowed_classes_are_free() -> None:
    booked = Table("booked", ("customer_id", "sum"), classes={"*": "financial"})
    bought = Table("bought", ("customer_id", "sum", "gender"), classes={"*": "behavioural", "gender": "protected"})
    counted = Table("counted", sql="select count(*) as n from bought", reads=("bought",))
    of = Lineage([booked, bought, counted, Table("paid", sql="select sum as x from booked", reads=("booked",))])
    assert of.violations("paid", ["x"]) != []
    assert of.violations("paid", ["x"], free=["financial"]) == []
    assert [found.legal_class for found in of.violations("counted", ["n"], free=["financial"])] == ["behavioural"]


def test_a_feeling_is_excused_on_the_way_it_is_read_alone() -> None:
    felt = Table("felt", ("mood",), classes={"mood": "emotion_selfreport"})
    shadow = Table("shadow", sql="select mood as m from felt", reads=("felt",))
    fit = Table("fit", reads=("shadow",))
    through = Table("through", sql="select fit.x from fit", reads=("fit",))
    past = Table("past", sql="select fit.x, shadow.m from fit cross join shadow", reads=("fit", "shadow"))
    of, allowed = Lineage([felt, shadow, fit, through, past]), [("fit", ("shadow", "m"))]
    assert of.violations("through", ["x"]) != []
    assert of.violations("through", ["x"], allowed) == []
    assert of.violations("past", ["m"], allowed) != []
