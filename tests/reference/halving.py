"""Successive halving as one would do it by hand, with every measure known."""


def winner(measures, rungs, by):
    """Return the chosen sample, and which samples reached each rung.

    Args:
        measures: By sample, its measure at each rung.
        rungs: How many rungs there are.
        by: The best 1/by go on.
    """
    alive, reached = list(range(len(measures))), []
    for rung in range(rungs):
        keep = len(measures) // by**rung
        order = []
        for sample in alive:  # insertion sort: a later sample passes none that is as good
            place = len(order)
            while (
                place
                and measures[order[place - 1]][rung - 1 if rung else 0]
                < (measures[sample][rung - 1 if rung else 0])
            ):
                place -= 1
            order.insert(place, sample)
        alive = sorted(order[:keep] if rung else alive)
        reached.append(alive)
    best = alive[0]
    for sample in alive[1:]:
        if measures[sample][rungs - 1] > measures[best][rungs - 1]:
            best = sample
    return best, reached
