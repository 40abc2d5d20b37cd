"""The invented people on the specimen cards.

Nobody can bear these numbers: their region codes end in 99, which GB/T 2260 assigns to no
county. Names and streets are plays on the words for sample, model and test.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECK_CHARACTERS = "10X98765432"

LONG_TERM = "长期"


def check_character(digits: str) -> str:
    """Return the check character of GB 11643-1999 for the first 17 ``digits``."""
    total = sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, digits, strict=True))
    return _CHECK_CHARACTERS[total % 11]


@dataclass(frozen=True, slots=True)
class Person:
    """One invented person and the card issued to them.

    ``region`` has 6 digits, ``sequence`` 3, odd for men. ``years`` is how long the card is
    valid: 5, 10, 20, or None for 长期.
    """

    name: str
    nationality: str
    birth: date
    region: str
    sequence: str
    address: str
    issuer: str
    issued: date
    years: int | None

    @property
    def gender(self) -> str:
        """男 or 女, as the sequence number says."""
        return "男" if int(self.sequence) % 2 else "女"

    @property
    def number(self) -> str:
        """The 18 characters of the citizen number."""
        digits = f"{self.region}{self.birth:%Y%m%d}{self.sequence}"
        return digits + check_character(digits)

    @property
    def expires(self) -> date | None:
        """The last day of validity; None when the card does not expire."""
        if self.years is None:
            return None
        return self.issued.replace(year=self.issued.year + self.years)

    def front(self) -> Mapping[str, str]:
        """Return what the service reads from the portrait side, without recorded extras."""
        return {
            "type": "Front",
            "name": self.name,
            "id": self.number,
            "addr": self.address,
            "gender": self.gender,
            "nationality": self.nationality,
            "birth": f"{self.birth:%Y-%m-%d}",
        }

    def back(self) -> Mapping[str, str]:
        """Return what the service reads from the emblem side."""
        end = LONG_TERM if self.expires is None else f"{self.expires:%Y%m%d}"
        return {"type": "Back", "valid_date": f"{self.issued:%Y%m%d}-{end}"}


def _person(row: str) -> Person:
    name, nationality, birth, region, sequence, address, issuer, issued, years = row.split("|")
    return Person(
        name=name,
        nationality=nationality,
        birth=date.fromisoformat(birth),
        region=region,
        sequence=sequence,
        address=address,
        issuer=issuer,
        issued=date.fromisoformat(issued),
        years=int(years) if years else None,
    )


# name | nationality | birth | region | sequence | address | issuer | issued | years
_ROWS = """
张样本|汉|1990-03-07|440199|001|广东省广州市虚构区样本路1号|广州市公安局虚构分局|2019-05-20|20
李范例|汉|1985-11-23|110199|124|北京市示例区范文街道测试胡同12号楼3单元405室|北京市公安局示例分局|2017-08-01|20
王测试|汉|1968-02-14|310199|335|上海市试验区样品路88弄6号|上海市公安局试验分局|2018-03-15|
韦示范|壮|1996-07-30|450199|216|广西壮族自治区南宁市模拟县样板镇示范村民委员会第7组21号|南宁市公安局模拟分局|2020-09-10|10
阿依古丽·样本|维吾尔|1993-12-05|650199|448|新疆维吾尔自治区乌鲁木齐市例证区测验路56号|乌鲁木齐市公安局例证分局|2021-04-06|20
赵虚构|满|1979-08-18|210199|511|辽宁省沈阳市假设区标本街25号|沈阳市公安局假设分局|2016-12-12|20
金模拟|朝鲜|2001-01-09|220199|062|吉林省长春市模型区样张路103号2栋601室|长春市公安局模型分局|2022-06-28|10
扎西样品|藏|1988-06-16|540199|373|西藏自治区拉萨市范本区演示路9号|拉萨市公安局范本分局|2018-10-30|20
马标本|回|1972-04-25|640199|284|宁夏回族自治区银川市例子区示意巷17号|银川市公安局例子分局|2019-01-17|
白演示|蒙古|1999-10-11|150199|595|内蒙古自治区呼和浩特市样板区虚拟大街300号|呼和浩特市公安局样板分局|2023-02-08|10
欧阳虚拟|汉|1982-05-03|320199|406|江苏省南京市假想区模板路66号翻版花园8幢1102室|南京市公安局假想分局|2020-11-19|20
杨例句|苗|1994-09-27|520199|617|贵州省贵阳市练习区例题路5号|贵阳市公安局练习分局|2017-07-07|10
陈样张|汉|2012-12-12|330199|128|浙江省杭州市样张区测试路200号|杭州市公安局样张分局|2024-08-16|5
刘试用|汉|2015-03-31|370199|339|山东省济南市试用区体验街42号5号楼2单元301室|济南市公安局试用分局|2023-05-05|5
田假定|土家|1987-02-08|420199|540|湖北省武汉市假定区推演大道1024号|武汉市公安局假定分局|2015-09-21|20
黎仿真|黎|1991-11-01|460199|751|海南省海口市仿真区椰样路7号|海口市公安局仿真分局|2021-12-03|20
何模板|彝|1975-07-19|530199|862|云南省昆明市模板区格式路18号|昆明市公安局模板分局|2022-03-24|
孙占位|汉|1958-01-26|510199|973|四川省成都市占位区填充路99号附3号|成都市公安局占位分局|2016-05-31|
周演练|侗|1997-04-12|430199|084|湖南省长沙市演练区排练路360号|长沙市公安局演练分局|2019-07-22|10
吴实验|畲|1984-10-20|350199|195|福建省福州市实验区对照路11号|福州市公安局实验分局|2018-01-29|20
郑样例|汉|2003-08-08|410199|307|河南省郑州市样例区参考路75号演示家园3号楼1单元1501室|郑州市公安局样例分局|2021-10-13|10
司徒假名|汉|1965-12-30|610199|418|陕西省西安市假名区替身巷4号|西安市公安局假名分局|2017-03-02|
冯测验|傣|1995-05-15|500199|529|重庆市测验区考题路61号|重庆市公安局测验分局|2022-09-09|20
许草稿|高山|1978-03-22|340199|630|安徽省合肥市草稿区底稿路230号|合肥市公安局草稿分局|2018-06-18|20
"""

PEOPLE: tuple[Person, ...] = tuple(_person(row) for row in _ROWS.strip().splitlines())
