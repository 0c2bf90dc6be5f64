"""Mutants that no test can or need notice, each with the reason; `drills.mutants` names them."""

_BLOCKS = "The block bounds the memory while costs are computed, not the result, which a test holds."
_UNSEEN = "The price of a market without trade is reported to nobody."

SURVIVORS: dict[str, str] = {
    "problem/dynamics.py: n, floor), world.window + floor) -> n, floor), world.window - floor)": (
        "The floor is zero everywhere: it is added for its shape alone."
    ),
    "problem/dynamics.py: tance.accuracy.reshape(-1), accuracy_offset=np.ar -> "
    "tance.accuracy.reshape(-2), accuracy_offset=np.ar": "To numpy any negative length means: the rest.",
    "problem/referee.py: _BLOCK = 2 ** 20 -> _BLOCK = 2 * 20": _BLOCKS,
    "problem/referee.py: _BLOCK = 2 ** 20 -> _BLOCK = 3 ** 20": _BLOCKS,
    "problem/referee.py: _BLOCK = 2 ** 20 -> _BLOCK = 2 ** 21": _BLOCKS,
    "problem/referee.py: step = max(1, _BLOCK // max(1, ins -> step = min(1, _BLOCK // max(1, ins": _BLOCKS,
    "problem/referee.py: step = max(1, _BLOCK // max(1, insta -> "
    "step = max(2, _BLOCK // max(1, insta": _BLOCKS,
    "problem/referee.py: step = max(1, _BLOCK // max(1, instance.servers -> "
    "step = max(1, _BLOCK * max(1, instance.servers": _BLOCKS,
    "problem/referee.py: tep = max(1, _BLOCK // max(1, instance.servers * m -> "
    "tep = max(1, _BLOCK // min(1, instance.servers * m": _BLOCKS,
    "problem/referee.py: = max(1, _BLOCK // max(1, instance.servers * max -> "
    "= max(1, _BLOCK // max(2, instance.servers * max": _BLOCKS,
    "problem/referee.py: max(1, instance.servers * max(instance.services, -> "
    "max(1, instance.servers + max(instance.services,": _BLOCKS,
    "problem/referee.py: (1, instance.servers * max(instance.services, inst -> "
    "(1, instance.servers * min(instance.services, inst": _BLOCKS,
    "mechanisms/rules/iterative.py: return (Fraction(0), Fraction(0), 0) -> "
    "return (Fraction(1), Fraction(0), 0)": _UNSEEN,
    "mechanisms/rules/iterative.py: (Fraction(0), Fraction(0), 0) -> (Fraction(0), Fraction(1), 0)": _UNSEEN,
    "mechanisms/rules/iterative.py: return (np.zeros(G), np.zeros(G), rounds) -> "
    "return (np.zeros(G), np.ones(G), rounds)": _UNSEEN,
    "mechanisms/rules/k_double_auction.py: g = rankings.efficient > 0 -> "
    "g = rankings.efficient >= 0": _UNSEEN,
    "mechanisms/rules/k_double_auction.py: price = np.zeros(len(trading)) -> "
    "price = np.ones(len(trading))": _UNSEEN,
    "mechanisms/rules/mcafee.py: ankings.value(k)) & (k > 0) -> ankings.value(k)) & (k >= 0)": _UNSEEN,
    "mechanisms/rules/mcafee.py: nt = np.isfinite(value) & np.isfinite(cost) -> "
    "nt = np.isfinite(value) | np.isfinite(cost)": (
        "An infinite middle lies between no cost and value, as none does."
    ),
    "mechanisms/rules/strongly_balanced.py: (k - 1) / np.maximum(k, 1)) -> (k - 1) / np.maximum(k, 2))": (
        "Of one seller none is left after the lot, 0 / 1 or 0 / 2; where nobody trades the share is not used."
    ),
    "mechanisms/rules/strongly_balanced.py: np.where(k > 0, price, 0.0)[:, None] -> "
    "np.where(k > 0, price, 1.0)[:, None]": "Nobody buys or sells where it is used.",
    "mechanisms/rules/strongly_balanced.py: , (cost <= value) & (k > 0)) -> "
    ", (cost <= value) & (k >= 0))": "Where nobody trades, all of nobody may.",
    "mechanisms/rules/iterative.py: middle = np.floor((low[rows] + high[rows] -> "
    "middle = np.ceil((low[rows] + high[rows]": (
        "Quotes are a power of two apart until they are one apart, so their middle is a whole number."
    ),
    "mechanisms/rules/iterative.py: return (np.zeros(G), np.zeros(G), round -> "
    "return (np.ones(G), np.zeros(G), round": _UNSEEN,
    "mechanisms/rules/iterative.py: ort(refusals[:, :, 0] * 2 + refusals[:, :, 1], ax -> "
    "ort(refusals[:, :, 0] * 3 + refusals[:, :, 1], ax": (
        "Who refuses the first quote stands behind all who do not: any factor above one says so."
    ),
    "mechanisms/rules/iterative.py: gsort(refusals[:, :, 0] * 2 + refusals[:, :, 1], -> "
    "gsort(refusals[:, :, 0] + 2 + refusals[:, :, 1],": (
        "In one market all who refuse a single quote refuse the same one, the dearer for buyers."
    ),
    "solvers/certificate/intervals.py: _MOST_CELLS = 4 * 10 ** 9 -> _MOST_CELLS = 4 + 10 ** 9": (
        "It limits how long a proof may take, not what is proved."
    ),
}
