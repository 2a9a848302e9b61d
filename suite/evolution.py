"""The names that version 0.1.0 gave to what plug-ins import: `suite.evolution.positions`, ..."""

import sys

from suite.methods import layer, positions, regrow, regrowth

__all__ = ["layer", "positions", "regrow", "regrowth"]

for _module in (layer, positions, regrow):
    sys.modules[f"{__name__}.{_module.__name__.rpartition('.')[2]}"] = _module
