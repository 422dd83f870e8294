"""Hooks of MkDocs: the documents at the top of the repository belong to the site; links to code become plain text."""

import re
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

ROOT = Path(__file__).parent.parent
#: Documents outside of docs/ and their names on the site, whose first page is docs/README.md.
OTHERS = {
    "README.md": "start.md",
    "CHANGELOG.md": "CHANGELOG.md",
    "CONTRIBUTING.md": "CONTRIBUTING.md",
    "SECURITY.md": "SECURITY.md",
    "postman/README.md": "postman.md",
}
_LINK = re.compile(r"(!?)\[([^\]]*)\]\(([^)\s]+)\)")


def on_files(files: Files, config: Any) -> Files:
    for source, name in OTHERS.items():
        folder = str(Path(source).parent)
        files.append(File.generated(config, name, content=_relinked((ROOT / source).read_text(), folder)))
    return files


def on_page_markdown(markdown: str, page: Any, **_others: Any) -> str:
    return markdown if page.file.src_uri in OTHERS.values() else _relinked(markdown, "docs")


def _relinked(markdown: str, folder: str) -> str:
    """Point the links of a document in this folder to the pages of the site; of others only the text stays."""

    def relink(link: re.Match[str]) -> str:
        mark, text, target = link.groups()
        if re.match(r"[a-z]+:|#", target):
            return link[0]
        path, hash_sign, anchor = target.partition("#")
        file = str((ROOT / folder / path).resolve().relative_to(ROOT))
        page = OTHERS.get(file) or (file.removeprefix("docs/") if file.startswith("docs/") else None)
        return f"{mark}[{text}]({page}{hash_sign}{anchor})" if page else text

    return _LINK.sub(relink, markdown)
