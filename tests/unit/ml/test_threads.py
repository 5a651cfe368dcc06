"""Fits side by side keep to one thread each."""

from __future__ import annotations

import threading

from threadpoolctl import threadpool_info

from clientele.ml.threads import single_threaded


def test_the_fit_that_ends_first_gives_the_other_no_threads_back() -> None:
    first_runs, first_may_end, first_has_ended, second_runs = (threading.Event() for _ in range(4))
    seen: list[dict[str, set[int]]] = []

    @single_threaded
    def first() -> None:
        first_runs.set()
        first_may_end.wait(60)

    @single_threaded
    def second() -> None:
        second_runs.set()
        first_has_ended.wait(60)
        pools = threadpool_info()
        seen.append({api: {p["num_threads"] for p in pools if p["user_api"] == api} for api in ("blas", "openmp")})

    one, other = threading.Thread(target=first), threading.Thread(target=second)
    one.start()
    assert first_runs.wait(60)
    other.start()
    assert second_runs.wait(60)
    first_may_end.set()
    one.join()
    first_has_ended.set()
    other.join()
    assert seen == [{"blas": {1}, "openmp": {1}}]
