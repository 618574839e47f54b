"""A kernel and a static busybox out of the distribution's packages, by the host's own apt as an ordinary user."""

from __future__ import annotations

import lzma
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from . import programs
from .failure import USAGE, Failure

KERNEL = "linux-image-cloud-amd64"
BUSYBOX = "busybox-static"
WANTED = ("virtio_pci", "virtio_mmio", "virtio_blk", "virtio_console", "virtio_net", "overlay")


@dataclass(frozen=True)
class Kernel:
    """What a guest boots with."""

    image: Path
    modules: Path
    version: str


def fetch(package: str, folder: Path) -> Path:
    """Unpacks a package below the folder; nothing is installed."""
    folder.mkdir(parents=True, exist_ok=True)
    try:
        programs.run("apt-get", "download", "-q", package, where=folder, limit=600)
    except Failure as failure:
        raise Failure(f"apt cannot fetch {package}", failure.why, "sudo apt-get update; or --kernel PATH") from None
    for file in folder.glob("*.deb"):
        programs.run("dpkg-deb", "-x", str(file), str(folder / "files"))
        file.unlink()
    return folder / "files"


def newest_kernel_package() -> str:
    """The package with the files: the named one only depends on it."""
    programs.needed("apt-get")
    text = programs.run("apt-cache", "depends", KERNEL).stdout.decode(errors="replace")
    found = re.search(r"Depends: (linux-image-\S+)", text)
    if not found:
        raise Failure(f"apt knows no {KERNEL}", "", "sudo apt-get update; or build with --kernel PATH")
    return found[1]


def kernel(source: str, folder: Path) -> Kernel:
    """`package`, or a folder that has boot/vmlinuz-* and lib/modules/* as such a package has."""
    if source != "package":
        return kernel_in(Path(source))
    return kernel_in(fetch(newest_kernel_package(), folder))


def kernel_in(root: Path) -> Kernel:
    """The kernel in a folder that looks like a root."""
    images = sorted(root.glob("boot/vmlinuz-*"))
    found = [(image, modules) for image in images for modules in module_folders(root, image) if modules.is_dir()]
    if not found:
        why = "a folder with boot/vmlinuz-VERSION and lib/modules/VERSION is needed"
        raise Failure(f"{root} has no kernel", why, "build --kernel package", USAGE)
    image, modules = found[-1]
    return Kernel(image, modules, modules.name)


def module_folders(root: Path, image: Path) -> tuple[Path, ...]:
    """Where the modules of that image may lie."""
    version = image.name[len("vmlinuz-") :]
    return tuple(root / parent / version for parent in ("lib/modules", "usr/lib/modules"))


def busybox(folder: Path) -> bytes:
    """The program, with everything in it."""
    for unpacked in (Path("/"), folder / "files"):
        for place in ("bin/busybox", "usr/bin/busybox"):
            found = unpacked / place
            # One that is installed may be the one that needs libraries: a static one names no interpreter.
            if found.is_file() and b"/ld-linux" not in found.read_bytes():
                return found.read_bytes()
        if unpacked == Path("/"):
            fetch(BUSYBOX, folder)
    raise Failure("there is no static busybox", f"the package {BUSYBOX} has none where it is looked for")


def modules_in_order(root: Path) -> dict[str, bytes]:
    """The wanted modules and what they need, each after what it needs; what the kernel has built in is left out."""
    files = {file.name.split(".")[0].replace("-", "_"): file for file in sorted(root.rglob("*.ko*"))}
    built_in = (root / "modules.builtin").read_text("utf-8") if (root / "modules.builtin").is_file() else ""
    ordered: dict[str, bytes] = {}

    def add(name: str, above: tuple[str, ...]) -> None:
        if name in ordered or name in above:
            return
        if name not in files:
            if f"/{name}.ko" in built_in.replace("-", "_"):
                return
            raise Failure(f"the kernel has no module {name}", f"looked for in {root}", "take another kernel", USAGE)
        content = module(files[name])
        for other in needs(content):
            add(other, (*above, name))
        ordered[name] = content

    for name in WANTED:
        add(name, ())
    return ordered


def module(file: Path) -> bytes:
    """A module's bytes as the kernel loads them."""
    if file.suffix == ".xz":
        return lzma.decompress(file.read_bytes())
    if file.suffix != ".ko":
        raise Failure(f"{file.name} is packed in a way that is not known here", "", "take a kernel of Debian's", USAGE)
    return file.read_bytes()


def needs(content: bytes) -> list[str]:
    """What a module says that it depends on."""
    found = re.search(rb"\0depends=([^\0]*)\0", content)
    return [name.replace("-", "_") for name in found[1].decode("ascii").split(",") if name] if found else []


def clean(folder: Path) -> None:
    """Takes the unpacked packages away."""
    shutil.rmtree(folder, ignore_errors=True)
