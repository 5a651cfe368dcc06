"""Which pages there are."""

from __future__ import annotations

# The name of a page in its address, its title and its sign; the first is the one that opens.
PAGES = {
    "overview": ("Overview", ":material/monitor_heart:"),
    "customers": ("Customers", ":material/group:"),
    "segments": ("Segments", ":material/donut_small:"),
    "value": ("Value", ":material/paid:"),
    "credit": ("Credit", ":material/account_balance:"),
    "campaigns": ("Campaigns", ":material/campaign:"),
    "models": ("Models and data", ":material/fact_check:"),
}
