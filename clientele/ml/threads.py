"""One thread a fit.

dbt already runs models side by side, and threads that spin while they wait for each other cost more than they bring: a
fit of 1 s took 40 s on two busy cores.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import wraps
from typing import ParamSpec, TypeVar

Given = ParamSpec("Given")
Result = TypeVar("Result")


def single_threaded(function: Callable[Given, Result]) -> Callable[Given, Result]:
    """Run a function with one thread in every numerical library."""

    @wraps(function)
    def limited(*args: Given.args, **kwargs: Given.kwargs) -> Result:
        import sklearn.ensemble  # noqa: F401  # its OpenMP has to be there to be limited
        from threadpoolctl import threadpool_limits

        with threadpool_limits(limits=1):
            return function(*args, **kwargs)

    return limited


def one_blas_thread() -> AbstractContextManager[object]:
    """Within it a sum has one order, so that its last digit does not depend on the number of cores."""
    from threadpoolctl import threadpool_limits

    return threadpool_limits(limits=1, user_api="blas")
