"""Mutants that no test can or need notice, each with the reason; `drills.mutants` names them."""

SURVIVORS: dict[str, str] = {}
