"""`rag-support mcp` as its clients use it: the SDK's own client, a process of its own."""

import subprocess
import sys

import pytest
from running import COMMAND, environment
from tools import Tools

from rag_support import snapshot
from rag_support.service.schemas import AnswerResponse, PassageResponse, SearchResponse

RESULTS = {"answer": AnswerResponse, "search": SearchResponse, "passage": PassageResponse}
UNUSABLE = {"empty": " ", "too long": "x" * 2_001, "control character": "a\0b", "other direction": "a\u202eb"}


def error_of(result) -> str:
    assert result.is_error
    return result.content[0].text


def test_results_are_described_as_those_of_the_http_api(tools):
    listed = tools.listed()
    assert set(listed) == set(RESULTS)
    for name, model in RESULTS.items():
        assert listed[name].output_schema == model.model_json_schema()
        assert len(listed[name].description) > 50
        assert listed[name].annotations.read_only_hint is True
        for argument in listed[name].input_schema["properties"].values():
            assert argument["description"]


def test_answer_says_how_it_came_about(tools, shipped_index):
    result = tools.call("answer", question="How do I return an item?", language="ja")
    assert not result.is_error
    answer = AnswerResponse.model_validate(result.structured_content)
    assert (answer.language, answer.abstained) == ("ja", False)
    assert answer.index == snapshot.current_id(shipped_index)
    assert AnswerResponse.model_validate_json(result.content[0].text) == answer


def test_a_half_question_is_answered_about_the_conversation(tools):
    topic = "電話の受付時間を教えてください"
    together = tools.call("answer", question="夜は?", conversation=[topic]).structured_content
    assert not together["abstained"]
    assert together["citations"] != tools.call("answer", question="夜は?").structured_content["citations"]


def test_search_finds_passages_that_passage_gives(tools):
    found = tools.call("search", question="電話番号", top_k=2).structured_content["passages"]
    assert [passage["rank"] for passage in found] == [1, 2]
    passage = tools.call("passage", passage_id=found[0]["passage_id"]).structured_content
    assert passage["text"] == found[0]["text"]
    assert passage["translations"]["en"]


@pytest.mark.parametrize("text", UNUSABLE.values(), ids=UNUSABLE)
@pytest.mark.parametrize("tool", ["answer", "search"])
def test_text_that_is_no_question_is_an_error_that_says_why(tools, tool, text):
    assert "The question " in error_of(tools.call(tool, question=text))


@pytest.mark.parametrize(
    ("tool", "arguments", "named"),
    [
        ("answer", {}, "question"),
        ("answer", {"question": 5}, "question"),
        ("answer", {"question": "hours?", "language": "fr"}, "language"),
        ("answer", {"question": "hours?", "conversation": ["a\0"]}, "control characters"),
        ("answer", {"question": "hours?", "conversation": ["a"] * 101}, "conversation"),
        ("search", {"question": "hours?", "top_k": 51}, "top_k"),
        ("passage", {"passage_id": "none"}, "no passage with this id"),
    ],
)
def test_argument_that_cannot_be_is_an_error_that_names_it(tools, tool, arguments, named):
    assert named in error_of(tools.call(tool, **arguments))


def test_missing_index_is_told_with_the_mend_until_there_is_one(shipped_index, tmp_path):
    index = tmp_path / "index"
    with Tools(index, tmp_path) as tools:
        assert "make index" in error_of(tools.call("answer", question="hours?"))
        index.symlink_to(shipped_index, target_is_directory=True)
        assert not tools.call("answer", question="How do I return an item?").is_error


def test_nothing_but_the_protocol_is_written_to_standard_output(shipped_index, tmp_path):
    ended = subprocess.run(
        [str(COMMAND), "mcp"],
        cwd=tmp_path,
        env=environment(index=shipped_index, log_level="debug"),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout == ""
    assert "serving index" in ended.stderr


def test_missing_sdk_is_told_with_its_extra(shipped_index, tmp_path):
    script = "import sys\nsys.modules['mcp'] = None\nfrom rag_support.cli import main\nmain(['mcp'])"
    ended = subprocess.run(
        [sys.executable, "-c", script],
        cwd=tmp_path,
        env=environment(index=shipped_index),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    assert ended.returncode == 1
    assert "pip install 'rag-support[mcp]'" in ended.stderr
    assert "Traceback" not in ended.stderr
