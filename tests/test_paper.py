import pytest

from suite import paper


@pytest.mark.parametrize("row", paper.TABLE2, ids=lambda row: row.title)
def test_derived_columns_follow_from_the_printed_ones(row):
    assert row.alpha == pytest.approx(row.accuracy / row.connections, abs=0.005e-6)
    assert row.beta == pytest.approx(row.loss * row.connections, abs=0.005)


def test_rows_are_found_by_method_and_metric():
    assert paper.row_of("dynset", "val_accuracy") is paper.TABLE2[5]
    assert paper.row_of("set", None) is paper.TABLE2[0]
    assert paper.row_of("lset", "val_loss") is None
    assert paper.row_of("set", None, regrow="one_neighbour") is None


def test_the_printed_savings_follow_from_the_printed_connections():
    kept = {row.title: row.connections / paper.TABLE2[0].connections for row in paper.TABLE2}
    assert round(1 - kept["DynSET_3"], 3) == 0.363
    assert round(1 - kept["DynSET"], 3) == 0.259
    sparse_share = 1 - paper.TABLE2[0].connections / 20_328_000  # of the dense network (section 6)
    assert round(sparse_share, 3) == 0.983
