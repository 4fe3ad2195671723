import re
from pathlib import Path

import pytest
from babel.messages.pofile import read_po
from hypothesis import given
from hypothesis import strategies as st

from rag_support.values import Value, ValueKind, fold, mentions, missing_values, values

TRANSLATIONS = Path(__file__).parents[2] / "corpus" / "translations"
HYPHENS = "-‐‑–—―−－ー～〜~"


def forms(text: str, kind: ValueKind | None = None) -> list[str]:
    """The values of a text as "24 day" or "17:00", in order; of one kind, or of all."""
    found = [value for value in values(text) if kind in (None, value.kind)]
    return [f"{value.text} {value.unit}" if value.unit else value.text for value in found]


def full_width(text: str) -> str:
    return text.translate({ord(digit): ord("０") + int(digit) for digit in "0123456789"})


# ---- one value, however it is written ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("found", "spellings"),
    [
        ("56000000", "5,600万|5600万|５，６００万|5,600 万|5千6百万|五千六百万|5600萬|56 million|"
                     "fifty-six million|56,000,000|0.56億"),
        ("56000000 count", "5,600万件|５，６００万件|五千六百万件|5600多万件|5,600余万件"),
        ("120000000 jpy", "1億2,000万円|1亿2000万日元|一億二千万円|1.2億円|120 million yen|120,000,000円"),
        ("1000000000000", "1兆|1万亿|1,000 billion"),
        ("25000 jpy", "2万5千円|2万5000円|二万五千円|25,000円|twenty-five thousand yen"),
        ("1234567.89", "1,234,567.89|1234567.89|１２３４５６７．８９"),
        ("205", "two hundred and five|two hundred five|205|二百零五|二百五"),
        ("2500000", "two million five hundred thousand|2.5 million|250万|二百五十万"),
        ("100 jpy", "百円|100円|a hundred yen|one hundred yen|一百日元"),
        ("500000", "half a million|500,000|五十万"),
        ("2024", "2024|２０２４|二〇二四|二零二四|٢٠٢٤"),
        ("3 count", "三つ|3つ|三个|３個|三種類|3种|三名|3人|三件|三项"),
        ("1.5", "1½|1.5|1.50|１½"),
    ],
)  # fmt: skip
def test_numbers(found: str, spellings: str) -> None:
    for spelling in spellings.split("|"):
        assert forms(spelling) == [found], spelling


@pytest.mark.parametrize(
    ("found", "spellings"),
    [
        ("1440 minute", "24時間|２４時間|二十四時間|二四時間|24 hours|24-hour|24‑hour|24hours|24h|"
                        "twenty-four hours|24小时|二十四小时|24個小時|around the clock|round-the-clock"),
        ("90 minute", "90分|９０分間|九十分|90 minutes|90-minute|ninety minutes|90分钟|1時間半|一時間半|1時間30分|"
                      "1.5時間|1.5 hours|1½ hours|one and a half hours|an hour and a half|1 hour 30 minutes|"
                      "one hour and thirty minutes|1个半小时|一个半小时|一個半小時|1小时30分钟"),
        ("30 minute", "30分|三十分|半時間|半小时|半个小时|half an hour|half-hour|thirty minutes|0.5時間|½ hour"),
        ("60 minute", "1時間|一時間|one hour|60分|一小时|一个小时|within an hour"),
        ("10 minute", "10分|十分間|十分钟|ten minutes"),
        ("7 day", "1週間|一週間|7日|7日間|七天|one week|seven days|1周|一个星期|7 days a week|年中無休|全年无休|"
                  "all year round"),
        ("14 day", "2週間|二週間|two weeks|2 weeks|14日|十四日間|14天|两周|兩週|二周"),
        ("30 day", "30日以内|三十日以内|30天内|within 30 days|thirty days"),
        ("3 business day", "3営業日|三営業日|3个工作日|三個工作日|3 business days|three working days"),
        ("6 month", "6か月|6ヶ月|6カ月|六か月|6个月|六個月|six months|half a year|半年"),
        ("1.5 month", "1か月半|一个半月|1.5 months"),
        ("2024 year", "2024年|二〇二四年|令和6年|令和六年|民国113年"),
        ("2019 year", "2019年|令和元年|平成31年"),
        ("30 second", "30秒|三十秒|30 seconds"),
    ],
)  # fmt: skip
def test_spans_of_time(found: str, spellings: str) -> None:
    for spelling in spellings.split("|"):
        assert forms(spelling) == [found], spelling


@pytest.mark.parametrize(
    "text",
    ["24/7", "24x7", "7×24小时", "24時間365日", "24時間・365日", "24小时365天", "全年365天、每天24小时", "24/7/365",
     "24時間、年中無休", "24 hours a day, 7 days a week", "24 hours a day, 365 days a year"],
)  # fmt: skip
def test_always_open_is_all_hours_of_every_day(text: str) -> None:
    assert sorted(forms(text)) == ["1440 minute", "7 day"]


@pytest.mark.parametrize(
    ("found", "spellings"),
    [
        ("93 percent", "93%|93％|９３％|93 %|93パーセント|九十三パーセント|93 percent|93 per cent|"
                       "ninety-three percent|百分之93|百分之九十三|9割3分|九割三分"),
        ("90 percent", "90%|9割|九割|９割|9成|九成|九成新|ninety per cent"),
        ("99.5 percent", "99.5%|百分之九十九点五|百分之99.5"),
        ("100 percent", "100%|百パーセント|百分之百|十割|十成|one hundred percent"),
        ("30 percent", "3割引|30%オフ|三成|三割"),
        ("5000 ¥", "¥5,000|￥5,000|¥ 5000|￥５，０００"),
        ("5000 jpy", "5,000円|五千円|5千円|5000 yen|five thousand yen|5000日元|JPY 5,000|5000 JPY"),
        ("5000 cny", "5,000元|五千元|5000人民币|RMB 5,000|5000 yuan"),
        ("50 usd", "$50|US$50|50ドル|50 dollars|fifty dollars|50美元|USD 50"),
        ("5000000 usd", "$5 million|500万ドル|five million dollars|五百万美元"),
        ("500 krw", "500ウォン|500韩元|500 won"),
        ("10 mb", "10MB|10 MB|１０ＭＢ"),
    ],
)  # fmt: skip
def test_shares_prices_and_sizes(found: str, spellings: str) -> None:
    for spelling in spellings.split("|"):
        assert forms(spelling) == [found], spelling


@pytest.mark.parametrize(
    ("found", "spellings"),
    [
        ("0:00", "24:00|0:00|00:00|２４：００|24時|0時|午前0時|深夜0時|夜12時|midnight|12 midnight|12 a.m.|12am|"
                 "凌晨0点|晚上12点|零点|午夜"),
        ("12:00", "12:00|正午|noon|12 p.m.|12 noon|午後0時|中午12点|12 o'clock"),
        ("17:00", "17:00|１７：００|17時|十七時|午後5時|午後五時|午後の5時|夕方5時|下午5点|下午五点|5 p.m.|5pm|"
                  "5 PM|5:00 p.m.|five p.m.|PM5:00|pm 5|5 o'clock in the afternoon|17点整"),
        ("13:00", "午後1時|午後一時|下午一点|1 p.m.|one p.m.|中午1点|13:00"),
        ("9:00", "9:00|09:00|9時|九時|朝9時|午前9時|上午9点|早上九点|9 a.m.|9am|AM9:00|9点钟|nine o'clock"),
        ("9:30", "9:30|9時半|九時半|9時30分|午前9時30分|九点半|上午9点半|9点30分|9:30 a.m.|half past nine|9.30am"),
        ("4:45", "4:45|quarter to five|4時45分"),
        ("20:00", "20:00|夜8時|夜の8時|晚上8点|晚上八点|8 p.m.|8 in the evening|20時"),
        ("23:00", "23:00|深夜11時|夜11時|11 p.m.|11 at night|晚上十一点"),
        ("1:00", "1:00|深夜1時|25:00|凌晨一点|1 a.m.|一点钟"),
    ],
)  # fmt: skip
def test_clock_times(found: str, spellings: str) -> None:
    assert {
        spelling: [(value.kind, value.text) for value in values(spelling)] for spelling in spellings.split("|")
    } == {spelling: [("time", found)] for spelling in spellings.split("|")}


@pytest.mark.parametrize("dash", [*HYPHENS, " - ", " – ", "から", "至", "到", " to ", "一"])
def test_hours_from_and_to(dash: str) -> None:
    assert (
        forms(f"受付は6:00{dash}24:00です。", "time")
        == forms(f"受付は６：００{dash}２４：００です。")
        == ["6:00", "0:00"]
    )


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("9〜17時", ["9:00", "17:00"]),
        ("9時〜17時", ["9:00", "17:00"]),
        ("9点到18点", ["9:00", "18:00"]),
        ("早上6点到晚上12点", ["6:00", "0:00"]),
        ("午前6時から深夜0時まで", ["6:00", "0:00"]),
        ("6 a.m. to midnight", ["6:00", "0:00"]),
        ("AM9:00〜PM5:00", ["9:00", "17:00"]),
        ("9:00 AM–5:00 PM", ["9:00", "17:00"]),
        ("9 a.m.-5 p.m.", ["9:00", "17:00"]),
        ("9-5pm", ["9:00", "17:00"]),
        ("2-3 p.m.", ["14:00", "15:00"]),
        ("12-1 pm", ["12:00", "13:00"]),
        ("1:00 to 5:00 p.m.", ["13:00", "17:00"]),
        ("午後1時〜5時", ["13:00", "17:00"]),
        ("午後1〜5時", ["13:00", "17:00"]),
        ("下午1点到5点", ["13:00", "17:00"]),
        ("午後6時〜12時", ["18:00", "0:00"]),
        ("午前9時〜12時", ["9:00", "12:00"]),
        ("夜10時〜2時", ["22:00", "2:00"]),
        ("9:00,10:00", ["9:00", "10:00"]),
    ],
)
def test_both_ends_of_hours_are_of_the_same_part_of_the_day(text: str, found: list[str]) -> None:
    assert forms(text) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("2〜3日", ["2 day", "3 day"]),
        ("2、3日", ["2", "3 day"]),
        ("二三日", ["2 day", "3 day"]),
        ("两三天", ["2 day", "3 day"]),
        ("三至五天", ["3 day", "5 day"]),
        ("一到两天", ["1 day", "2 day"]),
        ("two to three days", ["2 day", "3 day"]),
        ("two or three days", ["2 day", "3 day"]),
        ("two-three days", ["2 day", "3 day"]),
        ("3-5 business days", ["3 business day", "5 business day"]),
        ("2–3 weeks", ["14 day", "21 day"]),
        ("24〜48時間", ["1440 minute", "2880 minute"]),
        ("90~95%", ["90 percent", "95 percent"]),
        ("5〜6万円", ["50000 jpy", "60000 jpy"]),
        ("5千〜1万円", ["5000 jpy", "10000 jpy"]),
        ("5 to 6 million", ["5000000", "6000000"]),
        ("100 to 2 million", ["100", "2000000"]),
        ("¥5,000〜¥10,000", ["5000 ¥", "10000 ¥"]),
        ("$5-10", ["5 usd", "10 usd"]),
    ],
)
def test_both_ends_of_a_range_have_its_unit(text: str, found: list[str]) -> None:
    assert forms(text) == found


@pytest.mark.parametrize(
    ("found", "spellings"),
    [
        ("2024-05-01", "2024年5月1日|２０２４年５月１日|2024年05月01日|二〇二四年五月一日|二零二四年五月一日|"
                       "2024年5月1号|2024/5/1|2024-05-01|2024.5.1|令和6年5月1日|May 1, 2024|1 May 2024|"
                       "1st May 2024|May 1st, 2024|the 1st of May, 2024"),
        ("05-01", "5月1日|五月一日|5月1号|May 1|May 1st|1st May|the 1st of May"),
        ("12-25", "12月25日|十二月二十五日|December 25|Dec. 25|25 December"),
        ("2024-05", "2024年5月|二〇二四年五月|May 2024|in May 2024|May, 2024"),
        ("05", "5月|五月|in May|since May"),
        ("12", "12月|十二月|December|in December"),
        ("01", "1月|一月|January"),
    ],
)  # fmt: skip
def test_dates(found: str, spellings: str) -> None:
    assert {
        spelling: [(value.kind, value.text) for value in values(spelling)] for spelling in spellings.split("|")
    } == {spelling: [("date", found)] for spelling in spellings.split("|")}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("5月1日〜3日", ["05-01", "05-03"]),
        ("May 1–3, 2024", ["2024-05-01", "2024-05-03"]),
        ("2024年5月1日から2025年4月30日", ["2024-05-01", "2025-04-30"]),
        ("The iPhone 15 may be returned.", ["15"]),
        ("Windows 11 may not work.", ["11"]),
        ("You may march on.", []),
        ("第2・第4月曜", ["2", "4"]),
        ("2024年13月45日", ["2024 year", "13 month", "45 day"]),
    ],
)
def test_what_is_a_date_and_what_is_none(text: str, found: list[str]) -> None:
    assert forms(text) == found


@pytest.mark.parametrize(
    ("found", "spellings"),
    [
        ("0120999373", "0120-999-373|０１２０－９９９－３７３|0120 999 373|0120999373|(0120) 999-373|"
                       "(0120)999-373|0120(999)373|０１２０（９９９）３７３|0120.999.373|0120・999・373|"
                       "0120 - 999 - 373|TEL:0120-999-373|Tel.0120-999-373|+81-120-999-373|+81 120 999 373|"
                       "+81120999373|+81 (0)120-999-373|+81(0)120 999 373|(+81) 120-999-373|0081-120-999-373|"
                       "0120\u200b-999-373|②0120-999-373"),
        ("0113303000", "011-330-3000|+81-11-330-3000|+81 11 330 3000|（011）330-3000"),
        ("0312345678", "03-1234-5678|（03）1234-5678|+81-3-1234-5678|+81 (3) 1234-5678|0312345678"),
        ("09012345678", "090-1234-5678|09012345678|+81 90-1234-5678|+819012345678"),
        ("4008001234", "400-800-1234|400 800 1234|4008001234"),
        ("18005551234", "1-800-555-1234|1 (800) 555-1234|+1 800 555 1234"),
    ],
)  # fmt: skip
def test_telephone_numbers(found: str, spellings: str) -> None:
    for spelling in spellings.split("|"):
        assert values(spelling) == (Value("telephone", found),), spelling


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("0120-999-373/0120-899-543", ["0120999373", "0120899543"]),
        ("0120-999-373、011-330-3000", ["0120999373", "0113303000"]),
        ("0120-999-373 011-330-3000", ["0120999373", "0113303000"]),
        ("+81 120 999 373 24時間", ["0120999373", "1440 minute"]),
        ("電話—0120-999-373—24時間", ["0120999373", "1440 minute"]),
        ("注文番号は250-1234567-7654321です。", ["25012345677654321"]),
        ("0120-999-37", ["120", "999", "37"]),
    ],
)
def test_telephone_numbers_beside_other_numbers(text: str, found: list[str]) -> None:
    assert forms(text) == found


@pytest.mark.parametrize(
    "around",
    ["{}", "{}.", "({})", "「{}」", "メールは{}から届きます。", "是{}吗？", "See {}, please.", "“{}”", "{}、", "*{}*"],
)
@pytest.mark.parametrize(
    ("written", "kind", "form"),
    [
        ("amazon.co.jp", "domain", "amazon.co.jp"),
        ("@amazon.co.jp", "domain", "amazon.co.jp"),
        ("Amazon.CO.JP", "domain", "amazon.co.jp"),
        ("ａｍａｚｏｎ．ｃｏ．ｊｐ", "domain", "amazon.co.jp"),
        ("www.amazon.co.jp", "domain", "amazon.co.jp"),
        ("https://www.amazon.co.jp/", "domain", "amazon.co.jp"),
        ("https://www.amazon.co.jp/help", "url", "amazon.co.jp/help"),
        ("amazon.co.jp/help/", "url", "amazon.co.jp/help"),
        ("https://amazon.co.jp:8080/a?b=1#c", "url", "amazon.co.jp:8080/a?b=1#c"),
        ("Support@Amazon.co.jp", "email", "support@amazon.co.jp"),
        ("first.last+tag@amazon.co.jp", "email", "first.last+tag@amazon.co.jp"),
    ],
)
def test_addresses_in_a_text(written: str, kind: ValueKind, form: str, around: str) -> None:
    assert values(around.format(written)) == (Value(kind, form),)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("amazon.co.jpやamazon.jp、amazon.com", ["amazon.co.jp", "amazon.jp", "amazon.com"]),
        ("@amazon.co.jp/@amazon.com", ["amazon.co.jp", "amazon.com"]),
        ("amazon.com—which is genuine—or amazon.com-based", ["amazon.com"]),
        ("…amazon.com", ["amazon.com"]),
        ("Call us any day.Please wait.", []),
        ("e.g. 9 a.m., i.e. U.S. time, 9 a.m.to 5 p.m.", ["9:00", "17:00"]),
        ("seven-eleven.com", ["seven-eleven.com"]),
        ("v2.1.3", ["2.1.3"]),
    ],
)
def test_where_an_address_begins_and_ends(text: str, found: list[str]) -> None:
    assert forms(text) == found


@pytest.mark.parametrize(
    "other",
    ["amazon.com", "amazon.jp", "amazon.co.jp.evil.example.com", "amazon.co.jp.evil", "evil-amazon.co.jp",
     "amazon-evil.co.jp", "amazon.co.jp-evil.com", "amazоn.co.jp", "amaz0n.co.jp", "amazon.co.jр", "amazon.con",
     "amazon.cojp", "amazon.co.jq", "xn--amazn-mye.co.jp", "evil@amazon.co.jp.evil.com",
     "https://amazon.co.jp@evil.com/", "https://evil.com/amazon.co.jp", "amazon.co.jp@evil.com", "pay.amazon.co.jp"],
)  # fmt: skip
def test_a_look_alike_is_another_domain(other: str) -> None:
    assert missing_values(f"メールは{other}から届きます。", ["メールはamazon.co.jpから届きます。"]) != []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("iPhone 15", ["15"]),
        ("iPhone15", ["15"]),
        ("GPT-4", ["4"]),
        ("Wi-Fi 6", ["6"]),
        ("USB 3.0", ["3"]),
        ("Windows 11", ["11"]),
        ("iPhone 15 24時間", ["15", "1440 minute"]),
        ("12 34", ["12", "34"]),
        ("1,2345", ["1", "2345"]),
        ("1,234,56", ["1234", "56"]),
        ("16:9", ["16", "9"]),
        ("99:30", ["99", "30"]),
        ("3点", ["3"]),
        ("3分の2", ["3", "2"]),
        ("3周年", ["3"]),
        ("7分野", ["7"]),
        ("2024成为", ["2024"]),
        (".5%", ["0.5 percent"]),
        ("です.24時間", ["1440 minute"]),
        ("…5時間", ["300 minute"]),
        ("①24時間", ["1440 minute"]),
        ("24時間¹", ["1440 minute"]),
        ("1️⃣24時間", ["1440 minute"]),
        ("12345678901234567890123456789012345", ["12345678901234567890123456789012345"]),
        ("between two hundred and five hundred", ["200", "500"]),
        ("24時間 30分以内に返信", ["1440 minute", "30 minute"]),
    ],
)
def test_numbers_that_stand_close_to_other_signs(text: str, found: list[str]) -> None:
    assert forms(text) == found


@pytest.mark.parametrize("mark", ["1. ", "2) ", "(3) ", "① ", "①", "- 1. ", "  12. ", "１. ", "1．", "1、"])
def test_marks_of_lists_and_citations_are_no_values(mark: str) -> None:
    assert forms(f"{mark}返品の手続き[1][2]\n{mark}電話は24時間 [3]") == ["1440 minute"]


@pytest.mark.parametrize(
    "text",
    ["十分に", "十分です", "数十分", "一部", "万一", "万が一", "第三者", "第一", "第十四条", "一番", "唯一", "二度と",
     "もう一度", "一度", "一緒に", "一般", "一日中", "一時的に", "一つ", "一人で", "いくつか", "数分", "数時間",
     "数日", "数百件", "数千円", "数十人", "何百回", "几十个", "二十几个", "二三十人", "千葉", "百貨店", "八百屋",
     "六本木", "九州", "四国", "五分五分", "二つ目", "三分之二", "千万不要", "统一", "一些", "一起", "一旦", "一直",
     "零件", "万能", "〇〇円", "三五天", "one of them", "one-stop", "one-click", "no one", "someone", "a few hundred",
     "hundreds of orders", "several million", "millions", "two-thirds", "e.g.", "i.e.", "a.m.", "p.m.", "a day",
     "per hour", "May I help you?", "second-hand", "first", "often", "weight", "", " ", "…", "-", "%", "¥", "@",
     "://", "https://"],
)  # fmt: skip
def test_no_value(text: str) -> None:
    assert values(text) == ()


# ---- what may be the same, and what may not ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "altered"),
    [
        ("24時間対応です。", "24分対応です。"),
        ("24時間対応です。", "Open 24 days."),
        ("24時間対応です。", "Open 2–4 hours."),
        ("24時間対応です。", "24時まで対応です。"),
        ("24時間以内に返信します。", "We reply within 42 hours."),
        ("24時間", "24/7"),
        ("365日以内", "24時間365日"),
        ("受付は6:00〜24:00です。", "Open 6:00–22:00."),
        ("受付は6:00〜24:00です。", "Open from 6 p.m. to midnight."),
        ("午後5時", "5 a.m."),
        ("午後5時", "午前5時"),
        ("午前12時", "午後12時"),
        ("AM5:00", "PM5:00"),
        ("上午9点", "晚上9点"),
        ("9時半", "9:00"),
        ("満足度は93%です。", "The satisfaction rate is 92%."),
        ("満足度は93%です。", "满意度为39%。"),
        ("満足度は93%です。", "93人"),
        ("9割", "9%"),
        ("3営業日", "3日"),
        ("3日", "3週間"),
        ("3か月", "3年"),
        ("5,600万件", "5,600件"),
        ("5,600万件", "5,600億件"),
        ("5,600万件", "560 million enquiries"),
        ("5,600万件", "56 billion enquiries"),
        ("5,000円", "$5,000"),
        ("5,000円", "5,000元"),
        ("5,000円", "5,000韩元"),
        ("10MB", "10GB"),
        ("0120-999-373", "0120-999-337"),
        ("0120-999-373", "0120-999-37"),
        ("0120-999-373", "0120-999-3730"),
        ("0120-999-373", "+81-120-999-733"),
        ("0120-999-373", "0120-899-543"),
        ("503-1234567-1234567", "503-1234567-1234568"),
        ("amazon.co.jp", "amazon.com"),
        ("amazon.com", "amazon.co.jp"),
        ("https://amazon.co.jp/help", "https://amazon.co.jp/refund"),
        ("amazon.co.jp", "amazon.co.jp/help"),
        ("support@amazon.co.jp", "help@amazon.co.jp"),
        ("amazon.co.jp", "support@amazon.co.jp"),
        ("2024年5月1日", "2024年5月2日"),
        ("2024年5月1日", "1 June 2024"),
        ("2024年5月1日", "May 1, 2023"),
        ("5月1日", "2024年5月1日"),
        ("5月", "5か月"),
        ("2024年", "2023"),
        ("iPhone 15", "iPhone 16"),
        ("iPhone15", "iPhone16"),
        ("v2.1.3", "v2.1.4"),
        ("三つ", "four"),
        ("一つ", "二つ"),
        ("1週間", "2 weeks"),
        ("一日", "2日"),
    ],
)
def test_an_altered_value_is_missing(source: str, altered: str) -> None:
    assert missing_values(altered, [source]) != []


@pytest.mark.parametrize(
    ("source", "reworded"),
    [
        ("約5,600万件以上の問い合わせ", "more than 56 million enquiries"),
        ("約5,600万件以上の問い合わせ", "超过5600万次咨询"),
        ("24時間365日対応", "24/7 support, all year round"),
        ("24時間365日対応", "全天24小时，全年无休"),
        ("6:00〜24:00", "from 6 a.m. to midnight"),
        ("6:00〜24:00", "早上6点到晚上12点"),
        ("6:00〜24:00", "6時から24時まで"),
        ("6:00〜24:00", "between 6 and 24"),
        ("4つの方法", "four methods"),
        ("四つの方法", "以下4点"),
        ("数時間〜24時間", "within 24 hours"),
        ("一日以内", "within one day"),
        ("一日以内", "1日以内"),
        ("一週間", "7 days"),
        ("a week", "1週間"),
        ("1か月", "one month"),
        ("一つ", "1つ"),
        ("第三条", "Article 3"),
        ("90分", "1時間半"),
        ("1時間30分", "90 minutes"),
        ("2024年5月1日", "May 2024"),
        ("2024年5月1日", "5月1日"),
        ("2024年5月1日", "in May"),
        ("2024年5月1日", "in 2024"),
        ("2024年5月1日", "2024年"),
        ("5,000円", "¥5,000"),
        ("￥5,000", "5000 yen"),
        ("￥5,000", "5000元"),
        ("0120-999-373", "+81 120 999 373"),
        ("support@amazon.co.jp", "amazon.co.jp"),
        ("https://www.amazon.co.jp/help", "amazon.co.jp"),
        ("https://www.amazon.co.jp/help", "www.amazon.co.jp/help."),
        ("USB 3.0", "USB 3"),
        ("iPhone 15", "iPhone15"),
        ("2〜3週間", "2週間から3週間"),
        ("2〜3週間", "14 to 21 days"),
    ],
)
def test_a_reworded_value_is_not_missing(source: str, reworded: str) -> None:
    assert missing_values(reworded, [source]) == []


def test_a_value_may_stand_in_any_of_the_sources_and_what_is_missing_is_named() -> None:
    sources = ["電話は0120-999-373です。", "受付は6:00〜24:00です。"]
    assert missing_values("0120-999-373, 6:00 to midnight", sources) == []
    assert missing_values("0120-999-373, 7:00 to midnight, 92%", sources) == [
        Value("time", "7:00"),
        Value("number", "92", "percent"),
    ]
    assert missing_values("24時間", []) == [Value("number", "1440", "minute")]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (Value("number", "24"), Value("number", "24", "day"), True),
        (Value("number", "24"), Value("number", f"{24 * 60}", "minute"), True),
        (Value("number", "24"), Value("number", "24", "minute"), True),
        (Value("number", "2"), Value("number", f"{2 * 7}", "day"), True),
        (Value("number", "24"), Value("time", "0:00"), True),
        (Value("number", "9"), Value("time", "9:00"), True),
        (Value("number", "9"), Value("time", "9:30"), False),
        (Value("number", "9", "day"), Value("time", "9:00"), False),
        (Value("number", "24"), Value("number", "25", "day"), False),
        (Value("number", "24", "day"), Value("number", "24", "minute"), False),
        (Value("number", "5", "¥"), Value("number", "5", "jpy"), True),
        (Value("number", "5", "¥"), Value("number", "5", "cny"), True),
        (Value("number", "5", "cny"), Value("number", "5", "jpy"), False),
        (Value("number", "5", "¥"), Value("number", "5", "usd"), False),
        (Value("number", "2.1.3"), Value("number", "2.1.3"), True),
        (Value("domain", "amazon.com"), Value("url", "amazon.com"), False),
    ],
)
def test_same_as_goes_both_ways(one: Value, other: Value, same: bool) -> None:
    assert one.same_as(other) is other.same_as(one) is same


def test_values_come_kind_by_kind_each_once() -> None:
    text = "24時間、0120-999-373、24 hours、amazon.co.jp、6:00、2024年5月1日、0120 999 373"
    assert [value.kind for value in values(text)] == ["domain", "telephone", "date", "time", "number"]


def test_fold() -> None:
    assert fold("ＡＭＡＺＯＮ　二十四時間〜Twenty‑Four") == "amazon 24時間~24"


# ---- any text ------------------------------------------------------------------------------------------------------

PIECES = [
    *"0 1 9 12 24 2024 0120 , . : / - ~ 〜 – ー % ¥ $ ( ) @ + ½ ² ① … \u200b ٣ İ".split(),
    *"万 億 十 百 千 一 二 三 〇 第 数 個 半 時 時間 分 日 月 年 週 割 成 点 元 円 午後 夜 の から 百分之 令和".split(),
    *"a b am p.m. may to or and one two twenty hundred million half hour days https:// www. .com amazon".split(),
    *" \n",
]
texts = st.text(max_size=100) | st.lists(st.sampled_from(PIECES), max_size=25).map("".join)


@given(texts)
def test_every_value_of_a_text_is_found_again_in_the_text_itself(text: str) -> None:
    assert missing_values(text, [text]) == []


@given(texts)
def test_full_width_digits_change_nothing(text: str) -> None:
    assert values(full_width(text)) == values(text)


@given(texts, texts)
def test_same_as_is_symmetric_for_what_is_found(one: str, other: str) -> None:
    for value in values(one):
        assert value.same_as(value)
        assert all(value.same_as(another) == another.same_as(value) for another in values(other))


@given(
    st.from_regex(
        r"0120-[0-9]{3}-[0-9]{3}|0[1-9]-[0-9]{4}-[0-9]{4}|0[789]0-[0-9]{4}-[0-9]{4}|0[1-9]{2}-[0-9]{3}-[0-9]{4}",
        fullmatch=True,
    )
)
def test_a_telephone_number_is_found_whatever_its_hyphens(number: str) -> None:
    expected = (Value("telephone", number.replace("-", "")),)
    for hyphen in (*HYPHENS, " ", ""):
        assert values(f"電話は{number.replace('-', hyphen)}です。") == expected


@given(st.integers(0, 10**15))
def test_separators_of_thousands_do_not_matter(number: int) -> None:
    assert values(f"{number:,}件") == values(f"{number}件") == (Value("number", str(number), "count"),)


@given(st.integers(2, 9_999), st.booleans())
def test_numerals_in_chinese_characters_are_their_digits(number: int, chinese: bool) -> None:
    assert (
        values(f"{in_characters(number, chinese)}個")
        == values(f"{number}個")
        == (Value("number", str(number), "count"),)
    )


def in_characters(number: int, chinese: bool) -> str:
    """1105 → 千百五, or 一千一百零五 as in Chinese, where no place of 1 is left out and a gap is named."""
    written = ""
    for place, scale in zip((1000, 100, 10, 1), "千百十 ", strict=True):
        digit = number // place % 10
        if digit:
            bare = digit == 1 and place > 1 and (not chinese or number < 20)
            written += ("" if bare else "一二三四五六七八九"[digit - 1]) + scale.strip()
        elif chinese and written and number % place:
            written += "零"
    return re.sub("零+", "零", written)


@pytest.mark.parametrize(
    "piece",
    [
        *"1 1, 1,234, 1. 1- 1~ 1: 0- 9:0 0120- (0 a. a- a@ a/ ½ ① … ー 一 十 千 万 5百 1万 個 一個半 午後1時~".split(),
        *("2024-", "1 ", "+81 ", "5 p.m. - ", "may 1 ", "one ", "one hundred and ", "million ", " ", "\n"),
    ],
)
def test_a_long_run_of_signs_is_read_without_going_back_and_forth(piece: str) -> None:
    """A pattern that tries every way to split such a run would not come to an end in the lifetime of a test run."""
    text = piece * 5_000  # and Python reads no integer of so many digits
    assert missing_values(text, [text]) == []


# ---- the corpus ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_translation_has_the_values_of_its_source(language: str) -> None:
    with (TRANSLATIONS / f"{language}.po").open("rb") as file:
        pairs = [(message.id, message.string) for message in read_po(file) if message.id and message.string]
    assert len(pairs) > 1_000
    assert [(source, text) for source, text in pairs if missing_values(text, [source])] == []
    assert [(source, text) for source, text in pairs if missing_values(source, [text])] == []


# ---- where values stand --------------------------------------------------------------------------------------------


def test_a_mention_keeps_both_ends_of_a_range_and_how_they_were_written() -> None:
    hours, number = mentions("受付は午前９時〜午後５時、電話は(03)1234-5678です。")[::-1]
    assert (hours.written, [value.text for value in hours.values]) == ("午前9時~午後5時", ["9:00", "17:00"])
    assert (number.written, [value.text for value in number.values]) == ("(03)1234-5678", ["0312345678"])


@given(st.text(alphabet="0123456789:〜-.時間円%@amzon午後 ", max_size=40))
def test_the_values_of_a_text_are_those_of_its_mentions(text: str) -> None:
    assert set(values(text)) == {value for mention in mentions(text) for value in mention.values}
