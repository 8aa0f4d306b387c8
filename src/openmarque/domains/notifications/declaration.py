"""What a mail takes to leave, and what it may say."""

from openmarque.catalogue.declarations import MONTHS_12, REQUEST_DONE, Declaration, Item, LegalBasis, Scope

COUNTS_KEPT = MONTHS_12

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
            carried=("mail:subject", "mail:link", "mail:car", "mail:phone", "mail:at"),
        ),
        Item(
            "what became of mails",
            COUNTS_KEPT,
            fields=tuple(f"mail_count.{c}" for c in ("day", "template", "outcome", "count")),
        ),
    ),
)

DECLARATIONS = (MAIL,)
