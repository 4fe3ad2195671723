"""Words that turn a meaning round: negation, and pairs of opposites such as before and after, free and charged.

Two sentences may share nearly every word and say the opposite; these are the words that then differ. Surface cues in
three languages, looked for in folded text (lower case, one form for each Han character), so that a sentence can be
compared with its source in another language.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from rag_support.retrieval.tokens import fold


def _cue(*patterns: str) -> re.Pattern[str]:
    return re.compile(fold("|".join(patterns)))


# what looks like a negation and is none stands in the lookarounds: かもしれない, 少ない, なくなる; 不足, 能不能, 有没有
_NEGATION: Mapping[str, re.Pattern[str]] = {
    "ja": _cue(
        r"(?<!欠かせ)(?<!しれ)ません(?!か[?。])",
        r"(?<!少)(?<!しか)(?<!しれ)(?<!危)(?<!覚えの)(?<!当たりの)な(?:い(?!まま|よう)|く(?!な[りるっ])|かっ|ければ|し(?=[。、で]|$))",
        r"(?<=[わかがさたなばまらきしちにみりいえけせてねべめれ])(?<!をかけ)ず(?=[、に]|$)",
        r"不[可要能]|(?<![あ-ん])無[しい効断]|未(?![来明満])|禁止|対象外|[×✕]|[でき]かね",
    ),
    "en": _cue(
        r"\bnot?\b(?!\.| recogni| sure)|n['’]t\b|\bcannot\b|\bnever\b|\bnone\b|\bnothing\b|\bnobody\b|\bnor\b",
        r"\bwithout\b|\bneither\b|\bun(?:able|available|shipped|opened|used|paid|necessary)\b|\bimpossible\b|\bineligible\b|\bnon-",
        r"\bprohibited\b|\bforbidden\b|\bfails? to\b|\bavoid\b|[×✕]",
    ),
    "zh": _cue(
        r"(?<!能(?=不能))(?<!要(?=不要))(?<!是(?=不是))(?<!会(?=不会))(?<![差之])"
        r"不(?![同良明足过仅但断久妨满正当论管佳安法易畅便擅]|自然|费周折|放心|确定)|并非|非(?=必|官方)",
        r"(?<!有)没|无(?![论障线休缝料])|未(?![来必成])|勿|莫|禁止|别(?=[再点打用去])|[×✕]",
    ),
}

# (one side, the other side) in all languages at once: a text holds few words of another
_OPPOSITES: Mapping[str, tuple[re.Pattern[str], re.Pattern[str]]] = {
    name: (_cue(one), _cue(other))
    for name, one, other in (
        (
            "time order",
            r"(?<![名午以])前に|以前|する前|の前|までに|\bbefore\b|\bprior to\b|之前|前(?=[，。、请])",
            r"の後|た後|以後|以降|[たて]から(?!の)|\bafter\b|\bonce\b|之后|以后|后(?=[，。、请也才])",
        ),
        (
            "bound",
            r"以内|以下|未満|\bwithin\b|\bat most\b|\bup to\b|\bless than\b|\bunder\b|之内|不超过|少于|低于",
            r"以上|超え|より長|\bat least\b|\bmore than\b|\bover\b|\blonger than\b|\bexceed|超过|多于|高于",
        ),
        (
            "price",
            r"無料|料金はかか[りら]|\bfree\b|\bno (?:charge|fee)\b|免费|不收费",
            r"有料|料金がかか|\bcharged\b|\bpaid\b|\bfor a fee\b|(?<!不)收费|付费",
        ),
        (
            "amount",
            r"多い|多く|多め|増え|増や|高い|高く|\bmore\b|\bmany\b|\bhigher?\b|\bincreas|较多|更多|比\w+多|增|高",
            r"少な|減[りらっ]|低い|低く|低下|\bfewer\b|\bless\b|\blower?\b|\bdecreas|\breduc|较少|更少|比\w+少|减|低",
        ),
        (
            "speed",
            r"早く|早い|速[いくや]|すぐ|\bfast|\bquick|\bimmediate|\bat once\b|\binstant|\bright away|快|马上|立[即刻]",
            r"遅[くいれ]|\bslow|\blater\b|\bdelay|慢|延迟|晚于",
        ),
        (
            "ease",
            r"簡単|やすい|やすく|\beas[yi]|\bsimple|简单|(?<!不)容易",
            r"困難|難し|にくい|にくく|づらい|\bhard(?: to|er|\b)|\bdifficult|难|不易|不容易",
        ),
        (
            "place",
            r"国内|\bdomestic|\bin japan\b|\bwithin japan\b",
            r"海外|国外|\babroad\b|\boverseas\b|\binternational",
        ),
        ("sameness", r"同じ|\bsame\b|相同|一样|同样的", r"異な|違[いうっ]|\bdiffer|\bvar(?:y|ies)\b|不同|因\w+而异"),
        ("day and night", r"日中|昼|\bdaytime\b|白天", r"夜|\bnight|夜间|深夜|半夜|晚上"),
        (
            "genuine",
            r"本物|正規|真正|\bgenuine\b|\breal\b|\bauthentic|真[邮正的]",
            r"偽|詐欺|\bfake\b|\bfraud|假[邮的冒]|欺诈",
        ),
        ("official", r"(?<!非)公式|\bofficial\b|(?<!非)官方", r"非公式|\bunofficial\b|非官方"),
        (
            "extent",
            r"すべて|全て|全員|どの\w+でも|いつでも|\ball\b|\bevery(?:one|body|thing)?\b|\bfully\b|所有|全部|任何|都可",
            r"一部|一定の|例外|\bsome\b|\bpart(?:ly|ial)?\b|\bexceptions?\b|部分|有些",
        ),
        (
            "certainty",
            r"必ず|常に|絶対|決して|\bmust\b|\balways\b|\bcertainly\b|\bguarantee|\bnever\b|一定(?!的)|绝|必定|总是",
            r"ことがあ|場合があ|かもしれ|可能性|\bmay\b|\bmight\b|\bsometimes\b|\bcan be\b|可能|有时|或许",
        ),
        ("keeping", r"保存|残[しす]|\bsave\b|\bkeep\b|保留", r"削除|消[しす]|\bdelet|\bremov|\berase|删除|清除"),
        (
            "beginning",
            r"開始|始[めま]|\bstart|\bbegin|\bopen(?:s|ed|ing)?\b|开始|打开",
            r"終了|終わ|停止|\bend(?:s|ed)?\b|\bstop|\bclos(?:e|ed|es|ing)\b|结束|停止|关闭",
        ),
        (
            "direction",
            r"送信|送[りっる]|\bsend|\bsent\b|发送|寄送",
            r"受信|受け取|届[いく]|\breceiv|\barriv|收到|接收",
        ),
        ("change", r"向上|改善|改良|\bimprov|提高|改进|改善", r"低下|悪化|\bworse|降低|恶化"),
    )
}
# a word that narrows what is said to one thing: added, it says more than its source
_ONLY = _cue(
    r"だけ(?!で(?!は|す))|のみ|しか(?=\w*な)|に限[りっる]|\bonly\b|\bsolely\b|\bexclusively\b|[只仅](?!要|需|是因)|唯一"
)


@dataclass(frozen=True, slots=True)
class Polarity:
    """What turns a text's meaning: its negations, which sides of which pairs of opposites it says, a narrowing word."""

    negations: int
    sides: Mapping[str, frozenset[int]]
    narrowed: bool

    def opposes(self, other: "Polarity") -> list[str]:
        """The pairs of which each text says a side, and none that the other says."""
        return [name for name, side in self.sides.items() if name in other.sides and not side & other.sides[name]]


@lru_cache(maxsize=8192)
def polarity_of(text: str, language: str) -> Polarity:
    """`language` is that of the text; in another than ja, en, zh and zh-Hant no negation is known."""
    folded = fold(text)
    negation = _NEGATION.get(language.partition("-")[0])
    sides = {
        name: frozenset(number for number, cue in enumerate(pair) if cue.search(folded))
        for name, pair in _OPPOSITES.items()
    }
    return Polarity(
        negations=len(negation.findall(folded)) if negation else 0,
        sides={name: side for name, side in sides.items() if side},
        narrowed=_ONLY.search(folded) is not None,
    )
