"""What a contract consists of."""

from openmarque.catalogue.declarations import YEARS_10, Declaration, Item, LegalBasis, Scope

_COLUMNS = ("contract_id", "tenure_id", "plan", "state", "starts_at", "ends_at", "pack_version", "revision", "products")

CONTRACT = Declaration(
    name="contract",
    version=1,
    basis=LegalBasis.CONTRACT,
    scope=Scope.PLATFORM,
    items=(Item("contracts", YEARS_10, fields=tuple(f"contract.{column}" for column in _COLUMNS)),),
)

DECLARATIONS = (CONTRACT,)
