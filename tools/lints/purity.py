"""Rules, catalogue and protocol are pure: values in, values out.

They run in the cloud, in the car and in the deterministic world, and must give the same answer in all three. Import contracts
keep the packages with I/O out; this lint keeps out what Python has built in: files, the environment, chance and the machine's own
clock object.
"""

import ast
import re
from collections.abc import Iterator

from tools.lints.source import Finding, Source

NAME = "purity"
_PURE = re.compile(r"^openmarque\.(?:catalogue|protocol)(?:\.|$)|^openmarque\.(?:services|domains)\.\w+\.rules(?:\.|$)")
_MODULES = frozenset(
    {"random", "secrets", "socket", "ssl", "subprocess", "tempfile", "shutil", "glob", "urllib.request", "http.client"}
    | {"threading", "multiprocessing", "signal", "select", "selectors", "fcntl", "platform", "getpass", "pwd"}
)
_NAMES = frozenset(
    {"open", "input", "print", "io.open", "os.open", "os.environ", "os.getenv", "os.urandom", "os.getpid", "os.system"}
    | {"os.listdir", "os.scandir", "os.stat", "os.remove", "os.rename", "os.replace", "os.mkdir", "os.makedirs", "os.walk"}
    | {"sys.stdin", "sys.stdout", "sys.stderr", "sys.argv", "uuid.uuid1", "uuid.uuid4", "time.sleep", "time.monotonic"}
    | {"time.perf_counter", "pathlib.Path.cwd", "pathlib.Path.home"}
    | {"openmarque.kit.clock.SystemClock", "openmarque.kit.ids.new_uuid"}
)
_PATH_METHODS = frozenset(
    {"read_text", "read_bytes", "write_text", "write_bytes", "mkdir", "unlink", "touch", "iterdir", "rglob"}
)


def findings(source: Source) -> Iterator[Finding]:
    """Each import or name through which a pure module would reach the outside."""
    if not _PURE.search(source.module):
        return
    for node in source.nodes:
        for name in _impure(source, node):
            yield Finding(
                source.path, getattr(node, "lineno", 0), NAME, f"{name} reaches outside; take the value as a parameter"
            )


def _impure(source: Source, node: ast.AST) -> list[str]:
    match node:
        case ast.Import(names=names):
            return [alias.name for alias in names if alias.name in _MODULES]
        case ast.ImportFrom(module=str(module), names=names):
            whole = [module] if module in _MODULES else []
            return whole or [full for alias in names if (full := f"{module}.{alias.name}") in _MODULES]
        case ast.Attribute(attr=attr) if attr in _PATH_METHODS:
            return [f".{attr}"]
        case ast.Name(ctx=ast.Load()) | ast.Attribute():
            name = source.full_name(node)
            return [name] if name in _NAMES else []
        case _:
            return []
