"""Small real parts for tests: a corpus of three documents, a static model, an embedder that counts."""

import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file
from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers

from rag_support.embedding import StaticEmbedder
from rag_support.snapshot import MANIFEST, Manifest, file_list
from rag_support.types import FloatMatrix

DOCUMENTS = {
    "guide/phone.md": """\
---
title: 電話の案内
---

# 電話での問い合わせ

電話の受付時間は9:00〜17:00です。電話番号は0120-111-222です。

## 電話をかける手順

電話をかける手順は、次のとおりです。

1. 会員番号を用意します。
2. 音声の案内に沿って番号を押します。
""",
    "guide/returns.md": """\
# 返品

商品の返品は、到着から30日以内に受け付けます。

| 商品 | 期限 |
| --- | --- |
| 本 | 14日 |
| 家電 | 30日 |
""",
    "notes.txt": "配送について\n\n配送料は全国一律500円です。離島への配送には7日かかります。\n",
}
TRANSLATIONS = {
    "en": {
        "電話での問い合わせ": "Contacting us by phone",
        "電話の受付時間は9:00〜17:00です。": "Phone hours are 9:00–17:00.",
        "電話番号は0120-111-222です。": "The phone number is 0120-111-222.",
        "電話をかける手順": "How to call",
        "電話をかける手順は、次のとおりです。": "To call, follow these steps.",
        "会員番号を用意します。": "Have your member number ready.",
        "音声の案内に沿って番号を押します。": "Press the numbers that the voice guide tells you.",
    }
}


def write_corpus(
    folder: Path,
    documents: Mapping[str, str] = DOCUMENTS,
    translations: Mapping[str, Mapping[str, str]] | None = None,
    glossary: str = "",
) -> Path:
    """A corpus folder with these files; one that was there is brought to the same content."""
    for name, text in documents.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    for language, entries in (translations or {}).items():
        write_catalog(folder, language, "".join(entry(*pair) for pair in entries.items()))
    if glossary:
        (folder / "glossary.tsv").write_text(glossary, encoding="utf-8")
    return folder


def write_catalog(corpus: Path, language: str, entries: str) -> Path:
    path = corpus / "translations" / f"{language}.po"
    path.parent.mkdir(parents=True, exist_ok=True)
    header = 'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=utf-8\\n"\n\n'
    path.write_text(header + entries, encoding="utf-8")
    return path


def entry(source: str, translation: str, flags: str = "") -> str:
    """One entry of a PO catalogue."""
    quoted = [json.dumps(text, ensure_ascii=False) for text in (source, translation)]
    return f"{f'#, {flags}' if flags else ''}\nmsgid {quoted[0]}\nmsgstr {quoted[1]}\n"


def write_static_model(folder: Path, seed: int = 0, dimensions: int = 16) -> Path:
    """A SentenceTransformer folder with one StaticEmbedding: a token is a character, its vector is random."""
    characters = [chr(code) for first, last in ((0x20, 0x7E), (0x3041, 0x30FF), (0x4E00, 0x9FFF)) for code in
                  range(first, last + 1)]  # fmt: skip
    vocabulary = {token: number for number, token in enumerate(["[UNK]", *characters])}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Lowercase()])
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex("."), "isolated")
    table = np.random.default_rng(seed).standard_normal((len(vocabulary), dimensions)).astype(np.float32)
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(folder / "tokenizer.json"))
    save_file({"embedding.weight": table}, folder / "model.safetensors")
    module = {"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.StaticEmbedding"}
    (folder / "modules.json").write_text(json.dumps([module]), encoding="utf-8")
    return folder


def reseal(folder: Path, **changes: object) -> None:
    """Change a snapshot's manifest as if it had been written so, with what its files hold now."""
    manifest = Manifest.model_validate_json((folder / MANIFEST).read_bytes())
    changed = manifest.model_copy(update={"files": file_list(folder), **changes})
    (folder / MANIFEST).write_bytes(changed.sealed().to_json())


def copy_snapshot(index: Path, snapshot_id: str, new_id: str) -> Path:
    """The same snapshot once more, under another id; not the live one."""
    folder = Path(shutil.copytree(index / snapshot_id, index / new_id))
    reseal(folder, snapshot_id=new_id)
    return folder


class CountingEmbedder:
    """A working embedder that remembers which texts reached it."""

    def __init__(self, embedder: StaticEmbedder) -> None:
        self._embedder = embedder
        self.model_id = f"counting {embedder.model_id}"
        self.dimensions = embedder.dimensions
        self.passages: list[str] = []

    def embed_queries(self, texts: Sequence[str]) -> FloatMatrix:
        return self._embedder.embed_queries(texts)

    def embed_passages(self, texts: Sequence[str]) -> FloatMatrix:
        self.passages.extend(texts)
        return self._embedder.embed_passages(texts)
