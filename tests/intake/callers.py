"""What callers of intake send in tests; invented people and numbers that nobody can have."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

_KEY = b64encode(bytes(range(32))).decode()

SECRETS = f"""
vault_key = "{_KEY}"
callback_secret = "{_KEY}"
token_key = "{_KEY}"
endpoint_key = "{_KEY}"
admin_key = "whk_admin"
service_key = "whk_service"
"""

#: Prefix 19000 isn't given to anybody.
PHONE = "19000001234"
NAME = "白小树"
ADDRESS = "河街街道柳树社区3号楼502室"


def a_complaint(**changes: Any) -> dict[str, Any]:
    """The body of a complaint, unless changed: uncollected waste."""
    body: dict[str, Any] = {
        "channel": "phone",
        "text": "楼下的垃圾桶三天没有人清，味道很大。",
        "place": {"district": "东区", "street": "河街街道"},
    }
    return body | changes


def a_reporter(**changes: Any) -> dict[str, Any]:
    """Who complains."""
    return {"name": NAME, "phone": PHONE} | changes
