"""BG/NBD and Gamma-Gamma of another tool, as it comes: ``python purchase_models.py FOLDER TOOL CUSTOMERS``.

The last line tells seconds of fit and of predictions, the parameters, and what is expected of all customers together.
"""

import json
import logging
import sys
import time
import warnings
from pathlib import Path

import pandas as pd

DAYS = 90


def lifetimes(rows: pd.DataFrame) -> dict:
    """Both fitters with their defaults; Gamma-Gamma of the repeat buyers, as it takes no others."""
    from lifetimes import BetaGeoFitter, GammaGammaFitter, __version__

    history, buyers = [rows["frequency"], rows["recency"], rows["T"]], rows["frequency"] > 0
    began, of_cpu = time.perf_counter(), time.process_time()
    purchases = BetaGeoFitter().fit(*history)
    spend = GammaGammaFitter().fit(rows["frequency"][buyers], rows["monetary_value"][buyers])
    fitted = time.perf_counter()
    expected = purchases.conditional_expected_number_of_purchases_up_to_time(DAYS, *history)
    purchases.conditional_probability_alive(*history)
    spent = spend.conditional_expected_average_profit(rows["frequency"], rows["monetary_value"])
    return {
        "version": __version__,
        "fit": fitted - began,
        "predict": time.perf_counter() - fitted,
        "cpu": time.process_time() - of_cpu,
        "purchases": [float(purchases.params_[name]) for name in ("r", "alpha", "a", "b")],
        "spend": [float(spend.params_[name]) for name in "pqv"],
        "expected": [float(expected.sum()), float((expected * spent).sum())],
    }


def pymc_marketing(rows: pd.DataFrame) -> dict:
    """Both models with their default priors, at the maximum of the posterior; compiling is part of the fit."""
    from pymc_marketing import __version__, clv

    buyers = rows[rows["frequency"] > 0]
    began, of_cpu = time.perf_counter(), time.process_time()
    purchases = clv.BetaGeoModel(rows[["customer_id", "frequency", "recency", "T"]])
    purchases.fit(method="map", progressbar=False)
    spend = clv.GammaGammaModel(buyers[["customer_id", "frequency", "monetary_value"]])
    spend.fit(method="map", progressbar=False)
    fitted = time.perf_counter()
    expected = purchases.expected_purchases(future_t=DAYS).to_numpy().ravel()
    purchases.expected_probability_alive().to_numpy()
    spent = spend.expected_customer_spend(rows).to_numpy().ravel()
    return {
        "version": __version__,
        "fit": fitted - began,
        "predict": time.perf_counter() - fitted,
        "cpu": time.process_time() - of_cpu,
        "purchases": [float(purchases.fit_result[name].mean()) for name in ("r", "alpha", "a", "b")],
        "spend": [float(spend.fit_result[name].mean()) for name in "pqv"],
        "expected": [float(expected.sum()), float((expected * spent).sum())],
    }


def main() -> None:
    """Of the first CUSTOMERS rows."""
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    folder, tool, customers = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    rows = pd.read_parquet(folder / "customers.parquet").head(customers)
    print(json.dumps({"lifetimes": lifetimes, "pymc_marketing": pymc_marketing}[tool](rows)))


main()
