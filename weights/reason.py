"""What requests or urllib3 raised in, why there was no file, in words, out."""

import re
from http.client import IncompleteRead

from weights.limits import KEPT


def reason(error: Exception) -> str:
    """Return why there was no answer; what is innermost says most."""
    from requests.exceptions import ConnectionError, ProxyError, SSLError, Timeout

    if isinstance(error, Timeout):
        return "did not answer in time"
    if isinstance(error, SSLError):
        return f"has a certificate that is not trusted: {_innermost(error)}"
    if isinstance(error, ProxyError):
        return f"cannot be reached through the proxy: {_innermost(error)}"
    if isinstance(error, ConnectionError):
        return f"cannot be reached: {_innermost(error)}"
    return f"broke off: {_innermost(error)}; {KEPT}"


def _innermost(error: BaseException) -> str:
    inner = getattr(error, "reason", None) or next((part for part in error.args if isinstance(part, Exception)), None)
    if isinstance(inner, BaseException):
        return _innermost(inner)
    if isinstance(error, IncompleteRead) and error.expected:
        return f"{error.expected} bytes were still to come"
    text = getattr(error, "strerror", None) or str(error)
    return re.sub(r"^\S*Connection\(.*?\): |\[Errno -?\d+\] ", "", text)
