"""One thread a fit.

dbt already runs models side by side, and threads that spin while they wait for each other cost more than they bring: a
fit of 1 s took 40 s on two busy cores.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, wraps
from typing import ParamSpec, TypeVar

Given = ParamSpec("Given")
Result = TypeVar("Result")


def single_threaded(function: Callable[Given, Result]) -> Callable[Given, Result]:
    """Run a function with one thread in every numerical library."""

    @wraps(function)
    def limited(*args: Given.args, **kwargs: Given.kwargs) -> Result:
        one_blas_thread()
        from threadpoolctl import threadpool_limits

        with threadpool_limits(limits=1, user_api="openmp"):  # which OpenMP keeps for each thread that asks
            return function(*args, **kwargs)

    return limited


@cache
def one_blas_thread() -> None:
    """From now on a sum has one order, so that its last digit does not depend on the number of cores.

    For the rest of the process: BLAS knows one number for all its callers, and of two fits side by side the one that
    ends first would give the other its threads back.
    """
    import sklearn.ensemble  # noqa: F401  # all of BLAS and OpenMP has to be there to be limited
    from threadpoolctl import threadpool_limits

    threadpool_limits(limits=1, user_api="blas")
