"""Simplified Chinese as it is written in Taiwan."""

import pytest

from rag_support.ingest.traditional import TraditionalWriter


def written(text: str, *rows: tuple[str, str]) -> str:
    glossary = [{"zh-Hans": [simplified], "zh-Hant": [traditional]} for simplified, traditional in rows]
    return TraditionalWriter(glossary).convert(text)


def test_words_are_those_of_taiwan() -> None:
    assert written("请用软件发送短信。") == "請用軟體傳送簡訊。"


def test_the_glossary_has_the_last_word() -> None:
    assert written("注销账户", ("注销账户", "刪除帳戶")) == "刪除帳戶"


@pytest.mark.parametrize("text", ["请立即修改密码，并联系客服。", "联系客服"])
def test_and_contact_is_not_read_as_in_parallel(text: str) -> None:
    assert "聯絡客服" in written(text)


def test_labels_of_the_japanese_screen_stay() -> None:
    assert written("选择「問題を報告」。") == "選擇「問題を報告」。"
