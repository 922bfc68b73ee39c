"""All scenarios of the leak oracle."""
from leaks import table_answers, table_locations, table_logon, table_names, table_redirects

CASES = [case for module in (table_redirects, table_locations, table_answers, table_names, table_logon) for case in module.CASES]
assert len({case.name for case in CASES}) == len(CASES), "two scenarios of one name"
