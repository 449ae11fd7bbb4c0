"""Each case through the real Debezium and through Leat; what they write must be the same."""

import pytest

from .cases import CASES

PARAMETERS = [(case, major) for case in CASES for major in case.majors]


@pytest.mark.parametrize("case, major", PARAMETERS, ids=[f"{case.name}-pg{major}" for case, major in PARAMETERS])
def test_conforms(results, case, major):
    wrong = results(case, major).check()
    if wrong:
        pytest.fail(wrong, pytrace=False)
