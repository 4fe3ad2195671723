from pathlib import Path

from rag_support.retrieval.readings import Word
from rag_support.retrieval.written_words import WrittenWords, WrittenWordsBuilder

PHONE, NUMBER, ALSO_NUMBER = ("denwa", "電話"), ("bango", "番号"), ("bango", "板号")
CHUNKS: list[list[Word]] = [[NUMBER, PHONE], [ALSO_NUMBER], [], [ALSO_NUMBER, PHONE]]


def built(chunks: list[list[Word]]) -> WrittenWords:
    builder = WrittenWordsBuilder()
    for words in chunks:
        builder.add(words)
    return builder.built()


def test_the_most_frequent_writing_counts_and_of_equals_the_first() -> None:
    assert built(CHUNKS).most_written() == {"bango": "板号", "denwa": "電話"}
    assert built(CHUNKS[:2]).most_written() == {"bango": "番号", "denwa": "電話"}
    assert built([[]]).most_written() == {}


def test_chunks_taken_over_count_as_if_they_were_read(tmp_path: Path) -> None:
    built(CHUNKS).save(tmp_path / "live")
    builder = WrittenWordsBuilder(WrittenWords.load(tmp_path / "live"))
    builder.take_over(1)
    builder.add([PHONE])
    builder.take_over(2)
    builder.take_over(0)
    builder.built().save(tmp_path / "again")
    built([CHUNKS[1], [PHONE], CHUNKS[2], CHUNKS[0]]).save(tmp_path / "anew")
    for path in (tmp_path / "anew").iterdir():
        assert (tmp_path / "again" / path.name).read_bytes() == path.read_bytes()
