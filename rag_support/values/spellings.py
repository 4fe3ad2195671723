"""How values are written in Japanese, English and Chinese: tables only, in folded spelling (see values.fold).

A new unit, currency, counter or time of day is one more word here; number_words.py and reading.py read by these tables.
"""

from decimal import Decimal

# ---- units ---------------------------------------------------------------------------------------------------------

# unit as written → its name and factor
UNITS: dict[str, tuple[str, Decimal]] = {
    spelling.replace("_", " "): (unit, Decimal(factor))
    for unit, factor, spellings in (
        ("second", 1, "秒間 秒 秒钟 秒鐘 seconds second secs sec"),
        ("minute", 1, "分間 分 分钟 分鐘 minutes minute mins min"),
        ("minute", 60, "時間 小時 小时 个小时 個小時 钟头 鐘頭 hours hour hrs hr h"),
        ("day", 1, "日間 日 天 days day"),
        ("day", 7, "週間 周間 週 周 星期 个星期 個星期 礼拜 禮拜 weeks week"),
        ("business day", 1, "営業日 营业日 營業日 个营业日 工作日 个工作日 個工作日 business_days business_day"),
        ("business day", 1, "working_days working_day"),
        ("month", 1, "か月 ヶ月 カ月 ケ月 ヵ月 箇月 个月 個月 月 months month"),
        ("year", 1, "年間 年 歳 岁 歲 years year"),
        ("percent", 1, "% パーセント percent per_cent"),
        ("percent", 10, "割 成"),
        ("count", 1, "件 人 名 つ 個 个 回 種類 种类 種 种 項目 项目 項 项 冊 册 枚 席 室 階"),
        ("jpy", 1, "円 日元 日圆 日圓 yen jpy"),
        ("cny", 1, "元 人民币 人民幣 yuan rmb cny"),
        ("usd", 1, "ドル 美元 dollars dollar usd"),
        ("eur", 1, "ユーロ 欧元 歐元 euros euro eur"),
        ("gbp", 1, "ポンド 英镑 英鎊 pounds pound gbp"),
        ("krw", 1, "ウォン 韩元 韓元 won krw"),
        ("hkd", 1, "香港ドル 港元 港币 港幣 hkd"),
        ("twd", 1, "台湾ドル 台币 台幣 新台币 新台幣 twd"),
        *((size, 1, size) for size in ("kb", "mb", "gb", "tb", "kg", "mm", "cm", "km")),
    )
    for spelling in spellings.split()
}  # fmt: skip
# characters that make another word of a unit before them: 3分の2, 1日本, 9成分; no Latin letter goes on after any unit
OTHER_WORDS = {
    "成": "分员員立長长为為功果本就交人年熟品都绩績语語", "分": "の之野类類割別别岐店散析配担", "日": "本語语",
    "月": "曜", "天": "猫堂下然气気空", "年": "齢龄代", "周": "年囲辺波", "週": "末刊", "割": "合", "元": "素",
    "人": "工民气気間", "個": "性", "个": "性", "名": "称前義字", "回": "答線线路", "円": "周滑",
}  # fmt: skip
CURRENCIES = {"¥": "¥", "$": "usd", "us$": "usd", "hk$": "hkd", "nt$": "twd", "€": "eur", "£": "gbp", "rmb": "cny"} | {
    code: code for code in ("jpy", "cny", "usd", "eur", "gbp", "krw", "hkd", "twd")
}

# ---- times and dates -----------------------------------------------------------------------------------------------

# time of day → the hours (first, last) that are 12 later on a clock of 24, and what 12 o'clock is then
DAYPARTS: dict[str, tuple[int, int, int]] = {
    word: hours
    for words, hours in (
        ("午後 下午 pm afternoon", (0, 11, 12)),
        ("中午 お昼 昼", (1, 5, 12)),
        ("夜間 夜 晚上 晚 晩 夕方 傍晚 evening night", (4, 11, 0)),
        ("深夜 真夜中 夜中 半夜 午夜", (8, 11, 0)),
        ("午前 朝 早上 早 早朝 清晨 凌晨 未明 am morning", (13, 12, 0)),
        ("上午", (13, 12, 12)),
    )
    for word in words.split()
}
MONTHS = {
    month: number
    for number, months in enumerate(
        "january jan|february feb|march mar|april apr|may|june jun|july jul|august aug|september sept sep|"
        "october oct|november nov|december dec".split("|"),
        start=1,
    )
    for month in months.split()
}
ERAS = {"令和": 2018, "平成": 1988, "昭和": 1925, "民国": 1911, "民國": 1911}  # the year before the first

# ---- numbers in words ----------------------------------------------------------------------------------------------

SCALES = {
    "十": 10, "百": 100, "千": 1_000, "万": 10_000, "萬": 10_000, "億": 10**8, "亿": 10**8, "兆": 10**12,
    "hundred": 100, "thousand": 1_000, "million": 10**6, "billion": 10**9,
}  # fmt: skip
HAN_DIGITS = {
    "〇": 0, "零": 0, "一": 1, "二": 2, "两": 2, "兩": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9,
}  # fmt: skip
ENGLISH_NUMBERS = {
    word: number
    for number, word in enumerate(
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
        "seventeen eighteen nineteen".split()
    )
} | {
    word: 10 * number
    for number, word in enumerate("twenty thirty forty fifty sixty seventy eighty ninety".split(), start=2)
}
# Patterns of what follows a numeral in Chinese characters. Before a unit 一 is a number; before a counter
# it is mostly grammar.
HAN_UNIT = (
    "時間|[個个]半|[個个]?小[時时]|钟头|鐘頭|分間|分钟|分鐘|秒|[点點][钟鐘]|[時点點]半|円|日元|%|パーセント|割|成(?![不分员員立長长])|"
    "週間|周間|[個个]?星期|[かヶカケヵ箇個个]月|月|年間|[個个]?(?:営業日|营业日|營業日|工作日)|(?:日|天|年|周)[以之]?[内間间]"
)
HAN_COUNTER = (
    "週|周|年|日|号|號|天|時|时|点|點|つ|個|个|人|名|位|件|回|次(?![元会])|種|种|台|番(?!組)|項|项|倍|枚|本(?!木)|社|步|歩|"
    "元(?![化素])|条|條|家(?!族)|大|言語|[かヶカケヵ箇]国|[かヶカケヵ箇]所|段階"
)
