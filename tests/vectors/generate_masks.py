#!/usr/bin/env python3
"""Writes masks.json: what is left of cards in a log.

    python3 tests/vectors/generate_masks.py

What is left is written by hand. A test compares the file with what this writes. The people and what
follows the districts are invented; the districts are real.
"""

from collections.abc import Iterator
from typing import Any

from card_texts import ADDRESSES, NAMES, NO_PERIODS, PERIODS, WRONG_NAME
from identity import make, write

Case = dict[str, Any]
ABOUT = (
    "Masks. card: what mask is given; expect: the same fields in the same order, masked. "
    "Made by generate_masks.py."
)
HIDDEN = "***"
# What is kept of an address, and what follows it: nothing of that may be left.
KEPT = (
    # A municipality, a province, an autonomous region, a special region.
    ("北京市朝阳区", "样本路1号院2号楼3单元401"),
    ("北京市东城区", "样本胡同5号"),
    ("上海市浦东新区", "样本路100弄2号301室"),
    ("上海市崇明县", "样本镇样本村12组"),
    ("天津市滨海新区", "样本道1号"),
    ("重庆市酉阳土家族苗族自治县", "样本乡样本村3组"),
    ("重庆市市辖区", "样本路1号"),
    ("河北省石家庄市井陉矿区", "样本街1号"),
    ("山西省大同市城区", "样本街1号"),
    ("广东省广州市天河区", "样本路1号"),
    ("江苏省苏州市昆山市", "样本镇样本路1号"),
    ("山东省济南市市中区", "样本路1号"),
    ("四川省乐山市市中区", "样本路1号"),
    ("湖南省湘潭市湘乡市", "样本路1号"),
    ("海南省三沙市西沙区", "样本岛1号"),
    ("内蒙古自治区锡林郭勒盟西乌珠穆沁旗", "样本镇1号"),
    ("内蒙古自治区兴安盟科尔沁右翼前旗", "样本苏木样本嘎查"),
    ("内蒙古自治区呼伦贝尔市鄂伦春自治旗", "样本镇1号"),
    ("内蒙古自治区呼伦贝尔市莫力达瓦达斡尔族自治旗", "样本镇1号"),
    ("内蒙古自治区包头市白云鄂博矿区", "样本路1号"),
    ("新疆维吾尔自治区喀什地区喀什市", "样本路1号"),
    ("新疆维吾尔自治区喀什地区塔什库尔干塔吉克自治县", "样本乡1号"),
    ("新疆维吾尔自治区伊犁哈萨克自治州察布查尔锡伯自治县", "样本乡1号"),
    ("新疆维吾尔自治区克孜勒苏柯尔克孜自治州阿图什市", "样本路1号"),
    ("新疆维吾尔自治区巴音郭楞蒙古自治州和静县", "样本镇1号"),
    ("西藏自治区日喀则市桑珠孜区", "样本路1号"),
    ("西藏自治区阿里地区噶尔县", "样本镇1号"),
    ("广西壮族自治区柳州市融水苗族自治县", "样本乡1号"),
    ("宁夏回族自治区吴忠市利通区", "样本路1号"),
    ("贵州省黔西南布依族苗族自治州兴义市", "样本路1号"),
    ("贵州省黔东南苗族侗族自治州雷山县", "样本镇样本村1组"),
    ("云南省西双版纳傣族自治州景洪市", "样本路1号"),
    ("云南省临沧市双江拉祜族佤族布朗族傣族自治县", "样本乡1号"),
    ("湖北省恩施土家族苗族自治州恩施市", "样本路1号"),
    ("四川省凉山彝族自治州木里藏族自治县", "样本镇1号"),
    ("黑龙江省大兴安岭地区呼玛县", "样本镇1号"),
    ("台湾省台北市大安区", "样本路1号"),
    ("澳门特别行政区花地玛堂区", "样本街1号"),
    # Names that have a street's or a village's word in them.
    ("江苏省南京市鼓楼区", "样本路1号"),
    ("河南省开封市鼓楼区", "样本街1号"),
    ("河北省唐山市路南区", "样本街1号"),
    ("河北省唐山市路北区", "样本街1号"),
    ("河南省新乡市卫滨区", "样本街1号"),
    ("河南省新乡市新乡县", "样本街1号"),
    ("江西省萍乡市安源区", "样本街1号"),
    ("江西省景德镇市珠山区", "样本路1号"),
    ("江西省景德镇市乐平市", "样本路1号"),
    ("江西省抚州市东乡区", "样本路1号"),
    ("安徽省黄山市屯溪区", "样本路1号"),
    ("黑龙江省哈尔滨市道里区", "样本街1号"),
    ("江苏省镇江市京口区", "样本路1号"),
    ("贵州省安顺市镇宁布依族苗族自治县", "样本乡1号"),
    ("浙江省宁波市镇海区", "样本路1号"),
    # Cities without districts, or whose district is left out.
    ("广东省东莞市", "虎门镇样本路1号"),
    ("广东省东莞市", "样本路1号"),
    ("广东省中山市", "样本镇1号"),
    ("江西省景德镇市", "样本路1号"),
    ("甘肃省嘉峪关市", "样本南路1号"),
    ("海南省儋州市", "那大镇样本路1号"),
    ("湖北省潜江市", "园林办事处样本社区1号"),
    ("新疆维吾尔自治区石河子市", "样本小区1栋"),
    ("北京市", "样本路1号"),
    ("河北省", "样本村1组"),
    ("香港特别行政区", "样本九龙弥敦道1号"),
    # A county right behind the province.
    ("河北省正定县", "样本镇样本村1组"),
    ("河北省辛集市", "样本镇样本村1组"),
    ("浙江省义乌市", "样本路1号"),
    ("海南省白沙黎族自治县", "样本乡1号"),
    # Without the province, or with its short name.
    ("杭州市西湖区", "样本路1号"),
    ("浙江杭州市西湖区", "样本路1号"),
    ("内蒙古锡林郭勒盟锡林浩特市", "样本街1号"),
    ("喀什地区喀什市", "样本路1号"),
    ("景德镇市昌江区", "样本路1号"),
    ("景德镇市", "样本路1号"),
    ("东莞市", "样本镇样本路1号"),
    ("朝阳区", "样本路1号"),
    ("鼓楼区", "样本路1号"),
    ("正定县", "样本镇1号"),
    ("鄂温克族自治旗", "样本镇1号"),
    # What is no district though it ends like one.
    ("广东省深圳市", "样本小区3栋"),
    ("广东省深圳市", "样本社区3栋"),
    ("广东省深圳市", "样本校区3栋"),
    ("广东省深圳市", "样本园区3栋"),
    ("广东省深圳市", "样本厂区3栋"),
    ("广东省深圳市", "样本院区3栋"),
    ("广东省深圳市", "样本工区3栋"),
    ("广东省深圳市", "样本景区3栋"),
    ("广东省深圳市", "样本街区3栋"),
    ("广东省深圳市", "样本住区3栋"),
    ("广东省深圳市", "样本片区3栋"),
    ("广东省深圳市", "样本库区3栋"),
    ("广东省深圳市", "样本菜市3栋"),
    ("广东省深圳市", "样本超市3栋"),
    ("广东省深圳市", "样本夜市3栋"),
    ("广东省深圳市", "样本集市3栋"),
    ("广东省深圳市", "样本门市3栋"),
    ("上海市", "小区1号"),
    ("广东省深圳市", "样本路一区1号"),
    ("广东省深圳市", "样本街一区1号"),
    ("广东省深圳市", "样本道一区1号"),
    ("广东省深圳市", "样本巷一区1号"),
    ("广东省深圳市", "样本村一区1号"),
    ("广东省深圳市", "样本镇一区1号"),
    ("广东省深圳市", "样本乡一区1号"),
    ("广东省深圳市", "样本一号区1号"),
    ("广东省深圳市", "样本弄一区1号"),
    ("广东省深圳市", "样本栋一区1号"),
    ("广东省深圳市", "样本楼一区1号"),
    ("广东省深圳市", "样本室一区1号"),
    ("广东省深圳市", "样本组一区1号"),
    ("广东省深圳市", "样本屯一区1号"),
    ("广东省深圳市", "A座一区1号"),
    ("广东省深圳市", "1号样本区"),
    ("广东省深圳市", " 样本区"),
    ("广东省深圳市", "区1号"),
    ("广东省深圳市", "一二三四五六七八九十甲乙丙丁戊区"),  # 16 characters
    ("广东省", "甲乙丙丁戊己庚辛壬癸子丑寅卯辰市"),  # 16 characters
    ("北京市朝阳区", "样本社区1号"),
    ("北京市朝阳区", "样本区1号"),
    ("北京市朝阳区", "?"),
    ("北京市朝阳区", " "),
)
# Where there is no district, what ends like one is none; and names within which one seems to end.
ESTATES = (
    ("广东省东莞市", "样本家园东区12栋"),
    ("广东省东莞市", "样本东区12栋"),
    ("广东省东莞市", "样本大厦开发区"),
    ("广东省中山市", "样本开发区1号"),
    ("广东省中山市", "样本工业区1号"),
    ("浙江省义乌市", "国际商贸城市场1号"),
    ("上海市", "新城市花园1号"),
    ("河南省新乡市红旗区", "样本路1号"),
    ("湖北省荆州市沙市区", "样本路1号"),
    ("湖南省常德市津市市", "样本路1号"),
    ("津市市", "样本路1号"),
    ("新疆维吾尔自治区乌鲁木齐市新市区", "样本路1号"),
    ("甘肃省临夏回族自治州积石山保安族东乡族撒拉族自治县", "样本镇1号"),
    ("甘肃省临夏回族自治州东乡族自治县", "样本镇1号"),
    ("内蒙古自治区包头市达尔罕茂明安联合旗", "样本镇1号"),
    ("内蒙古自治区锡林郭勒盟东乌珠穆沁旗", "样本镇1号"),
    ("四川省攀枝花市东区", "样本路1号"),
    ("青海省西宁市城东区", "样本路1号"),
    # Provinces by their short names, and what is only called like one.
    ("内蒙古锡林浩特市", "样本路1号"),
    ("江西景德镇市珠山区", "样本路1号"),
    ("广西南宁市", "样本路1号"),
    ("上海浦东新区", "样本路1号"),
    ("吉林市昌邑区", "样本路1号"),
    ("河南县", "样本镇1号"),
)
# Nothing but what is kept; nothing that can be kept; the length at which a run ends.
WHOLE = (
    ("北京市", "北京市"),
    ("河北省", "河北省"),
    ("北京市朝阳区", "北京市朝阳区"),
    ("广东省东莞市", "广东省东莞市"),
    ("新疆维吾尔自治区", "新疆维吾尔自治区"),
    ("香港特别行政区", "香港特别行政区"),
    ("喀什地区", "喀什地区"),
    # A name of so many characters, and of one more.
    ("一二三四区1号", "一二三四区***"),
    ("一二三四五区1号", HIDDEN),
    ("一二三四县1号", "一二三四县***"),
    ("一二三四五县1号", HIDDEN),
    ("一二三四市1号", "一二三四市***"),
    ("一二三四五市1号", HIDDEN),
    ("一二三四五六旗1号", "一二三四五六旗***"),
    ("一二三四五六七旗1号", HIDDEN),
    ("一二三四盟1号", "一二三四盟***"),
    ("一二三四五盟1号", HIDDEN),
    ("一二三四地区1号", "一二三四地区***"),
    ("一二三四五地区1号", HIDDEN),
    ("一二三四五六七八九自治州1号", "一二三四五六七八九自治州***"),
    ("一二三四五六七八九十自治州1号", HIDDEN),
    ("一二三四五六七八九十甲乙自治县1号", "一二三四五六七八九十甲乙自治县***"),
    ("一二三四五六七八九十甲乙丙自治县1号", HIDDEN),
    ("一二三四五六七八九十甲乙自治旗1号", "一二三四五六七八九十甲乙自治旗***"),
    ("一二三四五六联合旗1号", "一二三四五六联合旗***"),
    ("一二三四五六七联合旗1号", HIDDEN),
    ("一二三四矿区1号", "一二三四矿区***"),
    ("一二三四五矿区1号", HIDDEN),
    ("样本小区", HIDDEN),
    ("小区", HIDDEN),
    ("人民路一区1号", HIDDEN),
    ("样本路1号", HIDDEN),
    ("样本村样本市1号", HIDDEN),
    ("1号北京市朝阳区", HIDDEN),
    (" 北京市朝阳区", HIDDEN),
    ("区", HIDDEN),
    ("市", HIDDEN),
    ("县1号", HIDDEN),
    ("Chaoyang", HIDDEN),
    ("***", HIDDEN),
    ("北京市朝阳区***", "北京市朝阳区***"),
    ("北京", HIDDEN),
    ("河南路1号", HIDDEN),
    ("南京路1号", HIDDEN),
    ("", HIDDEN),
)


def case(name: str, card: dict[str, Any], expect: dict[str, Any]) -> Case:
    assert list(card) == list(expect)
    return {"name": name, "card": card, "expect": expect}


def one(name: str, field: str, value: Any, masked: Any = HIDDEN) -> Case:
    return case(name, {field: value}, {field: masked})


def address_cases() -> Iterator[Case]:
    for kept, rest in (*KEPT, *ESTATES):
        assert len(rest) > 0
        yield one(f"addr_{kept}_{rest}", "addr", kept + rest, kept + HIDDEN)
    for address, masked in WHOLE:
        yield one(f"addr_whole_{address}", "addr", address, masked)
    for name, text, *_ in ADDRESSES:
        # Those that begin with a province are above.
        if "市" not in text and "省" not in text:
            yield one(f"addr_sign_{name}", "addr", text)


def name_cases() -> Iterator[Case]:
    for name, text, *findings in NAMES:
        # Of a single character there would be nothing left to hide.
        masked = HIDDEN if WRONG_NAME in findings or len(text) == 1 else ""
        yield one(f"name_{name}", "name", text, masked or text[0] + "*" * (len(text) - 1))
    yield one("name_empty", "name", "")
    yield one("name_spaces", "name", "  ")
    yield one("name_masked", "name", "张*")
    yield one("name_hidden", "name", HIDDEN)


def number_cases() -> Iterator[Case]:
    number = make("110105", "1949-12-31", "002")
    for name, text, masked in (
        ("x", number, "110105********002X"),
        ("lower_x", number[:17] + "x", "110105********002x"),
        ("wrong_check", number[:17] + "0", "110105********0020"),
        ("no_date", "999999999999999999", "999999********9999"),
        ("old", "110105491231002", "110105******002"),
        ("old_without_date", "110105999999002", "110105******002"),
        ("empty", "", HIDDEN),
        ("17", number[:17], HIDDEN),
        ("19", number + "1", HIDDEN),
        ("16", "1101054912310021", HIDDEN),
        ("14", "11010549123100", HIDDEN),
        ("old_with_x", "11010549123100X", HIDDEN),
        ("letter", "A" + number[1:], HIDDEN),
        ("letter_last", number[:17] + "Y", HIDDEN),
        ("x_not_last", "1101051949123100X2", HIDDEN),
        ("space", number[:9] + " " + number[10:], HIDDEN),
        ("spaces", "110105 19491231 002X", HIDDEN),
        ("space_behind", number + " ", HIDDEN),
        ("full_width", "１１０１０５１９４９１２３１００２X", HIDDEN),
        ("full_width_in_18_bytes", "110105194912１002", HIDDEN),
        ("full_width_in_15_bytes", "110105491231２", HIDDEN),
        ("masked", "110105********002X", HIDDEN),
        ("masked_old", "110105******002", HIDDEN),
        ("hidden", HIDDEN, HIDDEN),
    ):
        yield one(f"id_{name}", "id", text, masked)


def period_cases() -> Iterator[Case]:
    for text in (
        *PERIODS,
        "20160401-长期",
        "20160401-長期",
        "20360401-20160401",
        "20160401-20170402",
        "19800101-21991231",
        "20160401-20160401",
    ):
        yield one(f"valid_date_{text}", "valid_date", text, text)
    for text in (*NO_PERIODS, "", " ", HIDDEN):
        yield one(f"no_valid_date_{text}", "valid_date", text)


def other_cases() -> Iterator[Case]:
    for text in ("Front", "Back"):
        yield one(f"type_{text}", "type", text, text)
    for text in ("", "front", "BACK", "Front ", "正面", "canary", HIDDEN):
        yield one(f"no_type_{text}", "type", text)
    for field, text in (
        ("gender", "男"),
        ("nationality", "汉"),
        ("birth", "1990-03-07"),
        ("Name", "张样本"),
        ("ID", "11010519491231002X"),
        ("validDate", "20160401-20360401"),
        ("authority", "样本市公安局"),
        ("备注", "样"),
        ("", "no name"),
        ("note", ""),
    ):
        yield one(f"hidden_{field}", field, text)
    values = {
        "number": 5,
        "fraction": 0.25,
        "true": True,
        "false": False,
        "list": [],
        "object": {},
        "filled_list": ["canary", [1, None]],
        "filled_object": {"name": {"a": "canary"}},
    }
    for field in (
        "type",
        "name",
        "gender",
        "nationality",
        "birth",
        "addr",
        "id",
        "valid_date",
        "other",
    ):
        for what, value in values.items():
            yield one(f"{field}_that_is_a_{what}", field, value)
        yield one(f"{field}_null", field, None, None)
    yield case("nothing", {}, {})
    whole = {
        "errcode": 0,
        "type": "Front",
        "name": "张样本",
        "valid_date": "20160401-20360401",
        "note": None,
        "id": "440106199003070013",
        "gender": "男",
        "addr": "广东省广州市天河区样本路1号",
        "card_property": 3,
        "birth": "1990-03-07",
        "nationality": "汉",
        "tags": ["a"],
    }
    masked = {
        "errcode": HIDDEN,
        "type": "Front",
        "name": "张**",
        "valid_date": "20160401-20360401",
        "note": None,
        "id": "440106********0013",
        "gender": HIDDEN,
        "addr": "广东省广州市天河区***",
        "card_property": HIDDEN,
        "birth": HIDDEN,
        "nationality": HIDDEN,
        "tags": HIDDEN,
    }
    yield case("whole", whole, masked)
    backwards = dict(reversed(whole.items()))
    yield case("whole_backwards", backwards, dict(reversed(masked.items())))


def main() -> None:
    cases = [
        *other_cases(),
        *name_cases(),
        *number_cases(),
        *period_cases(),
        *address_cases(),
    ]
    write("masks.json", ABOUT, cases)


if __name__ == "__main__":
    main()
