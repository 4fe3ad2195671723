"""What kind of answer a question asks for: a telephone number, hours, a percentage, a domain, a procedure.

Surface cues in the three languages; a question without any is answered by what matches it best.
"""

import re
from functools import lru_cache
from typing import Literal

from rag_support.answering.values import ValueKind
from rag_support.retrieval.tokens import fold

AskedKind = ValueKind | Literal["procedure"]

# the text is folded first: lower case, one form for each Han character (電話 and 电话 are both 电话)
_CUES: dict[AskedKind, re.Pattern[str]] = {
    "telephone": re.compile(
        r"电话番号|何番|番号[はをが]|电话号|客服电话|热线|哪个号码|号码是|打哪个|"
        r"(?:tele)?phone n(?:umber|o\b)|number (?:do|can|should) i|which number|what number|hotline|number to call"
    ),
    "hours": re.compile(
        r"何时(?!も)|受付时间|营业时间|对应时间|时间带|夜中|深夜|早朝|24时间|いつでも|几点|服务时间|受理时间|"
        r"上班时间|24小时|半夜|什么时候|时间は|"
        r"\bhours?\b|what time|\bopen\b|\bclosed?\b|24/7|midnight|at night|around the clock"
    ),
    "percentage": re.compile(r"何%|何パーセント|割合|满足度|百分|满意|per ?cent|%|satisf|比率"),
    "domain": re.compile(r"ドメイン|domain|域名|网域|@|后缀|送信元|差出人|sender|发件人|寄件"),
    "procedure": re.compile(
        r"方法|手顺|やり方|どうやって|どうすれば|どうしたら|仕方|流れ|したい|たいです|手续き|"
        r"\bhow (?:do|can|to|should|would)\b|\bsteps?\b|procedure|what should i do|what (?:do|can) i do|"
        r"怎么|如何|怎样|步骤|流程|咋"
    ),
}


@lru_cache(maxsize=1024)
def asked_kinds(question: str) -> frozenset[AskedKind]:
    text = fold(question)
    return frozenset(kind for kind, cue in _CUES.items() if cue.search(text))
