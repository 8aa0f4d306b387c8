"""Brand packs for tests that put a service of their own beside the installed ones."""

from openmarque.brands.entitlements import with_product
from openmarque.brands.pack import BrandPack, load_pack
from openmarque.catalogue.brand_terms import unsold
from openmarque.catalogue.declarations import Service


def pack_with(*services: Service) -> BrandPack:
    """The sample pack as its brand would have it that sells these services in the plan "connect" too."""
    pack = load_pack()
    more = list(unsold(pack, (declaration for service in services for declaration in service.declarations)))
    return with_product(pack, "connect", "tests", more) if more else pack
