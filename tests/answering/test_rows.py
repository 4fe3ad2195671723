from collections.abc import Sequence

import pytest

from rag_support.answering.rows import named_rows
from rag_support.retrieval.tokens import query_terms
from rag_support.types import Span


def rows(*readings: str, language: str = "ja") -> list[Span]:
    return [Span("row", 0, 1, {language: reading}) for reading in readings]


FEES = rows(
    "大人（1時間：300円、3時間：700円）", "小人（1時間：150円、3時間：350円）", "高齢の方（1時間：200円、3時間：500円）"
)
JOBS = rows(
    "Associate (Japanese) (pay: hourly; work: shifts)",
    "Associate (multilingual) (pay: hourly; work: remote)",
    "Team leader (pay: monthly; work: office)",
    language="en",
)
METHODS = rows("電話リクエスト：◎", "チャット：○", "メール：△")
REMARKS = rows("電話：9時から18時まで（祝日を除く）", "手紙：3日から5日まで（離島を除く）")
PLAIN = rows("本、2週間、5冊", "雑誌、1週間、2冊")


@pytest.mark.parametrize(
    ("table", "question", "named"),
    [
        (FEES, "小人は3時間でいくら？", [1]),
        (FEES, "大人と小人の料金", [0, 1]),
        (FEES, "3時間券はいくら？", []),
        (JOBS, "What is the pay of multilingual associates?", [1]),
        (JOBS, "How much does an associate earn?", []),
        (METHODS, "電話とチャットはどちらが速い？", [1]),  # 電話リクエスト is not the telephone
        (REMARKS, "手紙はいつ届く？", [1]),
        (PLAIN, "雑誌は何冊まで？", [1]),
    ],
)
def test_what_tells_a_row_from_the_others_names_it(table: Sequence[Span], question: str, named: list[int]) -> None:
    assert named_rows(table, query_terms(question)) == named


def test_a_row_is_named_in_any_language_in_which_it_reads() -> None:
    table = [
        Span("row", 0, 1, {"ja": ja, "zh": zh}) for ja, zh in (("会員：9時", "会员：9点"), ("一般：10時", "普通：10点"))
    ]
    assert named_rows(table, query_terms("一般の人")) == named_rows(table, query_terms("普通用户")) == [1]


def test_a_table_of_one_row_names_nothing() -> None:
    assert named_rows(FEES[:1], query_terms("大人")) == []
