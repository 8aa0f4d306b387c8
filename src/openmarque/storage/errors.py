"""What can go wrong with storage as such."""

from openmarque.kit.errors import OpenMarqueError


class StoreUnavailable(OpenMarqueError):
    """The database can't be reached or had to give up this transaction."""

    code = "store-unavailable"
    retryable = True
    cure = "Try again shortly; `openmarque doctor` tells what is wrong when it lasts."
    http_status = 503
