import time
from pathlib import Path

import pytest
from blocks import assert_contract, contents, header, headings, words
from hypothesis import given
from hypothesis import strategies as st

from rag_support.ingest.line_shapes import LONGEST_HEADING_CHARS
from rag_support.ingest.plain_text import plain_text_blocks
from rag_support.types import Block

SAMPLES = Path(__file__).parent / "samples"


def sample(name: str) -> tuple[str, tuple[Block, ...]]:
    text = (SAMPLES / name).read_text("utf-8")
    blocks = plain_text_blocks(text)
    assert_contract(text, blocks)
    return text, blocks


def section(text: str, blocks: tuple[Block, ...], title: str) -> list[tuple[str, str]]:
    return [found for block, found in zip(blocks, contents(text, blocks), strict=True) if title in block.heading]


def shapes(text: str) -> list[tuple[str, str]]:
    return contents(text, plain_text_blocks(text))


def test_library_guide_has_the_headings_a_reader_sees() -> None:
    _, blocks = sample("library.txt")
    assert [path[-1] for path in headings(blocks)] == [
        "みなと台市立図書館", "はじめて利用する方へ", "開館時間", "利用者カードの作り方", "必要な書類",
        "貸出と返却", "借りられる点数と期間", "返却の方法", "延長の方法", "よくある質問",
        "カードをなくしたときはどうすればよいですか？", "予約した本はいつまで取り置いてもらえますか？",
        "図書館で勉強してもよいですか？", "アクセス",
    ]  # fmt: skip
    assert ("みなと台市立図書館", "貸出と返却", "返却の方法") in headings(blocks)


def test_library_menu_stays_a_list_and_footer_makes_no_headings() -> None:
    text, blocks = sample("library.txt")
    items = [found for kind, found in contents(text, blocks) if kind == "item"]
    assert {"ホーム", "利用案内", "サイトマップ", "リンク集"} <= set(items)


def test_library_table_with_single_spaces() -> None:
    text, blocks = sample("library.txt")
    rows = [block for block in blocks if block.kind == "row" and "開館時間" in block.heading]
    assert len(rows) == 4
    assert words(text, rows[3]) == ["駅前分館", "7:30〜21:00", "9:00〜18:00", "045-555-0134"]
    assert header(text, rows[3]) == ["館名", "平日", "土日祝", "電話番号"]


def test_library_steps_notes_and_pairs() -> None:
    text, blocks = sample("library.txt")
    assert [block.number for block in blocks if block.kind == "step"] == [1, 2, 3]
    assert ("note", "年末年始と特別整理期間は休館します。") in section(text, blocks, "開館時間")
    assert ("row", "電話|045-555-0101") in section(text, blocks, "アクセス")


def test_clinic_page_without_blank_lines_inside_sections() -> None:
    text, blocks = sample("clinic.txt")
    title = "あおぞら内科クリニックのご案内"
    assert headings(blocks)[:4] == [
        (title,),
        (title, "診療時間"),
        (title, "初めて受診される方へ"),
        (title, "初めて受診される方へ", "持ち物"),
    ]
    (first, second) = [block for block in blocks if block.kind == "row" and "診療時間" in block.heading]
    assert header(text, first) == ["診療時間", "月", "火", "水", "木", "金", "土"]
    assert words(text, second) == ["15:00〜18:30", "○", "○", "休", "休", "○", "休"]


def test_clinic_steps_carry_their_details() -> None:
    text, blocks = sample("clinic.txt")
    steps = [block for block in blocks if block.kind == "step" and "初めて受診される方へ" in block.heading]
    assert [block.number for block in steps] == [1, 2, 3, 4]
    assert words(text, steps[1]) == ["問診票の記入", "現在の症状と、飲んでいる薬を書きます。"]


def test_clinic_wrapped_paragraph_is_one_and_its_lines_are_no_headings() -> None:
    text, blocks = sample("clinic.txt")
    paragraph = next(block for block in blocks if "予防接種" in block.heading and block.kind == "paragraph")
    assert len(words(text, paragraph)) == 4
    assert words(text, paragraph)[3] == "当日に37.5度以上の熱\nがある方は接種できません。"


def test_clinic_questions_head_their_answers() -> None:
    text, blocks = sample("clinic.txt")
    found = section(text, blocks, "クレジットカードは使えますか？")
    assert found[1:] == [("paragraph", "申し訳ございませんが、現金のみのお取り扱いです")]
    assert ("row", "電話番号|047-555-0180") in section(text, blocks, "アクセス")


def test_clinic_header_with_figures_in_its_names() -> None:
    text, blocks = sample("clinic.txt")
    rows = [block for block in blocks if block.kind == "row" and "費用の目安" in block.heading]
    assert header(text, rows[0]) == ["項目", "３割負担", "１割負担"]
    assert words(text, rows[2]) == ["インフルエンザ検査", "約2,500円", "約840円"]


def test_shop_contents_list_is_items_and_does_not_hold_the_document() -> None:
    text, blocks = sample("shop.txt")
    shop = "ことり文具オンラインショップ ヘルプ"
    assert section(text, blocks, "目次")[1:] == [
        ("item", "ご注文について"),
        ("item", "お支払いについて"),
        ("item", "配送について"),
        ("item", "返品と交換"),
    ]
    assert (shop, "1. ご注文について", "1-1 注文の方法") in headings(blocks)
    assert (shop, "4. 返品と交換") in headings(blocks)


def test_shop_tables_lists_and_tags() -> None:
    text, blocks = sample("shop.txt")
    rows = [block for block in blocks if block.kind == "row" and "2. お支払いについて" in block.heading]
    assert words(text, rows[1]) == ["コンビニ払い", "220円", "注文から7日以内"]
    assert header(text, rows[1]) == ["お支払い方法", "手数料", "お支払いの時期"]
    assert ("item", "セール品") in section(text, blocks, "4. 返品と交換")
    assert {"万年筆", "付箋"} <= {found for kind, found in contents(text, blocks) if kind == "item"}
    assert ("note", "5,000円（税込）以上のご注文は送料無料です。") in contents(text, blocks)


def test_shop_question_between_blank_lines_heads_its_answer() -> None:
    text, blocks = sample("shop.txt")
    assert section(text, blocks, "配送状況はどこで確認できますか？") == [
        ("heading", "配送状況はどこで確認できますか？"),
        ("paragraph", "発送完了メールに記載の追跡番号を、運送会社のサイトで入力してください。"),
    ]


def test_article_with_a_long_title_and_a_contents_list() -> None:
    text, blocks = sample("article.txt")
    title = (
        "ことり通販カスタマーサービス完全ガイド｜電話・チャット・メールの問い合わせ方法と対応時間を解説【2024年最新】"
    )
    assert headings(blocks)[0] == (title,)
    assert [path[-1] for path in headings(blocks)[1:]] == [
        "目次",
        "ことり通販カスタマーサービスとは？基本と特徴",
        "カスタマーサービスの概要",
        "他社との比較",
        "電話での問い合わせ方法",
        "電話番号一覧",
        "よくある質問",
        "電話は無料ですか？",
        "英語で話せますか？",
        "まとめ",
    ]
    assert ("item", "配送状況の確認") in section(text, blocks, "カスタマーサービスの概要")


def test_article_table_with_every_cell_on_its_own_line() -> None:
    text, blocks = sample("article.txt")
    rows = [block for block in blocks if block.kind == "row" and "電話番号一覧" in block.heading]
    assert [words(text, row) for row in rows] == [
        ["総合窓口", "0120-000-373", "24時間"],
        ["海外から", "011-000-3000", "6:00～24:00"],
    ]
    assert header(text, rows[0]) == ["窓口名", "電話番号", "受付時間"]


def test_a_table_copied_with_single_spaces_below_its_caption() -> None:
    text = (
        "他社との比較\n"
        "サービス名 対応時間 問い合わせ方法 サポート言語 満足度\n"
        "ことり社 24時間 電話, チャット, メール 多言語 93%\n"
        "大手甲社 9:00 〜 18:00 電話、メール 日本語のみ 81%\n"
        "このように、対応時間には差があります。\n"
    )
    blocks = plain_text_blocks(text)
    assert [kind for kind, _ in contents(text, blocks)] == ["heading", "row", "row", "paragraph"]
    assert words(text, blocks[1])[2] == "電話, チャット, メール"
    assert words(text, blocks[2])[1] == "9:00 〜 18:00"
    assert header(text, blocks[2])[4] == "満足度"


def test_rows_of_different_length_are_no_table() -> None:
    text = "朝 昼 夜\n和食 洋食\n"
    assert "row" not in [kind for kind, _ in shapes(text)]


def test_label_and_value_on_one_line_have_no_header() -> None:
    text = "窓口のご案内\n\n電話\t03-5555-0100\n受付\t9:00〜17:00\n"
    blocks = plain_text_blocks(text)
    assert contents(text, blocks)[1:] == [("row", "電話|03-5555-0100"), ("row", "受付|9:00〜17:00")]
    assert blocks[1].header == ()


def test_a_table_of_words_only_needs_a_name_for_its_columns() -> None:
    text = "項目 見分け方\n件名 不自然な言い回し\n差出人 知らないアドレス\n本文を開かないでください。\n"
    blocks = plain_text_blocks(text)
    assert contents(text, blocks)[:2] == [("row", "件名|不自然な言い回し"), ("row", "差出人|知らないアドレス")]
    assert header(text, blocks[0]) == ["項目", "見分け方"]
    assert "row" not in [kind for kind, _ in shapes(text.replace("項目", "春の"))]


def test_a_rating_and_its_remark_are_one_cell() -> None:
    text = "状況 可否 連絡先\n発送前 ○ 可能 電話\n発送後 × 不可 メール\n"
    assert shapes(text) == [("row", "発送前|○ 可能|電話"), ("row", "発送後|× 不可|メール")]


def test_numbers_with_text_between_them_are_headings() -> None:
    text = "案内\n\n1. 予約\n予約は前日までに行います。\n2. 受付\n受付は三階です。\n"
    assert headings(plain_text_blocks(text)) == [("案内",), ("案内", "1. 予約"), ("案内", "2. 受付")]


def test_numbers_in_a_row_are_steps() -> None:
    text = "手続きは次のとおりです。\n1. 予約\n2. 受付\n3. 会計\n"
    assert shapes(text)[1:] == [("step", "予約"), ("step", "受付"), ("step", "会計")]


def test_chapters_and_sections_nest() -> None:
    text = "第1章 利用\n第1節 登録\n登録は無料です。\n第2節 更新\n更新は毎年です。\n第2章 退会\n退会は自由です。\n"
    assert headings(plain_text_blocks(text)) == [
        ("第1章 利用",),
        ("第1章 利用", "第1節 登録"),
        ("第1章 利用", "第2節 更新"),
        ("第2章 退会",),
    ]


def test_q_and_a_marks_on_lines_of_their_own() -> None:
    text = "Q\n返品できますか\nA\nはい、できます。\n送料は当店が負担します。\n"
    assert shapes(text)[:2] == [("heading", "返品できますか"), ("paragraph", "はい、できます。")]


def test_a_bullet_alone_on_its_line_joins_the_line_below() -> None:
    assert shapes("持ち物\n•\n水筒\n•\n帽子\n")[1:] == [("item", "水筒"), ("item", "帽子")]


def test_a_list_of_questions_is_a_list_until_one_is_answered() -> None:
    text = "送料はいくらですか？\n返品できますか？\n領収書は出ますか？\n\n送料はいくらですか？\n全国一律550円です。\n"
    assert [kind for kind, _ in shapes(text)] == ["item", "item", "item", "heading", "paragraph"]


def test_a_long_passage_is_one_paragraph_of_sentences() -> None:
    passage = "奈良は古い都である。" * 30
    ((kind, found),) = shapes(passage)
    assert kind == "paragraph"
    assert found.count("|") == 30 - 1


@pytest.mark.parametrize("width", [20, 24, 38])
def test_a_wrapped_passage_is_one_paragraph_without_headings(width: int) -> None:
    passage = (
        "図書館では、どなたでも無料で本を借りることができます。貸出の期間は二週間で、次の予約がなければ一度だけ延長できます。"
        "延長の手続きは、窓口のほか、電話でも受け付けています。期限を過ぎた本があるときは、新しい本を借りることができません。"
    )
    text = "\n".join(passage[at : at + width] for at in range(0, len(passage), width))
    assert [kind for kind, _ in shapes(text)] == ["paragraph"]


def test_a_line_that_ends_a_sentence_ends_its_paragraph() -> None:
    assert [kind for kind, _ in shapes("一つ目の段落です。\n二つ目の段落です。\n")] == ["paragraph", "paragraph"]


def test_blank_text_has_no_blocks() -> None:
    assert plain_text_blocks(" \n　\n") == ()


PIECES = st.sampled_from(
    ["\n", "\n\n", " ", "　", "\t", "  ", "あ", "漢字", "abc", "12", "9:00", "。", "？", "、", "：", "・", "※",
     "①", "1. ", "(1)", "■", "【", "】", "第1章 ", "1-2 ", "STEP 1", "Q. ", "A. ", "- ", "|", "「", "」", "# ",
     "開館時間", "です。", "\u2028", "\x0b", "\x1c"]
)  # fmt: skip


@given(st.lists(PIECES, max_size=60).map("".join) | st.text(max_size=200))
def test_any_text_gives_blocks_that_keep_the_contract(text: str) -> None:
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    assert_contract(text, plain_text_blocks(text))


@pytest.mark.parametrize(
    "unit", ["[", "|", "「", "あ い\n", "a\tb\n", "> a\n", "あ\n\n", "■ あ\n", "1. \n", "・", "あ？\n"]
)
def test_time_grows_with_the_text_and_no_faster(unit: str) -> None:
    text = (unit * 100_000)[:100_000]
    began = time.perf_counter()
    assert_contract(text, plain_text_blocks(text))
    assert time.perf_counter() - began < 12


def test_a_line_too_long_to_head_anything_is_running_text() -> None:
    text = f"Q. {'あ' * LONGEST_HEADING_CHARS}い？\n\n本文です。\n"
    assert [block.kind for block in plain_text_blocks(text)] == ["paragraph", "paragraph"]
    assert plain_text_blocks(text.replace("い", "").replace("あ", "", 1))[0].kind == "heading"
