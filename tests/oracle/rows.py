"""Rows 16-98, by name."""

from oracle import rows_data, rows_defense, rows_execution, rows_iam, rows_signin

MODULES = (rows_signin, rows_iam, rows_defense, rows_data, rows_execution)
KINDS = {row.name: row for module in MODULES for row in module.ROWS}
