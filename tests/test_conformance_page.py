"""docs/conformance.md says what the cases and differences of tests/conformance say."""

from conformance import page


def test_page_is_current():
    assert page.PAGE.read_text() == page.render(), "cd tests && python -m conformance.page"


def test_each_difference_is_seen_by_a_case():
    assert not page.unused()
