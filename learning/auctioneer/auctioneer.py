"""The learned auctioneer: trained on past sequences of markets, it names ticks for the next market."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from ...mechanisms.dda import Ticks, TruthfulDoubleDutchAuction
from ...mechanisms.dda.clocks import ClockAuction
from ...mechanisms.market import Floats
from ...problem.errors import InvalidFile, InvalidOption
from ...problem.storage import load, save
from .families import Family, family
from .forecast import NUMBERS, Model
from .sequences import Sequences
from .statistics import Memory, Past, Prior, Public, Statistics
from .training import tune

FILE = "auctioneer.json"
_KIND = "clock-auctioneer/2"
_NAMES = ("learned, prior", "learned")
_ENTRIES = frozenset({"uses_prices", "theta", "values", "costs", "price", "spread", "range", "model"})


@dataclass(frozen=True, eq=False)
class ClockAuctioneer:
    """Chooses the ticks of a double Dutch auction from public statistics.

    Its ticks are a function of the statistics alone: nothing reported in a market moves that market's ticks.
    With ``information="prices"`` they do depend on earlier prices, which earlier reports have moved: a trader
    who returns may move later ticks. With ``information="prior"`` no trader moves anything but by staying
    away: the prior, the numbers of traders and the time of the day are all that is looked at.

    Parameters
    ----------
    family
        "learned" or "learned, prior".
    theta
        (dimension,) what was learned.
    prior
        Of values, costs and prices.

    Raises
    ------
    InvalidOption
        When the vector has another length or is not finite, or the family is not a learned one.
    """

    family: Family
    theta: Floats
    prior: Prior

    def __post_init__(self) -> None:
        if self.family.name not in _NAMES:
            raise InvalidOption(f"family {self.family.name!r}: one of {', '.join(_NAMES)} is expected")
        if self.theta.shape != (self.family.dimension,) or not np.isfinite(self.theta).all():
            raise InvalidOption(f"theta: {self.family.dimension} finite numbers are expected")

    @classmethod
    def train(
        cls,
        training: Sequences,
        validation: Sequences,
        *,
        auction: ClockAuction | None = None,
        information: Literal["prices", "prior"] = "prices",
        loss: float = 0.01,
        evaluations: int = 200,
        seed: int = 0,
    ) -> ClockAuctioneer:
        """Learn to save messages, the welfare lost being at most ``loss``.

        Parameters
        ----------
        training, validation
            Past sequences; see `tune` for what each is for.
        auction
            Whose messages are saved; by default truthful clearing.
        information
            Whether ticks may depend on earlier prices.
        loss
            Share of the continuous auction's welfare that may be lost.
        evaluations, seed
            Of the search. The same seed gives the same auctioneer.

        Raises
        ------
        InvalidOption
            When an option is out of range.
        MissingLibrary
            When `cma` is not installed.
        """
        names = {"prices": "learned", "prior": "learned, prior"}
        if information not in names:
            raise InvalidOption(f"information {information!r}: 'prices' or 'prior' is expected")
        found = tune(
            family(names[information]),
            TruthfulDoubleDutchAuction() if auction is None else auction,
            training,
            validation,
            loss=loss,
            evaluations=evaluations,
            seed=seed,
        )
        return cls(found.family, found.theta, found.prior)

    @property
    def information(self) -> str:
        """What the ticks depend on beside the prior: "prices", or "prior" where on numbers and time only."""
        return self.family.information

    def schedule(self, statistics: Statistics) -> Ticks:
        """Return the ticks for a market of which only these statistics are known."""
        memory = Memory.empty(1, self.prior)
        if self.information == "prices":
            for past in statistics.past:
                price = np.array([np.nan if past.price is None else past.price], dtype=float)
                memory = memory.after(price, self._public(memory, past), self.prior)
        return self.family.rows(self.theta[None], self._public(memory, statistics), self.prior)[0]

    def _public(self, memory: Memory, market: Statistics | Past) -> Public:
        numbers = (np.array([market.buyers]), np.array([market.sellers]), np.array([market.phase]))
        return memory.public(*numbers, self.prior)

    def save(self, folder: str | Path) -> None:
        """Write ``auctioneer.json`` into a folder, which is made if need be; nothing is ever half written.

        Raises
        ------
        InvalidFile
            When the folder cannot be made or written to.
        """
        path = Path(folder)
        try:
            path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InvalidFile(f"{path}: cannot be made ({error.strerror or error})") from None
        prior = self.prior
        arrays = {
            "theta": self.theta,
            "values": prior.values,
            "costs": prior.costs,
            "price": np.array([prior.price]),
            "spread": np.array([prior.spread]),
            "range": np.array([prior.low, prior.high]),
            "model": prior.model.numbers,
        }
        arrays["uses_prices"] = np.array([_NAMES.index(self.family.name)])
        save(path / FILE, _KIND, arrays)

    @classmethod
    def load(cls, folder: str | Path) -> ClockAuctioneer:
        """Read what `save` wrote.

        Raises
        ------
        InvalidFile
            In one line, for anything else.
        """
        path = Path(folder) / FILE
        arrays = load(path, _KIND, known=_ENTRIES, required=_ENTRIES)
        shapes = {"uses_prices": (1,), "price": (1,), "spread": (1,), "range": (2,), "model": (NUMBERS,)}
        try:
            numbers = {name: np.asarray(array, dtype=float) for name, array in arrays.items()}
        except (TypeError, ValueError):
            raise InvalidFile(f"{path}: entries must be numbers") from None
        for name, shape in shapes.items():
            if numbers[name].shape != shape:
                raise InvalidFile(f"{path}: {name} has shape {numbers[name].shape}; {shape} is expected")
        uses_prices = float(numbers["uses_prices"][0])
        if uses_prices not in {0.0, 1.0}:
            raise InvalidFile(f"{path}: uses_prices is {uses_prices:g}; 0 or 1 is expected")
        try:
            low, high = map(float, numbers["range"])
            prior = Prior(
                numbers["values"],
                numbers["costs"],
                float(numbers["price"][0]),
                float(numbers["spread"][0]),
                low,
                high,
                Model(numbers["model"]),
            )
            return cls(family(_NAMES[int(uses_prices)]), numbers["theta"], prior)
        except InvalidOption as error:
            raise InvalidFile(f"{path}: {error}") from None
