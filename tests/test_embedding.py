import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from rag_support.config import SHIPPED_EMBEDDER
from rag_support.embedding import MODELS, StaticEmbedder, TransformerEmbedder, load_embedder
from rag_support.errors import EmbedderError
from rag_support.types import Embedder, TokenEmbedder

TEXTS = [
    *("電話番号を教えてください。", "ﾌﾟﾗｲﾑ会員は24時間いつでも問い合わせできます。", "返品"),
    *("What is the phone number?", "Visit https://amazon.co.jp or call 0120-999-373!", "ＲＥＦＵＮＤ"),
    *("客服电话是多少？", "我要退貨，請問怎麼辦？", "订单"),
    *("混ぜた text 和中文 😀", "a", "\u200b", "   ", "", "長い文章です。" * 300),
]


def assert_unit_rows(vectors: np.ndarray, rows: int, embedder: Embedder) -> None:
    assert vectors.shape == (rows, embedder.dimensions)
    assert vectors.dtype == np.float32
    norms = np.linalg.norm(vectors, axis=1)
    assert np.all((np.abs(norms - 1) < 1e-5) | (norms == 0))


def test_the_shipped_model_gives_unit_rows_that_do_not_depend_on_the_batch(shipped_embedder: Embedder) -> None:
    together = shipped_embedder.embed_passages(TEXTS)
    assert_unit_rows(together, len(TEXTS), shipped_embedder)
    alone = np.concatenate([shipped_embedder.embed_passages([text]) for text in TEXTS])
    assert np.array_equal(together, alone)
    assert np.array_equal(together, shipped_embedder.embed_queries(TEXTS))
    assert_unit_rows(shipped_embedder.embed_passages([]), 0, shipped_embedder)


def test_a_text_without_a_token_is_similar_to_nothing(shipped_embedder: Embedder) -> None:
    assert not shipped_embedder.embed_queries([""]).any()


@pytest.mark.parametrize(
    ("one", "same", "other"),
    [
        ("返品の期限", "How long do I have to return an item?", "電話番号"),
        ("phone number", "客服电话号码", "退货期限"),
        ("取消订单", "注文のキャンセル", "配送料金"),
    ],
)
def test_the_shipped_model_sees_meaning_across_languages(
    shipped_embedder: Embedder, one: str, same: str, other: str
) -> None:
    first, second, third = shipped_embedder.embed_passages([one, same, other])
    assert first @ second > first @ third


def test_a_static_model_is_told_by_its_weights_and_its_tokenizer(static_model: Path, tmp_path: Path) -> None:
    def model_id(changed: str = "") -> str:
        folder = Path(shutil.copytree(static_model, tmp_path / "model", dirs_exist_ok=True))
        if changed:
            content = (folder / changed).read_bytes()
            (folder / changed).write_bytes(content[:-1] + b" }" if changed.endswith("json") else content[:-1] + b"\0")
        return load_embedder(str(folder)).model_id

    assert model_id() == model_id()
    assert len({model_id(), model_id("model.safetensors"), model_id("tokenizer.json")}) == 3


def test_a_static_model_offers_its_tokens(static_model: Path) -> None:
    embedder = load_embedder(str(static_model))
    assert isinstance(embedder, StaticEmbedder)
    assert isinstance(embedder, TokenEmbedder)
    (ids,) = embedder.token_ids(["本と本"])
    vectors = embedder.token_vectors(ids)
    assert len(ids) == 3
    assert np.array_equal(vectors[0], vectors[2])
    mean = vectors.mean(axis=0)
    assert np.allclose(embedder.embed_queries(["本と本"])[0], mean / np.linalg.norm(mean), atol=1e-6)


@pytest.mark.parametrize("name", ["model.safetensors", "tokenizer.json"])
def test_a_damaged_static_model_is_refused(static_model: Path, tmp_path: Path, name: str) -> None:
    folder = Path(shutil.copytree(static_model, tmp_path / "model"))
    (folder / name).write_bytes((folder / name).read_bytes()[:1000])
    with pytest.raises(EmbedderError) as caught:
        load_embedder(str(folder))
    assert str(folder) in str(caught.value)


@pytest.mark.parametrize("name", ["./no-such-model", "/no/such/model"])
def test_a_missing_folder_is_refused_with_the_setting(name: str) -> None:
    with pytest.raises(EmbedderError, match="RAG_SUPPORT_EMBEDDER") as caught:
        load_embedder(name)
    assert name in str(caught.value)


@pytest.mark.parametrize("name", ["no-such-owner/no-such-model", "empty folder", "folder of something else"])
def test_a_name_that_is_no_model_is_refused_with_the_mend(tmp_path: Path, name: str) -> None:
    if "/" not in name:
        folder = tmp_path / name
        folder.mkdir()
        if name != "empty folder":
            (folder / "modules.json").write_text("{}", encoding="utf-8")
        name = str(folder)
    with pytest.raises(EmbedderError, match="Check the name, the folder") as caught:
        load_embedder(name)
    assert str(caught.value).startswith(f"{name}: ")


def test_the_static_path_equals_sentence_transformers(shipped_embedder: Embedder) -> None:
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(MODELS / SHIPPED_EMBEDDER), device="cpu")
    expected = model.encode(TEXTS, normalize_embeddings=True, show_progress_bar=False)
    assert np.allclose(shipped_embedder.embed_passages(TEXTS), expected, atol=1e-5)


PROMPTS = {"query": "query: ", "document": "passage: "}


@pytest.fixture(scope="module")
def transformer_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A BERT of one layer with random weights and the prompts of an E5 model, saved as a SentenceTransformer."""
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.models import Pooling, Transformer
    from transformers import BertConfig, BertModel, BertTokenizerFast

    folder = tmp_path_factory.mktemp("transformer")
    words = [
        "[PAD]",
        "[UNK]",
        "[CLS]",
        "[SEP]",
        "[MASK]",
        "query",
        "passage",
        ":",
        *"電話番号返品注文本客服电话",
        "phone",
        "return",
    ]
    (folder / "vocab.txt").write_text("\n".join(words) + "\n", encoding="utf-8")
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(words), hidden_size=32, num_hidden_layers=1, num_attention_heads=2, intermediate_size=32
    )
    BertModel(config).eval().save_pretrained(folder / "bert")
    BertTokenizerFast(str(folder / "vocab.txt")).save_pretrained(folder / "bert")
    transformer = Transformer(str(folder / "bert"))
    model = SentenceTransformer(modules=[transformer, Pooling(32)], prompts=PROMPTS, device="cpu")
    model.save(str(folder / "model"))
    return folder / "model"


def test_any_sentence_transformer_folder_works_with_its_prompts(transformer_folder: Path) -> None:
    from sentence_transformers import SentenceTransformer

    embedder = load_embedder(str(transformer_folder))
    assert isinstance(embedder, TransformerEmbedder)
    assert not isinstance(embedder, TokenEmbedder)
    texts = ["電話番号", "return", "注文 返品 phone"]
    plain = SentenceTransformer(str(transformer_folder), device="cpu")
    for vectors, prompt in (
        (embedder.embed_queries(texts), PROMPTS["query"]),
        (embedder.embed_passages(texts), PROMPTS["document"]),
    ):
        assert_unit_rows(vectors, len(texts), embedder)
        written_out = plain.encode([prompt + text for text in texts], prompt="", show_progress_bar=False)
        assert np.allclose(vectors, written_out / np.linalg.norm(written_out, axis=1, keepdims=True), atol=1e-5)
    assert not np.allclose(embedder.embed_queries(texts), embedder.embed_passages(texts), atol=1e-3)


def test_prefixes_take_the_place_of_the_prompts(transformer_folder: Path) -> None:
    texts = ["電話番号", "return"]
    plain, prefixed = load_embedder(str(transformer_folder)), load_embedder(str(transformer_folder), "本: ", "文: ")
    assert np.allclose(prefixed.embed_queries(texts), _without_prompts(transformer_folder, ["本: " + t for t in texts]))
    assert np.allclose(
        prefixed.embed_passages(texts), _without_prompts(transformer_folder, ["文: " + t for t in texts])
    )
    assert prefixed.model_id != plain.model_id  # an index of the one must not be searched with the other


def _without_prompts(folder: Path, texts: list[str]) -> np.ndarray:
    return load_embedder(str(folder), "", "").embed_queries(texts)


def test_a_prefix_for_a_static_model_is_refused_with_the_mend(static_model: Path) -> None:
    with pytest.raises(EmbedderError, match="Unset RAG_SUPPORT_QUERY_PREFIX"):
        load_embedder(str(static_model), "query: ")


def test_a_transformer_is_told_by_its_weights(transformer_folder: Path, tmp_path: Path) -> None:
    from safetensors.numpy import load_file, save_file

    folder = Path(shutil.copytree(transformer_folder, tmp_path / "model"))
    before = load_embedder(str(folder)).model_id
    assert load_embedder(str(folder)).model_id == before
    (weights,) = folder.rglob("model.safetensors")
    tensors = load_file(weights)
    name = sorted(tensors)[0]
    tensors[name] = tensors[name] + np.float32(0.5)
    save_file(tensors, weights, metadata={"format": "pt"})
    assert load_embedder(str(folder)).model_id != before


def test_a_transformer_is_told_by_its_tokenizer(transformer_folder: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(transformer_folder, tmp_path / "model"))
    before = load_embedder(str(folder)).model_id
    (file,) = folder.rglob("tokenizer.json")
    tokenizer = json.loads(file.read_text(encoding="utf-8"))
    vocabulary = tokenizer["model"]["vocab"]
    vocabulary["phone"], vocabulary["return"] = vocabulary["return"], vocabulary["phone"]
    file.write_text(json.dumps(tokenizer, ensure_ascii=False), encoding="utf-8")
    assert load_embedder(str(folder)).model_id != before


def test_a_static_folder_with_more_than_a_table_goes_through_the_library(static_model: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(static_model, tmp_path / "model"))
    (folder / "1_Dense").mkdir()
    modules = json.loads((folder / "modules.json").read_text(encoding="utf-8"))
    modules.append({"idx": 1, "name": "1", "path": "1_Dense", "type": "sentence_transformers.models.Dense"})
    (folder / "modules.json").write_text(json.dumps(modules), encoding="utf-8")
    with pytest.raises(EmbedderError, match="sentence-transformers cannot load"):  # the Dense layer has no weights here
        load_embedder(str(folder))
