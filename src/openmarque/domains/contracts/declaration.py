"""What a contract consists of, and what a car's free trial leaves behind."""

from openmarque.catalogue.declarations import LIFE_OF_CAR, YEARS_10, Declaration, Item, LegalBasis, NoticeSpec, Scope
from openmarque.protocol.levels import Level

TRIAL_TAKEN_OVER = "trial_taken_over"
TRIAL_OVER = "trial_over"

_COLUMNS = (
    "contract_id",
    "tenure_id",
    "plan",
    "state",
    "starts_at",
    "ends_at",
    "pack_version",
    "revision",
    "products",
    "is_trial",
)

CONTRACT = Declaration(
    name="contract",
    version=1,
    basis=LegalBasis.CONTRACT,
    scope=Scope.PLATFORM,
    level=Level.PRIVATE,
    items=(
        Item("contracts", YEARS_10, fields=tuple(f"contract.{column}" for column in _COLUMNS)),
        # Nothing of an owner: which trial the car has had, and until when it lasts.
        Item(
            "trials of the car",
            LIFE_OF_CAR,
            fields=tuple(f"vehicle_trial.{name}" for name in ("vehicle_id", "plan", "ends_at")),
        ),
    ),
    notices=(NoticeSpec(TRIAL_TAKEN_OVER), NoticeSpec(TRIAL_OVER)),
)

DECLARATIONS = (CONTRACT,)
