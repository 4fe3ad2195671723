"""What the service says in its own words, per language: refusals and the frames around untranslated quotations.

Everything else in an answer comes from the sources or their reviewed translations.
"""

from rag_support.answering.disputed import ALL_DAY, DisputedTopic
from rag_support.types import RefusalKind

REFUSALS: dict[str, dict[RefusalKind, str]] = {
    "ja": {
        "nothing_found": (
            "申し訳ございません。このご質問への回答は、ガイドに見つかりませんでした。"
            "言葉を変えてもう一度お試しいただくか、公式サイトのお問い合わせ窓口にご確認ください。"
        ),
        "out_of_scope": (
            "申し訳ございません。このご質問は、ガイドで扱っている内容ではないため、お答えできません。"
            "カスタマーサービスの利用方法についてのご質問をお寄せください。"
        ),
        "unverified": (
            "申し訳ございません。回答を原文と照合できなかったため、お答えを控えます。"
            "公式サイトのお問い合わせ窓口にご確認ください。"
        ),
        "language_unsure": (
            "ご質問の言語を判別できませんでした。日本語、英語、中国語のいずれかの文でお尋ねください。"
        ),
    },
    "en": {
        "nothing_found": (
            "Sorry, the guide does not answer this question. "
            "Please try other words, or contact support through the official website."
        ),
        "out_of_scope": (
            "Sorry, this question is outside what the guide covers, so I cannot answer it. "
            "Please ask about using customer service."
        ),
        "unverified": (
            "Sorry, I could not check an answer against the source, so I am not giving one. "
            "Please contact support through the official website."
        ),
        "language_unsure": (
            "I could not tell which language this is. Please ask a full question in Japanese, English or Chinese."
        ),
    },
    "zh-Hant": {
        "nothing_found": "很抱歉，指南中沒有找到這個問題的答案。您可以換個說法再試一次，或透過官方網站的客服窗口確認。",
        "out_of_scope": "很抱歉，這個問題不在指南涵蓋的範圍內，無法為您解答。歡迎您詢問與客服使用方式有關的問題。",
        "unverified": "很抱歉，未能將答案與原文核對一致，因此暫不提供答案。請您透過官方網站的客服窗口確認。",
        "language_unsure": "無法判斷您使用的語言。請您用日文、英文或中文的完整句子提問。",
    },
    "zh": {
        "nothing_found": "很抱歉，指南中没有找到这个问题的答案。您可以换一种说法再试，或通过官方网站的客服窗口确认。",
        "out_of_scope": "很抱歉，这个问题不在指南涵盖的范围内，无法为您解答。欢迎您咨询与客服使用方法有关的问题。",
        "unverified": "很抱歉，未能将答案与原文核对一致，因此暂不提供答案。请您通过官方网站的客服窗口确认。",
        "language_unsure": "未能判断您使用的语言。请您用日语、英语或中文的完整句子提问。",
    },
}  # fmt: skip

RELATED = {
    "ja": "ご質問への回答ではありませんが、関連する記載は次のとおりです。",
    "en": "This does not answer the question, but the guide says on related matters:",
    "zh": "以下内容并非对该问题的回答，仅为指南中的相关说明：",
    "zh-Hant": "以下內容並非對該問題的回答，僅為指南中的相關說明：",
}

UNTRANSLATED = {
    "ja": "原文には、次のように書かれています。",
    "en": "The source, which is in Japanese, says:",
    "zh": "以下为日语原文：",
    "zh-Hant": "以下為日文原文：",
}

SERVED_LANGUAGES = {
    "ja": "回答できる言語は、日本語、英語、中国語です。",
    "en": "Answers are available in Japanese, English and Chinese.",
    "zh": "可用日语、英语和中文为您解答。",
    "zh-Hant": "可用日文、英文和中文為您解答。",
}

TOPICS: dict[str, dict[DisputedTopic, str]] = {
    "ja": {"hours": "時間", "telephone": "電話番号", "percentage": "割合", "domain": "ドメイン"},
    "en": {"hours": "hours", "telephone": "telephone number", "percentage": "percentage", "domain": "domain"},
    "zh": {"hours": "时间", "telephone": "电话号码", "percentage": "比例", "domain": "域名"},
    "zh-Hant": {"hours": "時間", "telephone": "電話號碼", "percentage": "比例", "domain": "網域"},
}


_ALL_DAY = {"ja": "24時間", "en": "24 hours", "zh": "24小时", "zh-Hant": "24小時"}


def shown_value(value: str, language: str) -> str:
    """A value as disputed_values shows it, as it is written in a language: 6:00〜24:00, 24 hours."""
    return _ALL_DAY[language] if value == ALL_DAY else value.replace("~", "〜" if language == "ja" else "–")


def base_language(language: str) -> str:
    """The primary tag: "zh-Hant" → "zh"."""
    return language.partition("-")[0]
