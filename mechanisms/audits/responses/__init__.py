"""How a mechanism treats one trader, as a function of her own report: exact, on all reports at once."""
