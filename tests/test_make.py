"""Setting up, in a folder of any name and under any locale."""

import shutil
import subprocess
import venv
from pathlib import Path

import pytest

from tests.service import REPOSITORY, environment


@pytest.mark.parametrize("locale", ["C", "POSIX", "C.UTF-8"])
def test_what_is_set_up_starts_in_a_folder_of_any_name(tmp_path: Path, locale: str):
    folder = tmp_path / "dür 山"
    (folder / "recsvc").mkdir(parents=True)
    (folder / "recsvc" / "__init__.py").write_text("")
    shutil.copy(REPOSITORY / "Makefile", folder)
    venv.create(folder / ".venv", with_pip=False)
    (packages,) = (folder / ".venv" / "lib").glob("python*/site-packages")
    (packages / "_editable_impl_recsvc.pth").write_text(str(folder), encoding="utf-8")
    surroundings = environment() | {"LC_ALL": locale}

    subprocess.run(["make", "relative"], cwd=folder, env=surroundings, check=True)

    found = subprocess.run(
        [folder / ".venv" / "bin" / "python", "-c", "import recsvc; print(ascii(recsvc.__file__))"],
        cwd=tmp_path,
        env=surroundings,
        capture_output=True,
        check=True,
        text=True,
    )
    assert found.stdout.strip() == ascii(str(folder / "recsvc" / "__init__.py"))
