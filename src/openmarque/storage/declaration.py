"""What the platform's plumbing keeps: frames on their way out, and timers."""

from openmarque.catalogue.declarations import REQUEST_DONE, Declaration, Item, LegalBasis, Scope

PLUMBING = Declaration(
    name="plumbing",
    version=1,
    basis=LegalBasis.CONTRACT,
    scope=Scope.PLATFORM,
    items=(
        Item(
            "messages to send",
            REQUEST_DONE,
            fields=tuple(f"outbox.{c}" for c in ("outbox_id", "subject", "payload", "created_at")),
        ),
        Item("timers", REQUEST_DONE, fields=tuple(f"timer.{c}" for c in ("timer_id", "kind", "about", "due_at", "tries"))),
    ),
)

DECLARATIONS = (PLUMBING,)
