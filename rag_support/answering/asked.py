"""What kind of answer a question asks for, and which kinds a statement holds: hours, money, a duration, a procedure …

Surface cues in the three languages on the question's side, values on the statement's. A question without any cue is
answered by what matches it best. Source of the idea: answer typing, as in Li and Roth, COLING 2002.
"""

import re
from functools import lru_cache
from typing import Literal

from rag_support.retrieval.tokens import fold
from rag_support.values import values
from rag_support.values.topics import Topic, topics_of

AskedKind = Topic | Literal["procedure"]


def _cue(pattern: str) -> re.Pattern[str]:
    """Texts are folded first: lower case, one form for each Han character (電話 and 电话 are both 电话)."""
    return re.compile(fold(pattern))


_CUES: dict[AskedKind, re.Pattern[str]] = {
    "telephone": _cue(
        r"电话番号|何番|(?<![文せ员])番号(?:[はをが]|教え|知り)|电话号|客服电话(?:是|多少|几号|[?？]?$)|热线|哪个号码|号码是|打哪个|"
        r"(?:tele)?phone n(?:umber|o\b)|number (?:do|can|should) i|which number|what number|hotline|number to call"
    ),
    "hours": _cue(
        r"何时(?!も)|受付时间|营业时间|对应时间|[开闭][馆店]时间|时间带|夜中|深夜|夜[はもにで]|早朝|24时间|いつでも|几点|服务时间|受理时间|"
        r"上班时间|24小时|半夜|晚上|什么时候|时间は|"
        r"\bhours?\b|what time|\bopen\b(?! (?:an?|the|my|it|up)\b)|\bclosed?\b|24/7|midnight|at night|around the clock"
    ),
    "percentage": _cue(r"何%|何パーセント|割合|满足度|百分|满意|per ?cent|%|satisf|比率"),
    "domain": _cue(r"ドメイン|domain|域名|网域|@|后缀|送信元|差出人|sender|发件人|寄件"),
    "money": _cue(
        r"いくら|料金|费用|何円|值段|价格|金额|手数料|送料|代金|罚金|延滞|无料|有料|タダ|ただ(?:で|です|なの|\?|$)|"
        r"how much(?! (?:time|longer))|\bcosts?\b|\bfees?\b|\bprices?\b|\bcharged?\b|\bfree\b|\bpay\b|\bfine[sd]?\b|"
        r"多少钱|收费|免费|要钱|花钱|几块|罚款|运费|邮费|手续费"
    ),
    "duration": _cue(
        r"どの(?:くらい|ぐらい)|どれ(?:くらい|ぐらい|だけ)|何分|何时间|何日|何年|何(?:か|ヶ|カ|ケ)月|何周间|いつまで|期间|期限|日数|时期|待ち时间|等待时间|有效|"
        r"how long|how many (?:minutes|hours|days|weeks|months|years)|\bwithin\b|until when|deadline|\bvalid|\bexpir|"
        r"多久|多长|几天|几分钟|几(?:个)?小时|多少(?:天|分钟|小时)|几年|几个月|最晚"
    ),
    "date": _cue(
        r"いつ(?!も|でも)|何月|何日|何曜|日程|时期|休馆日?|休み|定休|\bwhen\b|what da(?:y|te)s?|which da(?:y|te)s?|"
        r"什么时候|哪天|几号|几月|星期几|周几|哪几天|休息日|截止"
    ),
    "count": _cue(
        r"何(?:件|人|名|枚|册|点|台|回|个|つ|箇所|か所|ヶ所|种类|本|席|度|社|カ国)|いくつ|上限|最大|"
        r"how many(?! (?:minutes|hours|days|weeks|months|years))|how often|number of|at most|maximum|\blimit\b|"
        r"几(?:张|本|个(?!月|小时)|件|次|人|台|种|位|家|册|部|盘)|多少(?:人|个|本|张|件|次|台|种|册)|最多"
    ),
    "procedure": _cue(
        r"方法|手顺|やり方|どうやって|どうすれば|どうしたら|仕方|流れ|したい|たいです|手续き|には[?。]?$|"
        r"\bhow (?:do|can|to|should|would)\b|\bsteps?\b|procedure|what should i do|what (?:do|can) i do|"
        r"怎么|如何|怎样|步骤|流程|咋"
    ),
}

_COMPARISON = _cue(
    r"違い|違う|どっち|どちら|比べ|比較|と.{1,12}の差|\bcompar|\bdifferen|\bbetter\b|\bvs\b|\bversus\b|\bor\b.*\bwhich\b|"
    r"\bwhich\b.*\bor\b|区别|不同|比较|对比|哪个(?:更|比较)?[好快]|哪种"
)


def compares(question: str) -> bool:
    """Whether a question sets things side by side."""
    return _COMPARISON.search(fold(question)) is not None


# where a number is to be found is not the number
_WHERE = _cue(
    r"どこで|调べ(?:方|られ|たい|る)|\bwhere\b.{0,16}\b(?:find|look|check|see|get|listed)\b|\blook up\b|"
    r"哪(?:里|儿)?.{0,3}[查找看]"
)

# who only tells what went wrong asks what to do: 「荷物が壊れていた」, "my parcel arrived damaged", 包裹坏了
_PROBLEM = _cue(
    r"(?:ちゃった|じゃった|しまった|しまいました|(?:て|で)(?:い|お)?(?:た|ました)|ません|どうしよう)[。.!…]*$|"
    r"^(?:my|our|the|i(?:'ve| have)?|we(?:'ve| have)?)\b[^?]*$|\bwhat now\b|"
    r"[坏碎丢错漏]了[。.!…]*$|没[^吗么呢啊?]{1,6}[。.!…]*$"
)


@lru_cache(maxsize=1024)
def asked_kinds(question: str) -> frozenset[AskedKind]:
    text = fold(question)
    kinds = frozenset(kind for kind, cue in _CUES.items() if cue.search(text))
    if _WHERE.search(text):
        kinds -= {"telephone", "domain"}
    return kinds or (frozenset({"procedure"}) if _PROBLEM.search(text) else kinds)


_FREE = _cue(r"无料|有料|[全半]额|料金はかかり|费用はかかり|料はいただ|\bfree\b|no (?:fee|charge)|免费|不收费|收费")
_DAYS = _cue(
    r"[月火水木金土日]曜|平日|土日|祝日|周末|毎日|年中无休|年末年始|\b(?:mon|tues|wednes|thurs|fri|satur|sun)days?\b|weekday|"
    r"weekend|holiday|星期|周[一二三四五六日]|工作日|每天"
)
_SOME_TIME = _cue(
    r"数(?:秒|分|时间|日|周间)|几(?:秒|分钟|(?:个)?小时|天)内|(?:several|a few|within) (?:minutes|hours|days)"
)

# a source that says that it does not state a thing has answered the question for it
_UNSTATED = _cue(
    r"(?:記載|記述|説明|案内|定め|情報)[がはも](?:あり|ござい)ません|(?:明記|記載|説明|公表|公開)され?て(?:い|おり)ません|"
    r"(?:not|n't) (?:state|say|specif|mention|give)|没有(?:记载|说明|写明|提及|公布)|未(?:记载|说明|写明|提及|公布)"
)


@lru_cache(maxsize=8192)
def answered_kinds(text: str) -> frozenset[AskedKind]:
    """The kinds of answer that a statement holds, or says that the source does not state."""
    return held_kinds(text) | asked_kinds(text) - {"procedure"} if says_unstated(text) else held_kinds(text)


def says_unstated(text: str) -> bool:
    """Whether a statement says that the source does not state something."""
    return _UNSTATED.search(fold(text)) is not None


@lru_cache(maxsize=8192)
def held_kinds(text: str) -> frozenset[AskedKind]:
    """The kinds of answer that a statement holds."""
    found: set[AskedKind] = set()
    for value in values(text):
        found.update(topics_of(value))
    folded = fold(text)
    if _FREE.search(folded):
        found.add("money")
    if _DAYS.search(folded):
        found.add("date")
    if _SOME_TIME.search(folded):
        found.add("duration")
    return frozenset(found)
