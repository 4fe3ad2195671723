"""Small question sets over the small corpus, as files and as nouns, and what to ask them of."""

import gzip
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from small_parts import DOCUMENTS, TRANSLATIONS, write_corpus

from rag_support.evaluation.dataset import Need
from rag_support.evaluation.retrieval import JAQUAD, passage_id
from rag_support.evaluation.targets import InProcess
from rag_support.ingest.build import build_index
from rag_support.ingest.readers import read_corpus
from rag_support.pipeline import Pipeline
from rag_support.types import Embedder

PHONE, RETURNS, NOTES = "guide/phone.md", "guide/returns.md", "notes.txt"
NEEDS: Sequence[Mapping[str, object]] = (
    {
        "id": "number",
        "kind": "value",
        "questions": {"ja": "電話番号を教えて", "en": "phone number", "zh": "电话号码是多少？"},
        "gold": [{"document": PHONE, "quote": "電話番号は0120-111-222です。"}],
        "required": [{"value": ["0120-111-222"]}],
    },
    {
        "id": "appliance",  # answered with the rule for all goods too
        "kind": "table",
        "questions": {"ja": "家電の返品期限"},
        "gold": [{"document": RETURNS, "quote": "| 家電 | 30日 |"}],
        "required": [{"value": ["30日"]}],
    },
    {
        "id": "calling",  # one of the facts is not in the corpus
        "kind": "how_to",
        "questions": {"en": "How to call"},
        "gold": [{"document": PHONE, "quote": "会員番号を用意します。"}],
        "related": [
            {"document": PHONE, "quote": "電話をかける手順は、次のとおりです。"},
            {"document": PHONE, "quote": "音声の案内に沿って番号を押します。"},
        ],
        "required": [{"en": ["member number"]}, {"en": ["wait for the tone"]}],
    },
    {
        "id": "returning",  # refused, for it shares no word and hardly a sense with what answers it
        "kind": "explain",
        "questions": {"en": "I regret buying this thing"},
        "gold": [{"document": RETURNS, "quote": "商品の返品は、到着から30日以内に受け付けます。"}],
        "required": [{"value": ["30日"]}],
    },
    {
        "id": "bread",
        "kind": "far_domain",
        "questions": {"ja": "パンの焼き方は？", "en": "How do I bake bread?", "zh": "怎么\u2028烤面包？"},
    },
    {
        "id": "hostile",  # unusable: writing direction, too long for a question, too long for any body
        "kind": "hostile",
        "questions": {"ja": "電話\u202e番号", "en": "phone " * 400, "zh": "电话" * 15_000},
    },
)
NEEDS_NOUNS = tuple(Need.model_validate(need) for need in NEEDS)
LANGUAGE_QUERIES = (
    {"text": "何時から", "language": "ja", "class": "kana"},
    {"text": "phone hours", "language": "en", "class": "english"},
    {"text": "退货", "language": "zh", "variant": "zh-Hans", "class": "hanzi_hans"},
    {"text": "返品", "language": "ambiguous", "class": "ambiguous"},
    {"text": "a\u202eb", "language": "und", "class": "hostile"},
)
PASSAGES = (
    "東京タワーは東京都港区にある電波塔で、高さは333メートルである。1958年に完成した。",
    "琵琶湖は滋賀県にある日本で最も大きな湖である。面積は約670平方キロメートルである。",
    "富士山は静岡県と山梨県にまたがる活火山で、標高は3776メートルである。",
)
CROSSLINGUAL = (
    {"passage": passage_id(PASSAGES[0]), "questions": {"ja": "東京タワーの高さは？", "en": "How tall is Tokyo Tower?"}},
    {"passage": passage_id(PASSAGES[1]), "questions": {"ja": "日本で最も大きな湖は？", "zh": "日本最大的湖是哪个？"}},
)


def write_set(file: Path, kind: str, rows: Sequence[Mapping[str, object]], split: str = "dev") -> Path:
    """A set of one kind: needs, language or crosslingual."""
    file.parent.mkdir(parents=True, exist_ok=True)
    header = {"format": f"rag-support/{kind}", "version": 1, "split": split}
    file.write_text("".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in (header, *rows)), encoding="utf-8")
    return file


def write_jaquad(folder: Path, rows: Sequence[tuple[str, str]]) -> Path:
    """Training data with (question, passage) rows in the place of JaQuAD's development split."""
    (folder / JAQUAD).parent.mkdir(parents=True, exist_ok=True)
    with gzip.open(folder / JAQUAD, "wt", encoding="utf-8", newline="\n") as file:
        file.writelines(f"{question}\t{passage}\tan answer\n" for question, passage in rows)
    return folder


def write_project(folder: Path, embedder: Embedder) -> Path:
    """What `rag-support eval` finds where it is run: corpus, index, sets, training data, a README with the marks."""
    write_corpus(folder / "corpus", DOCUMENTS, TRANSLATIONS)
    build_index(folder / "corpus", folder / "index", embedder, keep=1)
    write_set(folder / "eval/questions/dev.jsonl", "needs", NEEDS)
    write_set(folder / "eval/language/dev.jsonl", "language", LANGUAGE_QUERIES)
    write_set(folder / "eval/crosslingual/dev.jsonl", "crosslingual", CROSSLINGUAL)
    write_jaquad(folder / "data", [(f"{passage[:5]}は？", passage) for passage in PASSAGES])
    marks = "<!-- figures: made by `rag-support eval accept` -->\n<!-- end of figures -->"
    (folder / "README.md").write_text(f"# Ours\n\n{marks}\n\nMore.\n", encoding="utf-8")
    return folder


def in_process(project: Path, embedder: Embedder) -> InProcess:
    """The pipeline over a project's index."""
    documents = {document.doc_id: document.text for document in read_corpus(project / "corpus").documents}
    return InProcess(Pipeline.open(project / "index", embedder, "en"), documents)


def files(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
