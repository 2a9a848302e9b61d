"""Lifetimes one connection at a time."""

from collections import Counter


def lifetimes(updates):
    """Return (initial or regrown, died or alive, age in updates) -> how many connections.

    Args:
        updates: For each update its layers, each with how many connections it had and the source of
            each that it has then.
    """
    found = Counter()
    births = [[0] * size for size, _ in updates[0]]
    for now, layers in enumerate(updates, start=1):
        for index, (size, source) in enumerate(layers):
            before = births[index]
            assert len(before) == size
            for place, born in enumerate(before):
                if place not in source:
                    found["regrown" if born else "initial", "died", now - born] += 1
            births[index] = [before[place] if place >= 0 else now for place in source]
    for layer in births:
        for born in layer:
            found["regrown" if born else "initial", "alive", len(updates) - born] += 1
    return found
