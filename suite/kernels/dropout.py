"""Dropout whose bits both engines draw alike.

The bits of a layer in a step are a function of a 64-bit key and of the element's place: each
element has a 32-bit word, a mixed counter, and is dropped where the word falls below `p * 2**32`.
So the bits cost little, the backward pass draws them again instead of storing them, and they are
the same on every device and in either engine. Probabilities are multiples of 2**-32, and what is
kept is divided by exactly the probability with which it is kept.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from torch import Tensor

RESOLUTION = 1 << 32
"""Number of values that an element's word can take."""

MULTIPLIERS = (0x7FEB352D, 0x846CA68B)
"""Of the mixing function "lowbias32" (Wellons 2018), which passes avalanche tests."""


class Dropout(NamedTuple):
    """One layer's dropout in one step.

    Attributes:
        threshold: Elements whose word is below it are dropped, 0 to 2^32 - 1.
        low: Added to the counter, 0 to 2^32 - 1.
        high: Added between the two rounds of mixing, 0 to 2^32 - 1.
    """

    threshold: int
    low: int
    high: int

    @property
    def scale(self) -> float:
        """What kept elements are multiplied with: one over the probability of being kept."""
        return RESOLUTION / (RESOLUTION - self.threshold)

    def factors(self, like: Tensor) -> Tensor:
        """Return a tensor shaped (units, batch) and typed like `like`: 0 or `scale`."""
        import torch  # not by those who only compile the kernels

        # int32 arithmetic wraps around, on every device, as uint32 arithmetic does.
        word = torch.arange(like.numel(), dtype=torch.int32, device=like.device)
        word += _signed(self.low)
        word ^= _shift(word, 16)
        word *= _signed(MULTIPLIERS[0])
        word += _signed(self.high)
        word ^= _shift(word, 15)
        word *= _signed(MULTIPLIERS[1])
        word ^= _shift(word, 16)
        # Turned by half the range, unsigned words are in the order of signed ones.
        kept = (word ^ _signed(1 << 31)) >= self.threshold - (1 << 31)
        return kept.view(like.shape).to(like.dtype) * self.scale


def threshold(probability: float) -> int:
    """Return the threshold nearest a dropout probability in [0, 1).

    Raises:
        ValueError: The probability is out of range.
    """
    if not 0 <= probability < 1:
        raise ValueError("The dropout probability must be at least 0 and below 1.")
    return min(round(probability * RESOLUTION), RESOLUTION - 1)


def _signed(word: int) -> int:
    """Return the int32 that has the bits of a uint32."""
    return word - (1 << 32) if word >> 31 else word


def _shift(word: Tensor, count: int) -> Tensor:
    """Shift int32 words right by `count` as if they were unsigned."""
    return (word >> count) & ((1 << (32 - count)) - 1)
