"""Methods of dynamic sparse training: recipes of parts.

A method answers nine questions, and each answer is a part: which connections exist at the start
(`initial`), when an update is due (`schedules`), whether it takes place (`gates`), which share is
pruned (`rates`), which connections are pruned (`prune`), how many are regrown (`budgets`), in which
layers (`shares`), where (`regrow`), and with which weights (`fills`). `presets` names recipes and
`update` carries one out. Nothing here knows a network: training passes arrays in and takes arrays
out.
"""

from suite.methods.parts import part, regrowth

__all__ = ["part", "regrowth"]
