"""What a contract opens: the brand's plans hold products, products hold declarations; a service names neither. Pure. REQ SVC-1, SVC-2.

Rules:
    1. A contract keeps the products that its plan had when it was concluded. A plan that gains or loses a product changes new contracts only.
    2. What a product holds is what the pack in force says: a service that is added to a product opens for everybody who has it.
    3. A product that running contracts hold stays in the pack, in no plan if it is not sold any more; a pack without it is refused.
"""

from collections.abc import Iterable

import msgspec

from openmarque.brands.pack import BrandPack, Product
from openmarque.kit.text_files import LANGUAGES


def products_of(pack: BrandPack, plan: str) -> tuple[str, ...]:
    """What a new contract of this plan holds; nothing for a plan that the pack has not."""
    return pack.plans[plan].products if plan in pack.plans else ()


def held(pack: BrandPack, plan: str, kept: Iterable[str] | None) -> tuple[str, ...]:
    """The products of a contract: those that it keeps, or, for one of before products were kept (None), those of its plan now."""
    return products_of(pack, plan) if kept is None else tuple(kept)


def opened_by(pack: BrandPack, products: Iterable[str]) -> frozenset[str]:
    """The declarations that these products open; one that the pack has not opens nothing."""
    return frozenset(name for product in products if product in pack.products for name in pack.products[product].declarations)


def sold(pack: BrandPack) -> frozenset[str]:
    """Every declaration that some product holds."""
    return opened_by(pack, pack.products)


def with_product(pack: BrandPack, plan: str, product: str, declarations: Iterable[str]) -> BrandPack:
    """The pack with one product more in a plan: what its brand writes to add a service; for worlds and tests."""
    added = Product(dict.fromkeys(LANGUAGES, product), tuple(declarations))
    grown = msgspec.structs.replace(pack.plans[plan], products=(*pack.plans[plan].products, product))
    return msgspec.structs.replace(pack, products={**pack.products, product: added}, plans={**pack.plans, plan: grown})
