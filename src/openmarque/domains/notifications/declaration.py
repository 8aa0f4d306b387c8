"""What a notice and a mail take, and what they may say."""

from openmarque.catalogue.declarations import MONTHS_12, REQUEST_DONE, Declaration, Item, LegalBasis, Scope
from openmarque.catalogue.notices import LONGEST_KEPT

COUNTS_KEPT = MONTHS_12

NOTICES = Declaration(
    name="notices",
    version=1,
    basis=LegalBasis.CONTRACT,
    scope=Scope.PLATFORM,
    items=(
        Item(
            "notices about your car",
            LONGEST_KEPT,
            fields=tuple(
                f"notice.{column}"
                for column in (
                    *("notice_id", "tenure_id", "account_id", "kind", "arguments"),
                    *("at", "created_at", "read_at", "further"),
                )
            ),
        ),
    ),
)
"""Each notice goes when its own declaration says, and by then at the latest."""

MAIL = Declaration(
    name="mail",
    version=1,
    basis=LegalBasis.CONTRACT,
    scope=Scope.PLATFORM,
    items=(
        Item(
            "mails to send",
            REQUEST_DONE,
            fields=tuple(
                f"mail.{column}"
                for column in (
                    *("mail_id", "account_id", "template", "sealed", "key_id"),
                    *("created_at", "due_at", "until_at", "tries"),
                )
            ),
            carried=("mail:subject", "mail:link", "mail:car", "mail:at"),
        ),
        Item(
            "what became of mails",
            COUNTS_KEPT,
            fields=tuple(f"mail_count.{c}" for c in ("day", "template", "outcome", "count")),
        ),
    ),
)

DECLARATIONS = (NOTICES, MAIL)
