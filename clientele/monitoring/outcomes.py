"""What customers did in a window that scores foretold, looked up as the labels of training see it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True)
class Window:
    """The days that were foretold, and the moment as of which they are looked at."""

    opened: date
    closed: date
    known: date
    grace_hours: float

    def known_rows(self, table: str, clock: str) -> str:
        """Rows of a table that the newest snapshot knows, as the labels of training see them."""
        at = f"timestamp '{self.known}'"
        grace = f"{at} + interval '{round(self.grace_hours * 3600)}' second"
        return (
            f"select * from intermediate.{table} where {clock} < {at} and known_from < {grace}"
            f" and (known_to is null or known_to >= {grace})"
        )

    def within(self, clock: str) -> str:
        """Whether a moment lies in the window."""
        return f"{clock} >= timestamp '{self.opened}' and {clock} < timestamp '{self.closed}'"


@dataclass(frozen=True)
class Outcome:
    """Realised values by customer as SQL, and what holds of whoever it does not name.

    With `is_of_all` false the forecast is of those alone whom it names: nobody else was asked about.
    """

    sql: Callable[[Window], str]
    otherwise: float = 0.0
    is_of_all: bool = True


def outcome_of(model_name: str, column: str) -> Outcome | None:
    """How to look up what a column foretold; None for a column that foretells nothing of the kind."""
    if column == "churn_probability":
        return Outcome(_left if model_name.endswith(".contractual") else _stayed_away, otherwise=1.0)
    if re.fullmatch(r"p_purchase_\d+d", column):
        return Outcome(_bought)
    if re.fullmatch(r"survival_\d+d", column) and model_name.endswith(".non_contractual"):
        return Outcome(_stayed_away, otherwise=1.0)
    if re.fullmatch(r"clv_\d+d", column):
        return Outcome(_spent)
    return Outcome(_defaulted, is_of_all=False) if (model_name, column) == ("credit", "pd") else None


def _bought(window: Window) -> str:
    orders = window.known_rows("int_commerce__orders", "ordered_at")
    return f"select distinct customer_id, 1.0 as realised from ({orders}) where {window.within('ordered_at')}"


def _stayed_away(window: Window) -> str:
    return f"select customer_id, 0.0 as realised from ({_bought(window)})"


def _left(window: Window) -> str:
    rows = window.known_rows("int_success__subscriptions", "started_at")
    until = f"timestamp '{window.closed}'"
    return (
        f"select distinct customer_id, 0.0 as realised from ({rows})"
        f" where started_at < {until} and (ended_at is null or ended_at >= {until})"
    )


def _spent(window: Window) -> str:
    orders = window.known_rows("int_commerce__orders", "ordered_at")
    returned = window.known_rows("int_commerce__returns", "returned_at")
    return (
        "select customer_id, cast(sum(amount) as double) as realised from ("
        f"select customer_id, coalesce(amount, 0) as amount from ({orders}) where {window.within('ordered_at')}"
        " union all "
        f"select customer_id, -coalesce(refund_amount, 0) from ({returned}) where {window.within('returned_at')}"
        ") group by customer_id"
    )


def _defaulted(window: Window) -> str:
    """Of ml_credit__labels: whoever performed and borrowed at the snapshot, or came to borrow soon after."""
    loans = window.known_rows("int_finance__loans", "opened_at")
    instalments = window.known_rows("int_finance__instalments", "due_at")
    applied_until = f"timestamp '{window.opened}' + to_days((select credit_application_days from ml.ml_run))"
    return f"""
        with loans as ({loans}),

        instalments as ({instalments}),

        delays as (
            select
                instalments.customer_id,
                instalments.due_at + to_days((select credit_default_days_past_due from ml.ml_run)) as late_at,
                instalments.settled_at
            from instalments
            left join loans on instalments.loan_id = loans.loan_id
            where loans.closed_at is null or instalments.due_at <= loans.closed_at
        ),

        defaulted as (
            select distinct customer_id
            from delays
            where (settled_at is null or settled_at >= late_at) and {window.within("late_at")}
        )

        select population.customer_id, (defaulted.customer_id is not null)::double as realised
        from ml.ml_credit__population as population
        left join defaulted on population.customer_id = defaulted.customer_id
        where
            population.snapshot_date = date '{window.opened}' and population.is_performing
            and (population.has_open_loan or population.customer_id in (
                select customer_id from loans
                where opened_at >= timestamp '{window.opened}' and opened_at < {applied_until}
            ))
    """
