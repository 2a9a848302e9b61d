"""Evolution: prune and regrow the connections of one layer at a time.

A method is a composition, and each part has its module: `prune` (which connections go),
`connectivity` (how many return), `regrow` (which return), `gate` (whether this epoch evolves at
all). `methods` names the compositions and `evolve` puts the parts together for one layer. Nothing
here knows a network: training passes arrays in and takes arrays out.
"""

from suite.methods.registry import regrowth

__all__ = ["regrowth"]
