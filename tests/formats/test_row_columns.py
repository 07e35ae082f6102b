"""Fields that are put before those of each row while a text passes."""

from __future__ import annotations

import csv
import io
import itertools

from hypothesis import given
from hypothesis import strategies as st

from amltui.formats.dialect import Dialect
from amltui.formats.row_columns import DelimitedChange, fields_before

CELLS = st.text(alphabet='ab,;" \n\r\té', max_size=6)


def changed(data, prefix, dialect, cuts):
    change = DelimitedChange("x.csv", prefix, dialect)
    places = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    pieces = [data[a:b] for a, b in itertools.pairwise(places)]
    return b"".join([*map(change.feed, pieces), change.finish()])


@given(
    st.lists(st.lists(CELLS, min_size=1, max_size=4), max_size=6),
    CELLS,
    st.sampled_from([",", ";", "\t"]),
    st.sampled_from(["\n", "\r\n"]),
    st.lists(st.integers(0, 200), max_size=5),
)
def test_each_row_has_the_fields_and_its_own_however_it_comes(rows, value, delimiter, end, cuts):
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter, lineterminator=end, quoting=csv.QUOTE_ALL)
    writer.writerows(rows)
    dialect = Dialect(delimiter=delimiter)
    prefix = fields_before([value, None], dialect)
    made = changed(out.getvalue().encode(), prefix, dialect, cuts).decode()
    found = list(csv.reader(io.StringIO(made, newline=""), delimiter=delimiter))
    assert found == [[value, "", *row] for row in rows]


@given(
    st.lists(st.sampled_from(["a", ",", '"', "\n", "\r", " "]), max_size=30),
    st.booleans(),
    st.lists(st.integers(0, 30), max_size=5),
)
def test_the_pieces_in_which_a_text_comes_do_not_matter(data, skip_space, cuts):
    data = "".join(data).encode()
    dialect = Dialect(skip_space=skip_space)
    found = []
    for places in ([], cuts):
        try:
            found.append(changed(data, b"1,", dialect, places))
        except Exception as error:  # noqa: BLE001 - which one is compared
            found.append(str(error))
    assert found[0] == found[1]
