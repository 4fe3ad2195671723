"""POST /v1/answers, field by field, in the three languages."""

import re
from itertools import pairwise

import httpx
import pytest
from running import CORPUS

TELEPHONE = {
    "ja": "電話番号を教えてください",
    "en": "What is the phone number?",
    "zh": "客服电话是多少？",
}
OUTSIDE = {
    "ja": "サワードウブレッドの焼き方を教えてください",
    "en": "How do I bake sourdough bread?",
    "zh": "怎么烤酸面包？",
}
DISAGREEING = {
    "ja": "電話の受付時間を教えてください",
    "en": "At what hours can I phone customer service?",
    "zh": "官方邮件的域名是什么？",
}
LETTERS = {
    "ja": re.compile("[\u3041-\u3096]"),
    "en": re.compile("[A-Za-z]{3}"),
    "zh": re.compile("[\u4e00-\u9fff]"),
}


def ask(client: httpx.Client, question: str, **more: object) -> dict:
    headers = more.pop("headers", None)
    response = client.post("/v1/answers", json={"question": question, **more}, headers=headers)
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "application/json"
    return response.json()


def source(document: str) -> str:
    return (CORPUS / document).read_text(encoding="utf-8")


def in_language(text: str, language: str) -> bool:
    other_script = language != "ja" and LETTERS["ja"].search(re.sub("「.*?」", "", text))
    return bool(LETTERS[language].search(text)) and not other_script


@pytest.mark.parametrize("language", TELEPHONE)
def test_answer_is_in_the_language_of_the_question_and_says_how_it_came_about(client, language):
    answer = ask(client, TELEPHONE[language])
    assert set(answer) == {
        "id",
        "answer",
        "language",
        "abstained",
        "refusal",
        "confidence",
        "detection",
        "citations",
        "conflicts",
        "passages",
        "generator",
        "grounding",
        "index",
        "timings_ms",
    }
    assert answer["language"] == language
    assert in_language(answer["answer"], language)
    assert "0120-999-373" in answer["answer"]
    assert answer["abstained"] is False
    assert answer["refusal"] is None
    assert 0.5 <= answer["confidence"] <= 1
    assert answer["detection"]["language"] == language
    assert 0 < answer["detection"]["confidence"] <= 1
    assert answer["detection"]["reason"]
    assert answer["generator"] == "extractive"
    assert set(answer["grounding"]) == {"checked", "dropped", "repaired", "fallback"}
    assert answer["index"] == client.get("/v1/index").json()["index"]
    assert set(answer["timings_ms"]) == {"language", "retrieve", "answer", "total"}
    assert all(time >= 0 for time in answer["timings_ms"].values())
    assert answer["id"] != ask(client, TELEPHONE[language])["id"]


@pytest.mark.parametrize("question", [*TELEPHONE.values(), *DISAGREEING.values(), "如何退貨？"])
def test_every_statement_is_cited_and_every_quote_is_the_source_s_own_text(client, question):
    answer = ask(client, question)
    citations = answer["citations"]
    numbers = [citation["number"] for citation in citations]
    assert numbers == list(range(1, len(citations) + 1))
    assert {int(number) for number in re.findall(r"\[(\d+)\]", answer["answer"])} == set(numbers)
    assert re.search(r"\[\d+\]$", answer["answer"])
    for citation in citations:
        assert set(citation) == {
            "number",
            "document",
            "heading",
            "quote",
            "start",
            "end",
            "translation",
            "reviewed",
            "passage_id",
        }
        assert source(citation["document"])[citation["start"] : citation["end"]] == citation["quote"] != ""
        assert citation["heading"]
        passage = client.get(f"/v1/passages/{citation['passage_id']}").json()
        assert passage["document"] == citation["document"]
        assert passage["start"] <= citation["start"] < citation["end"] <= passage["end"]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_translation_of_a_quote_stands_in_the_answer(client, language):
    answer = ask(client, TELEPHONE[language])
    for citation in answer["citations"]:
        assert citation["reviewed"] is True
        assert in_language(citation["translation"], language)
        assert f"{citation['translation']} [{citation['number']}]" in answer["answer"]


def test_a_japanese_answer_needs_no_translation(client):
    answer = ask(client, TELEPHONE["ja"])
    assert {(citation["translation"], citation["reviewed"]) for citation in answer["citations"]} == {(None, True)}


@pytest.mark.parametrize("question", [*TELEPHONE.values(), *OUTSIDE.values()])
def test_passages_are_ranked_and_japanese_whatever_the_question_s_language(client, question):
    passages = ask(client, question)["passages"]
    assert [passage["rank"] for passage in passages] == list(range(1, 10 + 1))
    assert len({passage["passage_id"] for passage in passages}) == 10
    assert all(first["score"] >= second["score"] for first, second in pairwise(passages))
    for passage in passages:
        assert set(passage) == {"rank", "passage_id", "document", "heading", "text", "score"}
        assert 0 <= passage["score"] <= 1
        assert passage["heading"]
        assert passage["text"] in source(passage["document"])
        assert LETTERS["ja"].search(passage["text"])


@pytest.mark.parametrize("top_k", [1, 2, 50])
def test_top_k_is_the_number_of_passages(client, top_k):
    passages = ask(client, TELEPHONE["en"], top_k=top_k)["passages"]
    assert len(passages) == top_k
    assert passages[0] == ask(client, TELEPHONE["en"])["passages"][0]


@pytest.mark.parametrize("language", OUTSIDE)
def test_what_the_guide_does_not_say_is_refused_in_the_asker_s_language(client, language):
    answer = ask(client, OUTSIDE[language])
    assert answer["abstained"] is True
    assert answer["language"] == language
    assert set(answer["refusal"]) == {"kind", "message"}
    assert answer["refusal"]["kind"] in {"nothing_found", "out_of_scope"}
    assert answer["answer"] == answer["refusal"]["message"]
    assert in_language(answer["answer"], language)
    assert answer["confidence"] < 0.5
    assert (answer["citations"], answer["conflicts"]) == ([], [])


def test_a_question_without_letters_is_asked_for_its_language(client):
    answer = ask(client, "12345 😀")
    assert answer["detection"]["language"] == "und"
    assert answer["refusal"]["kind"] == "language_unsure"
    assert len(answer["passages"]) == 10


@pytest.mark.parametrize("language", DISAGREEING)
def test_disagreeing_sources_are_shown_with_their_citations(client, language):
    answer = ask(client, DISAGREEING[language])
    numbers = {citation["number"] for citation in answer["citations"]}
    assert answer["conflicts"]
    for conflict in answer["conflicts"]:
        assert set(conflict) == {"topic", "values"}
        assert conflict["topic"]
        assert len({value["text"] for value in conflict["values"]}) == len(conflict["values"]) >= 2
        assert {value["citation"] for value in conflict["values"]} <= numbers


@pytest.mark.parametrize("asked_in", TELEPHONE)
@pytest.mark.parametrize("wanted", TELEPHONE)
def test_language_is_overridden_by_the_caller(client, asked_in, wanted):
    answer = ask(client, TELEPHONE[asked_in], language=wanted)
    assert answer["language"] == wanted
    assert answer["detection"]["language"] == asked_in
    assert in_language(answer["answer"], wanted)


def test_auto_is_the_default_language(client):
    told, untold = (ask(client, TELEPHONE["zh"], **more) for more in ({"language": "auto"}, {}))
    assert told["answer"] == untold["answer"]


@pytest.mark.parametrize(
    ("question", "more"),
    [("如何退貨？", {}), ("如何退貨？", {"language": "zh"}), ("怎麼烤酸麵包？", {})],
)
def test_traditional_characters_are_answered_in_traditional_characters(client, question, more):
    answer = ask(client, question, **more)
    assert answer["language"] == "zh"
    assert answer["detection"]["variant"] == "zh-Hant"
    texts = [answer["answer"], *(citation["translation"] for citation in answer["citations"])]
    assert not re.search("[这个说请货订单记录为问题]", re.sub("「.*?」", "", "".join(texts)))
    assert re.search("[貨訂單說請這個為問題]", answer["answer"])


@pytest.mark.parametrize(("browser", "language"), [("zh-CN,zh;q=0.9", "zh"), ("ja", "ja"), ("\xff;q=x,,;", "ja")])
def test_the_browser_s_language_decides_what_both_write_alike(client, browser, language):
    answer = ask(client, "返品", headers={"Accept-Language": browser.encode("latin-1")})
    assert answer["language"] == language


def test_a_language_that_is_not_served_is_answered_in_english_and_told_so(client):
    answer = ask(client, "Comment puis-je retourner un article ?")
    assert answer["language"] == "en"
    assert answer["detection"]["language"] == "fr"
    assert "Answers are available in Japanese, English and Chinese." in answer["answer"]


@pytest.mark.parametrize("white_space", ["\u3000", "\t", "\r\n", "  ", "\xa0"], ids=ascii)
def test_any_white_space_is_one_space_and_none_around_the_question(client, white_space):
    plain, other = "電話番号 教えて", f"{white_space}電話番号{white_space}教えて{white_space}"
    assert ask(client, plain)["passages"] == ask(client, other)["passages"]


@pytest.mark.parametrize("question", ["電" * 2_000, "😀" * 2_000, "a" * 2_000, "㍿" * 1_000, "?" * 2_000])
def test_a_question_may_have_2000_characters(client, question):
    assert ask(client, question)["id"]


def test_unknown_fields_are_left_alone(client):
    assert ask(client, TELEPHONE["en"], colour="red")["answer"] == ask(client, TELEPHONE["en"])["answer"]


def test_japanese_in_latin_letters_is_answered_as_japanese_is(client):
    romaji, written = ask(client, "henpin no houhou wo oshiete"), ask(client, "返品の方法をおしえて")
    assert romaji["language"] == "ja"
    assert romaji["answer"] == written["answer"]
    assert not romaji["abstained"]


class TestConversation:
    @pytest.mark.parametrize("topic", ["電話の受付時間を教えてください", "denwa no uketsuke jikan wo oshiete kudasai"])
    def test_romaji_and_japanese_script_lean_on_one_another(self, client, topic):
        turns = [{"question": topic}]
        romaji, written = ask(client, "yoru wa?", conversation=turns), ask(client, "夜は?", conversation=turns)
        assert romaji["answer"] == written["answer"]
        assert not romaji["abstained"]

    def test_a_mere_language_gives_the_same_answer_in_it(self, client):
        first = ask(client, DISAGREEING["ja"])
        again = ask(client, "中文呢？", conversation=[{"question": DISAGREEING["ja"]}])
        assert again["language"] == "zh"
        assert in_language(again["answer"], "zh")
        assert [citation["quote"] for citation in again["citations"]] == [
            citation["quote"] for citation in first["citations"]
        ]

    def test_a_half_question_is_answered_about_the_topic(self, client):
        turns = [{"question": "メールで問い合わせたいです", "answer": "…"}]
        alone, together = ask(client, "返信はいつ？"), ask(client, "返信はいつ？", conversation=turns)
        assert not together["abstained"]
        assert any("メール" in citation["quote"] for citation in together["citations"])
        assert alone["citations"] != together["citations"]

    def test_the_conversation_s_language_is_the_prior_for_ambiguous_text(self, client):
        assert ask(client, "返品", conversation=[{"question": "怎么联系客服？"}])["language"] == "zh"
        assert ask(client, "返品", conversation=[{"question": "電話できますか"}])["language"] == "ja"

    def test_the_caller_s_language_outranks_the_one_asked_for(self, client):
        assert (
            ask(client, "中文呢？", language="en", conversation=[{"question": DISAGREEING["ja"]}])["language"] == "en"
        )

    @pytest.mark.parametrize(
        "conversation",
        [
            [{"question": "a"}] * 101,
            [{"question": ""}],
            [{"question": "x" * 2001}],
            [{}],
            "text",
            [{"question": "a\u0000"}],
        ],
        ids=["too many", "empty", "too long", "no question", "no list", "control character"],
    )
    def test_a_turn_that_is_no_question_is_refused(self, client, conversation):
        response = client.post("/v1/answers", json={"question": "and then?", "conversation": conversation})
        assert response.status_code == 422
        assert response.headers["content-type"] == "application/problem+json"
