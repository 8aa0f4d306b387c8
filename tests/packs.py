"""Brand packs for tests that put a service of their own beside the installed ones."""

import json
from importlib.resources import files
from pathlib import Path

from openmarque.brands.entitlements import with_product
from openmarque.brands.pack import FILE, BrandPack, load_pack
from openmarque.catalogue.brand_terms import unsold
from openmarque.catalogue.declarations import Service


def pack_with(*services: Service) -> BrandPack:
    """The sample pack as its brand would have it that sells these services in the plan "connect" too."""
    pack = load_pack()
    more = list(unsold(pack, (declaration for service in services for declaration in service.declarations)))
    return with_product(pack, "connect", "tests", more) if more else pack


def written_with(folder: Path, *services: Service) -> Path:
    """The same as its brand would write it: the folder of a pack, for a platform that is started."""
    text = files("openmarque.brands").joinpath("sample", FILE).read_text("utf-8")
    more = list(unsold(load_pack(), (declaration for service in services for declaration in service.declarations)))
    held = 'products = ["car", "journeys"]'
    assert held in text
    names = "".join(f'{language} = "Tests", ' for language in ("en", "fr", "de", "es")).removesuffix(", ")
    text = text.replace(held, 'products = ["car", "journeys", "tests"]')
    text += f"\n[products.tests]\nname = {{ {names} }}\ndeclarations = {json.dumps(more)}\n"
    (folder / FILE).write_text(text, "utf-8")
    return folder
