"""Mean ranks over several blocks, with bars over those that do not differ."""

from __future__ import annotations

from typing import TYPE_CHECKING

from suite.reporting.appearance import INK
from suite.reporting.drawing import SMALL, TWO_COLUMNS, new_figure, widest

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from suite.statistics import Ranking


def draw_ranks(ranking: Ranking) -> Figure:
    """Draw a critical-difference diagram (Demšar 2006).

    Args:
        ranking: A ranking that was tested: it has p-values.
    """
    from scikit_posthocs import critical_difference_diagram

    height = 1.0 + 0.16 * len(ranking.ranks)
    figure = new_figure(TWO_COLUMNS, height)
    names = [f"{label} (1.00)  " for label in ranking.ranks.index]
    beside = min(max(0.22, widest(figure, names) / 72 / TWO_COLUMNS), 0.45)
    axes = figure.add_axes((beside, 0.04, 1 - 2 * beside, 0.78))
    critical_difference_diagram(
        ranking.ranks,
        ranking.p_values,
        alpha=ranking.alpha,
        ax=axes,
        label_props={"fontsize": SMALL},
        elbow_props={"linewidth": 0.8, "color": INK.light},
        marker_props={"s": 14},
        crossbar_props={"color": INK.light, "linewidth": 2.4, "marker": None},
        text_h_margin=0.08,
    )
    axes.set_title("Mean rank, 1 is best", fontsize=SMALL, loc="left", pad=16)
    return figure
