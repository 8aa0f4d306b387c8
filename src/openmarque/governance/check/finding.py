"""What `openmarque check` reports."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """One thing that no declaration covers, or that contradicts one.

    `code` is stable (kebab case), `where` a table, declaration or ``file:line``, `what` one sentence, `cure` an imperative one.
    """

    code: str
    where: str
    what: str
    cure: str
