"""How often the drift checks raise alarms, and how small a drift they see."""
