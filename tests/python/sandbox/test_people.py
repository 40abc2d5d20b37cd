"""The invented people's cards are such as there could be, but for the county of their numbers."""

import pytest

import wxidcard
from wxidcard.sandbox.people import PEOPLE, Person


@pytest.mark.parametrize("person", PEOPLE, ids=lambda person: person.name)
def test_card_has_nothing_wrong(person: Person) -> None:
    front, back = dict(person.front()), dict(person.back())
    issued = f"{person.issued:%Y-%m-%d}"
    report = wxidcard.check(front, back, today=issued)
    assert report["ok"]
    assert [finding["code"] for finding in report["findings"]] == ["id_county"]


@pytest.mark.parametrize("person", PEOPLE, ids=lambda person: person.name)
def test_masked_card_tells_nobody_who_it_is(person: Person) -> None:
    masked = str(wxidcard.mask(dict(person.front())))
    assert person.number not in masked
    assert person.name not in masked
    assert f"{person.birth:%Y%m%d}" not in masked
    assert person.address[-6:] not in masked
