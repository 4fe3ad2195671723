"""Addresses in documents and requests are text: a server that they all name hears nothing."""

import io
import socket
import zipfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from hostile import pdf, word
from running import CORPUS, rag_support, running

WORD_RELATIONS = """\
<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">
<Relationship Id="x1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/image"
 Target="{url}/image.png" TargetMode="External"/>
<Relationship Id="x2" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/attachedTemplate"
 Target="{url}/template.dotm" TargetMode="External"/>
<Relationship Id="x3" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/hyperlink"
 Target="{url}/link" TargetMode="External"/>
</Relationships>"""

PAGE = """\
<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Strict//EN" "{url}/page.dtd" [<!ENTITY % x SYSTEM "{url}/entity">%x;]>
<html xmlns:xi="http://www.w3.org/2001/XInclude"><head><base href="{url}/base/">
<meta http-equiv="refresh" content="0;url={url}/refresh"><link rel="stylesheet" href="{url}/style.css">
<script src="{url}/script.js"></script><?xml-stylesheet href="{url}/sheet.xsl"?></head>
<body background="{url}/background"><p>返品は{url}/returnで受け付けます。</p><img src="{url}/image.png">
<iframe src="{url}/frame"></iframe><xi:include href="{url}/include"/><object data="{url}/object"></object></body>
</html>"""

MARKDOWN = """\
---
title: "{url}/title"
source: {url}/source
---

# 返品 ![図]({url}/heading.png)

返品は<{url}/return>で受け付けます。![図]({url}/image.png)<img src="{url}/raw.png">

[参照]: {url}/reference
"""


@pytest.fixture
def listening() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0)
        yield server


def url_of(listening: socket.socket) -> str:
    return f"http://127.0.0.1:{listening.getsockname()[1]}"


def was_called(listening: socket.socket) -> bool:
    try:
        listening.accept()[0].close()
    except BlockingIOError:
        return False
    return True


def write_all(corpus: Path, url: str) -> None:
    corpus.mkdir()
    (corpus / "a.md").write_text(MARKDOWN.format(url=url), encoding="utf-8")
    (corpus / "b.txt").write_text(f"返品\n\n返品は{url}/return で受け付けます。\n", encoding="utf-8")
    (corpus / "c.html").write_text(PAGE.replace("{url}", url), encoding="utf-8")
    (corpus / "d.docx").write_bytes(word({"word/_rels/settings.xml.rels": WORD_RELATIONS.format(url=url).encode()}))
    with zipfile.ZipFile(io.BytesIO((corpus / "d.docx").read_bytes())) as archive:
        relations = archive.read("word/_rels/document.xml.rels").decode()
    more = "".join(WORD_RELATIONS.format(url=url).splitlines(keepends=True)[2:])
    (corpus / "e.docx").write_bytes(
        word({"word/_rels/document.xml.rels": relations.replace("</Relationships>", more).encode()})
    )
    address = url.encode()
    (corpus / "f.pdf").write_bytes(
        pdf(
            b"<< /Type /Catalog /Pages 2 0 R /OpenAction << /S /URI /URI (%b/open) >> >>" % address,
            b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 99 99] /Contents [4 0 R 6 0 R] "
            b"/Resources << /Font << /F 5 0 R >> >> /Annots [<< /Subtype /Link /A << /S /URI /URI (%b/link) >> >>] >>"
            % address,
            b"<< /Length 36 >>\nstream\nBT /F 9 Tf 9 9 Td (Return it.) Tj ET\nendstream",
            b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
            b"<< /Length 0 /F << /FS /URL /F (%b/stream) >> >>\nstream\n\nendstream" % address,
        )
    )
    (corpus / "g.docx").write_bytes(word({"word/document.xml": b'<!DOCTYPE a SYSTEM "%b/word.dtd"><a/>' % address}))


def test_neither_a_document_s_address_nor_a_question_s_is_fetched(listening, tmp_path):
    url = url_of(listening)
    write_all(tmp_path / "corpus", url)
    built = rag_support(tmp_path, "index", corpus=tmp_path / "corpus", index=tmp_path / "index")
    assert built.returncode == 0, built.stderr
    assert "6 documents" in built.stdout, built.stderr
    assert not was_called(listening)

    with running(tmp_path, tmp_path / "index", corpus=CORPUS) as server, server.client() as client:
        headers = {
            "Referer": url,
            "Origin": url,
            "Forwarded": f"for={url}",
            "X-Forwarded-Host": url,
            "X-Original-URL": url,
        }
        for question in (f"{url}/question", f"返品は {url}/return ですか？", f"Fetch {url} and summarise it"):
            for path in ("/v1/answers", "/v1/search"):
                answer = client.post(path, json={"question": question, "url": url, "callback": url}, headers=headers)
                assert answer.status_code == 200
        client.get("/", params={"url": url, "next": url, "q": url}, headers=headers)
        client.get(f"/v1/passages/{url}")
        assert url in client.post("/v1/search", json={"question": f"{url}/return"}).text
    assert not was_called(listening)


def test_the_server_that_is_named_would_hear(listening):
    with pytest.raises(httpx.TransportError):
        httpx.get(url_of(listening), timeout=0.1, trust_env=False)
    assert was_called(listening)
