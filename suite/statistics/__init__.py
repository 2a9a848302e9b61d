"""Statistics of studies: pure functions on arrays and frames that know nothing of the suite.

    match -> Sample -> compare -> Comparison      the declared comparisons
    match -> Sample -> judge   -> ClaimFinding    the declared claims
    plan  -> SeedsNeeded                          how many seeds
    evidence -> Evidence                          e-values that may be read after every pair
    rank  -> Ranking                              cells over several blocks

The unit is a run: one value a cell and seed. Cells share seeds, so they are compared in pairs.
`verdicts` states the rule by which figures become a word. scipy, statsmodels and scikit-posthocs
compute.
"""

from suite.statistics.claims import ClaimFinding, Part, PartFinding, judge
from suite.statistics.comparisons import Comparison, Question, compare
from suite.statistics.evidence import Evidence, confidence_sequence, evidence
from suite.statistics.monitoring import SeedsUntilDecided, seeds_until_decided
from suite.statistics.power import SeedsNeeded, plan
from suite.statistics.ranks import Ranking, rank, tally
from suite.statistics.samples import Sample, match, pairs

__all__ = [
    "ClaimFinding",
    "Comparison",
    "Evidence",
    "Part",
    "PartFinding",
    "Question",
    "Ranking",
    "Sample",
    "SeedsNeeded",
    "SeedsUntilDecided",
    "compare",
    "confidence_sequence",
    "evidence",
    "judge",
    "match",
    "pairs",
    "plan",
    "rank",
    "seeds_until_decided",
    "tally",
]
