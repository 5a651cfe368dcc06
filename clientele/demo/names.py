"""Names, places and the like."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from clientele.demo.sampling import pick, text

FIRST = (
    "Anna", "Ben", "Clara", "David", "Elif", "Finn", "Greta", "Hannes", "Ines", "Jonas", "Katja", "Lukas", "Mia",
    "Noah", "Olga", "Paul", "Rosa", "Samir", "Tilda", "Umut", "Vera", "Wim", "Yara", "Zoe", "Emma", "Louis", "Chloé",
    "Hugo", "Sanne", "Daan", "Oliver", "Amelia", "Harry", "Grace", "Liam", "Ava", "Björn", "Łucja",
)  # fmt: skip
LAST = (
    "Schmidt", "Müller", "Weber", "Wagner", "Becker", "Hoffmann", "Koch", "Richter", "Wolf", "Neumann", "Schwarz",
    "Braun", "Krüger", "Hartmann", "Lange", "Yilmaz", "Kaya", "Novak", "Kowalski", "Rossi", "Martin", "Bernard",
    "Dubois", "Visser", "Bakker", "Smith", "Jones", "Taylor", "Brown", "Davies", "O'Neill", "Johnson", "Miller",
    "Davis", "Garcia", "Nguyen", "Huber", "Gruber", "Steiner", "Moser",
)  # fmt: skip
COMPANY_ENDS = ("GmbH", "AG", "& Co. KG", "e.K.")
GENDERS = ("female", "male", "diverse")
MARITAL = ("single", "married", "divorced", "widowed")
INDUSTRIES = ("retail", "services", "manufacturing", "software", "health")

COUNTRIES = ("DE", "AT", "FR", "NL", "GB", "US")
COUNTRY_SHARES = (62, 11, 8, 7, 8, 4)
LANGUAGES = ("de", "de", "fr", "nl", "en", "en")
CURRENCIES = ("EUR", "GBP", "USD")
CURRENCY_OF_COUNTRY = np.array([0, 0, 0, 0, 1, 2])
PRICE_FACTOR = np.array([1.0, 0.86, 1.1])  # list price in the currency for one euro

CITIES = (
    ("Berlin", "Berlin", "10"), ("Hamburg", "Hamburg", "20"), ("München", "Bayern", "80"), ("Köln", "NRW", "50"),
    ("Wien", "Wien", "11"), ("Graz", "Steiermark", "80"), ("Linz", "Oberösterreich", "40"),
    ("Salzburg", "Salzburg", "50"),
    ("Paris", "Île-de-France", "75"), ("Lyon", "Rhône", "69"), ("Lille", "Nord", "59"), ("Nantes", "Loire", "44"),
    ("Amsterdam", "Noord-Holland", "10"), ("Utrecht", "Utrecht", "35"), ("Breda", "Brabant", "48"),
    ("Delft", "Zuid-Holland", "26"),
    ("London", "England", "EC"), ("Leeds", "England", "LS"), ("Cardiff", "Wales", "CF"), ("Glasgow", "Scotland", "G1"),
    ("New York", "NY", "10"), ("Chicago", "IL", "60"), ("Austin", "TX", "78"), ("Boston", "MA", "02"),
)  # fmt: skip


def people(rng: np.random.Generator, size: int) -> tuple[pa.Array, pa.Array]:
    """First and last names."""
    first, last = (text(rng.integers(0, len(pool), size), pool).cast(pa.string()) for pool in (FIRST, LAST))
    return first, last


def places(rng: np.random.Generator, country: np.ndarray) -> dict[str, pa.Array]:
    """Address columns for customers of these countries (codes)."""
    n = len(country)
    city = country * 4 + pick(rng, n, (4, 3, 2, 2))
    starts = [code for *_, code in CITIES]
    inner = pa.array(rng.integers(100, 999, n)).cast(pa.string())
    return {
        "country": text(country, COUNTRIES),
        "region": text(city, [region for _, region, _ in CITIES]),
        "city": text(city, [name for name, *_ in CITIES]),
        "zip": pc.binary_join_element_wise(text(city, starts).cast(pa.string()), inner, ""),
    }
