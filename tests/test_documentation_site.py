"""The documents as a site: `make docs` builds all of them; a small copy shows what a build refuses."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from referral_project.settings import BASE_DIR

MKDOCS = Path(sys.executable).with_name("mkdocs")


def test_a_broken_link_fails_the_build_which_loads_nothing_from_other_hosts(tmp_path: Path) -> None:
    for name in ("infra", "postman", "docs"):
        (tmp_path / name).mkdir()
    shutil.copy(BASE_DIR / "infra/documentation_site.py", tmp_path / "infra")
    for name in ("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "postman/README.md"):
        (tmp_path / name).write_text(f"# {name}\n\nSee [code](Makefile).\n")
    settings = (BASE_DIR / "mkdocs.yml").read_text().partition("\nnav:\n")[0]
    (tmp_path / "mkdocs.yml").write_text(settings)
    (tmp_path / "docs/README.md").write_text("# Documents\n\n[Start](../README.md), [a module](../users/phones.py)\n")

    def build() -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
        command = [str(MKDOCS), "build", "--config-file", str(tmp_path / "mkdocs.yml")]
        return subprocess.run(command, capture_output=True, text=True, check=False, env=environment)

    good = build()
    assert good.returncode == 0, good.stderr
    page = (tmp_path / "site/index.html").read_text()
    (tmp_path / "docs/README.md").write_text("# Documents\n\n[nothing](nowhere.md)\n")
    broken = build()

    assert 'href="start.html"' in page
    assert "phones.py" not in page
    assert re.findall(r"""<(?:script|link|img)[^>]+(?:src|href)=["']?(?:https?:)?//[^"'>\s]+""", page) == []
    assert broken.returncode != 0
    assert "nowhere.md" in broken.stderr
