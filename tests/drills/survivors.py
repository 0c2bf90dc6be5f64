"""Mutants that no test can or need notice, each with the reason; `drills.mutants` names them."""

_BLOCKS = "The block bounds the memory while costs are computed, not the result, which a test holds."
_UNSEEN = "The price of a market without trade is reported to nobody."
_LONGER = "It limits how long a proof may take, not what is proved."
_FINER = "Any such figure gives a valid bound; a little more of it costs or saves a little time."
_MORE_WORK = "More is looked at than need be, and none of it is better: the result is the same."
_NOTHING = "What it adds or lets in has no requests, no pay or no worth: the result is the same."
_UNREAD = "The figure is read by nobody."
_ROOMIER = "A span too large by one or two only makes key spaces roomier; states stay apart."
_NO_LOSS = "Where a request does not lose, serving all of them is best, and fewer are tried in vain."
_REST = "To numpy any negative length means: the rest."
_USEFUL = "A model is of use if it has a rent or its services are asked for; this says that again."

SURVIVORS: dict[str, str] = {
    "problem/dynamics.py: n, floor), world.window + floor) -> n, floor), world.window - floor)": (
        "The floor is zero everywhere: it is added for its shape alone."
    ),
    "problem/dynamics.py: tance.accuracy.reshape(-1), accuracy_offset=np.ar -> "
    "tance.accuracy.reshape(-2), accuracy_offset=np.ar": _REST,
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
    "solvers/certificate/intervals.py: _MOST_CELLS = 4 * 10 ** 9 -> _MOST_CELLS = 4 + 10 ** 9": _LONGER,
    "solvers/certificate/intervals.py: _MOST_CELLS = 4 * 10 ** 9 -> _MOST_CELLS = 5 * 10 ** 9": _LONGER,
    "solvers/certificate/intervals.py: _MOST_CELLS = 4 * 10 ** 9 -> _MOST_CELLS = 4 * 11 ** 9": _LONGER,
    "solvers/certificate/intervals.py: _MOST_CELLS = 4 * 10 ** 9 -> _MOST_CELLS = 4 * 10 ** 10": _LONGER,
    "solvers/certificate/intervals.py: _MOST_SLOTS = 4000 -> _MOST_SLOTS = 4001": _LONGER,
    "solvers/certificate/intervals.py: u in range(slots - 1, -1, -1): -> u in range(slots - 1, -2, -1):": (
        "One round more, when best[0] is known; it writes to the last entry, which is not read again."
    ),
    "solvers/certificate/intervals.py: if cap > 0 and net[0] < 0: -> if cap > 0 or net[0] < 0:": (
        "Without requests there is one choice, none, and where none loses there is nobody to try it for."
    ),
    "solvers/certificate/intervals.py: if cap > 0 and net[0] < 0: -> if cap >= 0 and net[0] < 0:": (
        "Without requests there is one choice, none, and where none loses there is nobody to try it for."
    ),
    "solvers/certificate/intervals.py: if cap > 0 and net[0] < 0: -> if cap > 0 and net[0] <= 0:": _NO_LOSS,
    "solvers/certificate/intervals.py: if cap > 0 and net[0] < 0: -> if cap > 0 and net[0] < 1:": _NO_LOSS,
    "solvers/certificate/intervals.py: lossy = context[net < 0] -> lossy = context[net <= 0]": _NO_LOSS,
    "solvers/certificate/intervals.py: lossy = context[net < 0] -> lossy = context[net < 1]": _NO_LOSS,
    "solvers/certificate/intervals.py: t, -(-(window + vanish) // gain)) + 1) -> "
    "t, -(-(window + vanish) * gain)) + 1)": _MORE_WORK,
    "solvers/certificate/intervals.py: w + vanish) // gain)) + 1) -> w + vanish) // gain)) + 2)": _MORE_WORK,
    "solvers/certificate/knapsack.py: if price[m] > 0: -> if price[m] >= 0:": _MORE_WORK,
    "solvers/certificate/check.py: if bound > cost and bound - cost < -> "
    "if bound >= cost and bound - cost <": "A bound equal to the cost becomes the cost.",
    "solvers/certificate/check.py: ction(nearest) > value > 0 else nearest -> "
    "ction(nearest) > value >= 0 else nearest": "0 is a float: nothing is above it that is nearest to it.",
    "solvers/certificate/packing.py: _LONGEST = 50000 -> _LONGEST = 50001": _FINER,
    "solvers/certificate/packing.py: _FINE = 10 -> _FINE = 11": _FINER,
    "solvers/certificate/packing.py: p.flatnonzero((cap > 0) & (pay > 0)) -> "
    "p.flatnonzero((cap > 0) | (pay > 0))": _NOTHING,
    "solvers/certificate/packing.py: = np.flatnonzero((cap > 0) & (pay > 0)) -> "
    "= np.flatnonzero((cap >= 0) & (pay > 0))": _NOTHING,
    "solvers/certificate/packing.py: nzero((cap > 0) & (pay > 0)) -> nzero((cap > 0) & (pay >= 0))": _NOTHING,
    "solvers/certificate/packing.py: best, lost = (0, 0) -> best, lost = (1, 0)": (
        "Whole numbers: if anything fits that pays, it pays 1; if nothing does, the relaxed value is 0."
    ),
    "solvers/certificate/packing.py: best, lost = (0, 0) -> best, lost = (0, 1)": (
        "Whole numbers: if anything fits that pays, it pays 1; if nothing does, the relaxed value is 0."
    ),
    "solvers/certificate/packing.py: flatnonzero((worth > 0) | (rent > 0) | np.isin(np -> "
    "flatnonzero((worth > 0) & (rent > 0) | np.isin(np": _USEFUL,
    "solvers/certificate/packing.py: np.flatnonzero((worth > 0) | (rent > 0) | np.isin -> "
    "np.flatnonzero((worth > 1) | (rent > 0) | np.isin": _USEFUL,
    "solvers/certificate/packing.py: o((worth > 0) | (rent > 0) | np.isin(np.arange(le -> "
    "o((worth > 0) | (rent > 1) | np.isin(np.arange(le": _USEFUL,
    "solvers/certificate/packing.py: np.flatnonzero((worth > 0) | (rent > 0) | np.is -> "
    "np.flatnonzero((worth >= 0) | (rent > 0) | np.is": _MORE_WORK,
    "solvers/certificate/packing.py: ro((worth > 0) | (rent > 0) | np.isin(np.arange( -> "
    "ro((worth > 0) | (rent >= 0) | np.isin(np.arange(": _MORE_WORK,
    "solvers/certificate/packing.py: floor = max(lowest, best) -> floor = min(lowest, best)": _MORE_WORK,
    "solvers/certificate/packing.py: break -> (left out)": _MORE_WORK,
    "solvers/certificate/packing.py: if bound <= best: -> if bound < best:": _MORE_WORK,
    "solvers/certificate/packing.py: if best >= floor: -> if best > floor:": _MORE_WORK,
    "solvers/certificate/packing.py: if net > 0: -> if net >= 0:": _NOTHING,
    "solvers/certificate/packing.py: options = [(relaxed(0, 0), 0, 0)] -> "
    "options = [(relaxed(1, 0), 0, 0)]": "At a price of nothing it does not matter of what.",
    "solvers/certificate/packing.py: value(prices[middle]) <= value(prices[middle + 1 -> "
    "value(prices[middle]) < value(prices[middle + 1": (
        "The value is convex in the price: two neighbours with the same one are both the least."
    ),
    "solvers/certificate/packing.py: * need[:, s]).reshape(-1, 2) -> * need[:, s]).reshape(-2, 2)": _REST,
    "solvers/certificate/packing.py: one] * pay[s]).reshape(-1) -> one] * pay[s]).reshape(-2)": _REST,
    "solvers/certificate/packing.py: NITS, axis=1) & (bound > best)) -> "
    "NITS, axis=1) & (bound >= best))": _MORE_WORK,
    "solvers/certificate/packing.py: rder = kept[np.argsort(-value[kept], kind='stabl -> "
    "rder = kept[np.argsort(--value[kept], kind='stabl": _MORE_WORK,
    "solvers/certificate/packing.py: higher = np.maximum.accumulate(value[or -> "
    "higher = np.minimum.accumulate(value[or": _MORE_WORK,
    "solvers/certificate/packing.py: rue], value[order][1:] > higher[:-1]])] if order -> "
    "rue], value[order][1:] >= higher[:-1]])] if order": _MORE_WORK,
    "solvers/certificate/packing.py: // each)) if each else 0) -> // each)) if each else 1)": (
        "A service that needs nothing always fits; it is never the one that is cut."
    ),
    "solvers/certificate/packing.py: left = np.where(at < len(services), np.maxim -> "
    "left = np.where(at <= len(services), np.maxim": _UNREAD,
    "solvers/certificate/packing.py: type=np.int64)[at], 0), 0) -> type=np.int64)[at], 0), 1)": _UNREAD,
    "solvers/certificate/sweep.py: _SPAN = 250 -> _SPAN = 251": _FINER,
    "solvers/certificate/sweep.py: _ABREAST = 64 -> _ABREAST = 65": _FINER,
    "solvers/certificate/sweep.py: _POOL = 8 -> _POOL = 9": _FINER,
    "solvers/certificate/sweep.py: if ahead[0] >= self.slack: -> if ahead[1] >= self.slack:": (
        "Both are the same number."
    ),
    "solvers/certificate/sweep.py: run, state = (np.zeros(0, dtype=np.int64), np -> "
    "run, state = (np.ones(0, dtype=np.int64), np": "No zeros and no ones are the same.",
    "solvers/certificate/sweep.py: (0, dtype=np.int64), np.zeros((0, models), dtype=np. -> "
    "(0, dtype=np.int64), np.ones((0, models), dtype=np.": "No zeros and no ones are the same.",
    "solvers/certificate/sweep.py: spent, least = (np.zeros(0, dtype=whole), np.ar -> "
    "spent, least = (np.ones(0, dtype=whole), np.ar": "No zeros and no ones are the same.",
    "solvers/certificate/sweep.py: if len(kept) > _POOL * self.width: -> "
    "if len(kept) >= _POOL * self.width:": "Where just as many are kept as may be, all of them are kept.",
    "solvers/certificate/sweep.py: + 1 < server.slots else 0 -> + 1 < server.slots else 1": (
        "After the last slot a state has no future, so that its code does not matter."
    ),
    "solvers/certificate/sweep.py: ff(run[order], prepend=-1)) -> ff(run[order], prepend=-2))": (
        "Any number that is no run."
    ),
    "solvers/certificate/sweep.py: un, int(run.max(initial=0)) + 1) -> "
    "un, int(run.max(initial=1)) + 1)": _ROOMIER,
    "solvers/certificate/sweep.py: t(run.max(initial=0)) + 1) -> t(run.max(initial=0)) + 2)": _ROOMIER,
    "solvers/certificate/sweep.py: int(column.max(initial=0)) + 1 -> "
    "int(column.max(initial=1)) + 1": _ROOMIER,
    "solvers/certificate/sweep.py: olumn.max(initial=0)) + 1 -> olumn.max(initial=0)) + 2": _ROOMIER,
    "solvers/certificate/sweep.py: if span * codes >= 2 ** 62: -> if span * codes > 2 ** 62:": (
        "Keys lie below the span, and 64 bits hold all below 2 ** 63."
    ),
    "solvers/certificate/sweep.py: f span * codes >= 2 ** 62: -> f span * codes >= 2 ** 63:": (
        "Keys lie below the span, and 64 bits hold all below 2 ** 63."
    ),
    "solvers/certificate/sweep.py: if span * codes >= 2 ** 62: -> if span * codes >= 2 * 62:": (
        "Keys are numbered anew more often than need be, and stay apart."
    ),
    "solvers/certificate/sweep.py: ey, span = (key * codes + column, span * codes) -> "
    "ey, span = (key * codes - column, span * codes)": "It tells all states apart as well.",
    "solvers/certificate/whole.py: t(instance.window[s]) + 1].tolist() -> "
    "t(instance.window[s]) + 2].tolist()": "Columns beyond a window repeat its last value.",
}
