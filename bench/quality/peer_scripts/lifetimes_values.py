"""What lifetimes, as it comes, tells of single customers: ``python lifetimes_values.py FOLDER HORIZON``.

Fits on `known.parquet`, tells of the rows of `customers.parquet`; times in any one unit, as the horizon.
"""

import json
import sys
import warnings
from pathlib import Path

import pandas as pd
from lifetimes import BetaGeoFitter, GammaGammaFitter, ParetoNBDFitter, __version__
from lifetimes.utils import ConvergenceError

MODELS = {"bg_nbd": BetaGeoFitter, "pareto_nbd": ParetoNBDFitter}


def main() -> None:
    """Writes columns `<model>_purchases`, `_p_alive` and `_value`; the last line tells the version and what failed."""
    warnings.simplefilter("ignore")
    folder, horizon = Path(sys.argv[1]), float(sys.argv[2])
    known, rows = (pd.read_parquet(folder / f"{name}.parquet") for name in ("known", "customers"))
    valued = known[known["n_valued"] > 0]
    spend = GammaGammaFitter().fit(valued["n_valued"], valued["mean_value"])
    value = spend.conditional_expected_average_profit(rows["n_valued"], rows["mean_value"].fillna(0.0))
    history, predicted, failed = [rows["x"], rows["t_x"], rows["age"]], pd.DataFrame(index=rows.index), {}
    for name, model in MODELS.items():
        try:
            fitted = model().fit(known["x"], known["t_x"], known["age"])
        except ConvergenceError as error:
            failed[name] = str(error).strip().split(".")[0]
            continue
        purchases = fitted.conditional_expected_number_of_purchases_up_to_time(horizon, *history)
        predicted[f"{name}_purchases"] = purchases
        predicted[f"{name}_p_alive"] = fitted.conditional_probability_alive(*history)
        predicted[f"{name}_value"] = purchases * value
    predicted.to_parquet(folder / "predicted.parquet")
    print(json.dumps({"version": __version__, "failed": failed}))


main()
