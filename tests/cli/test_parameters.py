"""How parameters reach Athena's client."""

from __future__ import annotations

import pytest

from trailhound.engines import with_names


@pytest.mark.parametrize(
    ("sql", "named"),
    [
        ("a = ? and b = ?", "a = %(p0)s and b = %(p1)s"),
        ("regexp_like(a, 'x?') and b = ?", "regexp_like(a, 'x?') and b = %(p0)s"),
        ("a = 'it''s? no' and b = ?", "a = 'it''s? no' and b = %(p0)s"),
        ("a like '%x%' and b = ?", "a like '%%x%%' and b = %(p0)s"),
    ],
)
def test_a_question_mark_in_a_text_is_no_parameter(sql: str, named: str) -> None:
    assert with_names(sql) == named
