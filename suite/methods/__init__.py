"""Methods of dynamic sparse training: recipes of parts.

A method answers nine questions, and each answer is a part: which connections exist at the start
(`initial`), when an update is due (`schedules`), whether it takes place (`gates`), which share goes
(`rates`), which connections go (`prune`), how many return (`budgets`), to which layer (`shares`),
where (`regrow`), and with which weights (`fills`). `presets` names recipes and `update` carries one
out. Nothing here knows a network: training passes arrays in and takes arrays out.
"""

from suite.methods.parts import part, regrowth

__all__ = ["part", "regrowth"]
