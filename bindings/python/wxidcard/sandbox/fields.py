"""From text that was read to the values of a card.

What a value may look like is general knowledge of the card: digits, dates, the nationalities
of GB 3304. Nothing here knows the specimens.
"""

import re
from collections.abc import Iterable
from datetime import date

from .layout import clean
from .people import LONG_TERM, check_character

NUMBER_ALPHABET = "0123456789X"
# Names of the Han have at most four characters, double surnames included.
DOTTED_NAME_LENGTH = 5
PERIOD_ALPHABET = "0123456789.-长期"
GENDERS = "男女"

# GB 3304-91, in the short form that the card prints.
_NATIONALITIES = """
汉 蒙古 回 藏 维吾尔 苗 彝 壮 布依 朝鲜 满 侗 瑶 白 土家 哈尼 哈萨克 傣 黎 傈僳 佤 畲 高山 拉祜
水 东乡 纳西 景颇 柯尔克孜 土 达斡尔 仫佬 羌 布朗 撒拉 毛南 仡佬 锡伯 阿昌 普米 塔吉克 怒
乌孜别克 俄罗斯 鄂温克 德昂 保安 裕固 京 塔塔尔 独龙 鄂伦春 赫哲 门巴 珞巴 基诺
"""
NATIONALITIES: frozenset[str] = frozenset(_NATIONALITIES.split())
NATIONALITY_ALPHABET = "".join(sorted(set("".join(NATIONALITIES))))

_LOOKALIKES = str.maketrans("OoDQlI|ZSBxⅩ×", "0000111258XXX")
_BIRTH = re.compile(r"([12]\d{3})\D{1,2}(\d{1,2})\D{1,2}(\d{1,2})(?!\d)")
_LONG_RUN = re.compile(r"[0-9]{15,}X?[0-9]*")
_DIGITS = re.compile(r"\D")
_NOT_IN_NAME = re.compile(r"[^\u3400-\u9fff\U00020000-\U0003ffff·]")
_NAME_DOT = re.compile(r"(?<=[\u3400-\u9fff])[^\w\s]{1,2}(?=[\u3400-\u9fff])")
_ONE_BEFORE_UNIT = re.compile(r"[\]\[|lI!](?=[\d号弄栋幢楼单室组])")


def number_in(texts: Iterable[str]) -> str | None:
    """Return the citizen number in one of ``texts``, readings of the same line.

    The first reading whose check character fits ends the search; without any that fits, the
    last 18 characters of the first reading that has as many are returned.
    """
    unchecked: str | None = None
    for text in texts:
        joined = clean(text).translate(_LOOKALIKES)
        for found in _LONG_RUN.finditer(joined):
            run = found[0]
            windows: list[str] = [run[start : start + 18] for start in range(len(run) - 17)]
            for window in reversed(windows):
                if _is_number(window):
                    return window
            if windows and unchecked is None and windows[-1][:17].isdigit():
                unchecked = windows[-1]
    return unchecked


def _is_number(text: str) -> bool:
    digits = text[:17]
    return (
        digits.isdigit()
        and check_character(digits) == text[17]
        and _as_date(text[6:10], text[10:12], text[12:14]) is not None
    )


def is_checked(number: str | None) -> bool:
    """Tell whether ``number`` is there, has a date in it and the right check character."""
    return number is not None and len(number) == 18 and _is_number(number)


def birth_in(text: str) -> str | None:
    """Return the date of birth in ``text`` as YYYY-MM-DD."""
    found = _BIRTH.search(clean(text).translate(_LOOKALIKES))
    day = None if found is None else _as_date(*found.groups())
    return None if day is None else day.isoformat()


def birth_of(number: str) -> str:
    """Return the date of birth that a checked citizen number holds, as YYYY-MM-DD."""
    return f"{number[6:10]}-{number[10:12]}-{number[12:14]}"


def gender_of(number: str) -> str:
    """Return 男 or 女, as the sequence of a checked citizen number says."""
    return "男" if int(number[16]) % 2 else "女"


def period_in(text: str) -> str | None:
    """Return the validity in ``text`` as YYYYMMDD-YYYYMMDD or YYYYMMDD-长期.

    None unless both ends are there, are dates, and stand in order.
    """
    joined = clean(text)
    if "长" in joined or "期" in joined.partition("限")[2]:
        starts = _DIGITS.sub("", joined)
        return f"{starts}-{LONG_TERM}" if _is_day(starts) else None
    digits = _DIGITS.sub("", joined.translate(_LOOKALIKES))
    start, end = digits[:8], digits[8:]
    return f"{start}-{end}" if _is_day(start) and _is_day(end) and start < end else None


def _is_day(digits: str) -> bool:
    return len(digits) == 8 and _as_date(digits[:4], digits[4:6], digits[6:]) is not None


def _as_date(year: str, month: str, day: str) -> date | None:
    try:
        return date(int(year), int(month), int(day))
    except ValueError:
        return None


def name_in(text: str) -> str:
    """Return the name in ``text``: Chinese characters, and the dot between the parts of a name.

    Only a long name has parts; there the dot is read as any small mark.
    """
    joined = "".join(text.split())
    bare = _NOT_IN_NAME.sub("", joined)
    if len(bare) >= DOTTED_NAME_LENGTH:
        return _NOT_IN_NAME.sub("", _NAME_DOT.sub("·", joined)).strip("·")
    return bare.replace("·", "")


def nationality_in(text: str) -> str:
    """Return the nationality in ``text``; empty when there is none of the 56."""
    joined = clean(text)
    found = [name for name in NATIONALITIES if name in joined]
    return max(found, key=len, default="")


def address_in(lines: Iterable[str]) -> str:
    """Return the address that stands in ``lines``, joined without blanks."""
    return clean(_ONE_BEFORE_UNIT.sub("1", "".join(lines)))
