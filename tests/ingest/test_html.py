import time

import pytest
from blocks import assert_contract, contents, header

from rag_support.errors import DocumentError
from rag_support.ingest.html import extract_html
from rag_support.ingest.markdown import markdown_blocks


def blocks_of(html: str | bytes) -> list[tuple[str, str]]:
    text = extract_html(html.encode() if isinstance(html, str) else html, "a.html").text
    blocks = markdown_blocks(text)
    assert_contract(text, blocks)
    return contents(text, blocks)


def test_structure_of_a_page() -> None:
    assert blocks_of(
        "<title>案内</title><body><nav>ホーム</nav><h1>利用案内</h1>"
        "<p>どなたでも\n使えます。<b>無料</b>です。</p>"
        "<ul><li>本<ul><li>絵本</li></ul></li><li>雑誌</li></ul>"
        "<ol start='3'><li>開く。</li><li><p>押す。</p></li></ol>"
        "<blockquote><p>注意です。</p></blockquote><pre>a\n b</pre><footer>脚</footer><script>x</script>"
    ) == [
        ("heading", "利用案内"),
        ("paragraph", "どなたでも使えます。|無料です。"),
        ("item", "本"),
        ("item", "絵本"),
        ("item", "雑誌"),
        ("step", "開く。"),
        ("step", "押す。"),
        ("note", "注意です。"),
        ("code", "a\n b"),
    ]


def test_a_table_with_spans_and_without_header() -> None:
    html = (
        "<table><tr><th>館</th><th>時間</th></tr>"
        "<tr><td rowspan='2'>中央</td><td>9|10時</td></tr><tr><td>11時</td></tr></table>"
        "<table><tr><th>電話</th><td>03</td></tr></table>"
    )
    text = extract_html(html.encode(), "a.html").text
    blocks = markdown_blocks(text)
    assert contents(text, blocks) == [("row", "中央|9｜10時"), ("row", "中央|11時"), ("row", "電話|03")]
    assert [header(text, block) for block in blocks] == [["館", "時間"], ["館", "時間"], []]


def test_a_table_used_for_layout_is_read_as_text() -> None:
    html = "<table><tr><td><h2>左</h2>左の文。</td><td><ul><li>右</li></ul></td></tr></table>"
    assert blocks_of(html) == [("heading", "左"), ("paragraph", "左の文。"), ("item", "右")]


def test_questions_of_details_and_definition_lists_are_headings_side_by_side() -> None:
    html = "<h2>質問</h2><details><summary>一？</summary><p>はい。</p></details><dl><dt>二？</dt><dd>いいえ。</dd></dl>"
    text = extract_html(html.encode(), "a.html").text
    paths = [block.heading for block in markdown_blocks(text)]
    assert paths == [("質問",), ("質問", "一？"), ("質問", "一？"), ("質問", "二？"), ("質問", "二？")]


def test_hidden_words_comments_and_readings_are_left_out() -> None:
    html = (
        "<p hidden>隠</p><p style='display: none'>隠</p><!-- 注 --><p><ruby>返品<rt>へんぴん</rt></ruby>できます。</p>"
    )
    assert blocks_of(html) == [("paragraph", "返品できます。")]


@pytest.mark.parametrize("words", ["# 見出し", "1. 番号", "- 棒", "> 引用", "| 表 |", "```", "<b>", "---", "\\x"])
def test_words_that_look_like_markup_stay_words(words: str) -> None:
    escaped = words.replace("<", "&lt;")
    for tag in ("p", "li", "blockquote"):
        ((_, found),) = blocks_of(f"<{tag}>{escaped}</{tag}>")
        assert found == words


def test_a_declared_encoding_is_honoured() -> None:
    html = "<meta charset='Shift_JIS'><p>返品できます①。</p>".encode("cp932")
    assert blocks_of(html) == [("paragraph", "返品できます①。")]


def test_words_outside_every_block_are_read() -> None:
    assert blocks_of("<body>返品<p>交換</p>返金</body>") == [
        ("paragraph", "返品"),
        ("paragraph", "交換"),
        ("paragraph", "返金"),
    ]


def test_an_undeclared_encoding_is_refused() -> None:
    with pytest.raises(DocumentError, match="Shift_JIS"):
        extract_html("<p>この文書は日本語で書かれた案内です。</p>".encode("cp932"), "a.html")


@pytest.mark.parametrize(
    "unit",
    ["<div>", "<b>", "<ul><li>", "<table><tr><td>", "<p>", "<!--", "<a href='", "&", "<br>", "<blockquote>", "<ruby>"],
)
def test_hostile_nesting_ends_soon(unit: str) -> None:
    began = time.perf_counter()
    try:
        text = extract_html(("<p>文。</p>" + unit * 20_000 + "文。").encode(), "a.html").text
    except DocumentError:
        text = ""
    assert_contract(text, markdown_blocks(text))
    assert time.perf_counter() - began < 15


def test_an_entity_bomb_is_inert() -> None:
    bomb = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]><p>&b;文。</p>'
    assert len(extract_html(bomb.encode(), "a.html").text) < 200
