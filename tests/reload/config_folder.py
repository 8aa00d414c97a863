# SPDX-License-Identifier: Apache-2.0
"""A folder of configuration laid out like a mounted ConfigMap, edited in the ways people and tools edit."""
import os
import pathlib
import shutil

HOW = ("rename", "in place", "swap")


class ConfigFolder:
    """NAME -> ..data/NAME, ..data -> ..vN: what the kubelet makes of a ConfigMap."""

    def __init__(self, path: pathlib.Path):
        self.path = path
        self._version = 0
        path.mkdir()
        (path / "..v0").mkdir()
        os.symlink("..v0", path / "..data")

    def write(self, name: str, text: str, how: str) -> None:
        if how == "swap":
            self._swap({name: text}, set())
        elif how == "rename":
            temporary = self._data() / f".{name}.new"
            temporary.write_text(text)
            os.rename(temporary, self._data() / name)
        else:
            (self._data() / name).write_text(text)
        if not os.path.lexists(self.path / name):
            os.symlink(f"..data/{name}", self.path / name)

    def remove(self, name: str, how: str) -> None:
        if how == "swap":
            self._swap({}, {name})
            (self.path / name).unlink()
        elif how == "rename":
            os.rename(self.path / name, self.path / f".{name}.old")
            (self._data() / name).unlink()
            (self.path / f".{name}.old").unlink()
        else:
            (self._data() / name).unlink()
            (self.path / name).unlink()

    def _data(self) -> pathlib.Path:
        return self.path / os.readlink(self.path / "..data")

    def _swap(self, changed: dict[str, str], removed: set[str]) -> None:
        """All files in a new folder, then one rename makes them all visible."""
        old = self._data()
        self._version += 1
        new = self.path / f"..v{self._version}"
        new.mkdir()
        for file in old.iterdir():
            if file.name not in removed:
                shutil.copy2(file, new / file.name)
        for name, text in changed.items():
            (new / name).write_text(text)
        os.symlink(new.name, self.path / "..data_tmp")
        os.rename(self.path / "..data_tmp", self.path / "..data")
        shutil.rmtree(old)
