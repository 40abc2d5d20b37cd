"""The bindings hold no policy: what they would have to decide, the core decides."""

import re
from pathlib import Path

import pytest
from policy import NUMBERS, accusations, read_tokens
from repository import files, name_of

# The sandbox is the other end; the command is a program that uses the binding, as others do.
FILES = [
    path
    for path in files("bindings", endings=(".c", ".h", ".py", ".lua"))
    if "sandbox" not in path.parts and not re.match(r"cli(_\w+)?\.py$", path.name)
]


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_binding_decides_nothing(path: Path) -> None:
    assert accusations(path.read_text(encoding="utf-8"), path) == []


def test_no_number_is_allowed_in_vain() -> None:
    for name, numbers in NUMBERS.items():
        texts = [path.read_text(encoding="utf-8") for path in FILES if path.name == name]
        used = {token.text for text in texts for token in read_tokens(text, Path(name).suffix)}
        assert numbers <= used, name


# What somebody might write. Each must be found, or the check above proves nothing.
BAD = {
    "client.py": [
        "if error.errcode == 40001:\n    token = renew()\n",
        "CODES = ('42001', '40014')\n",
        "if error.errcode == -1:\n    pass\n",
        "def recognize(image, timeout=30.0):\n    pass\n",
        "settings.setdefault('timeout', None)\n",
        "settings = {'max_retries': 2, **settings}\n",
        "for attempt in range(2):\n    pass\n",
        "time.sleep(1)\n",
        "URL = 'https://api.weixin.qq.com'\n",
        "target = '/cv/ocr/idcard?access_token='\n",
        "limit = 2 * 1024 * 1024\n",
        "if reply.status >= 5:\n    pass\n",
        "class Settings:\n    timeout: float = 3\n",
    ],
    "client.c": [
        "if (errcode == 45009) { raise(); }\n",
        "settings.timeout_ms = 3;\n",
        "settings->max_retries = 2;\n",
        "if (settings->max_retries > 1) { again(); }\n",
        "if (reply->status == 5) { again(); }\n",
        "case WXID_ERRCODE_SYSTEM_BUSY:\n",
        "if (kind == WXID_KIND_TOKEN) { renew(); }\n",
        "usleep(1);\n",
        "int64_t backoff_ms = 1;\n",
        "#define LIMIT 30000\n",
        'const char *host = "api.weixin.qq.com";\n',
        'set_default(settings, "connect_timeout", 5);\n',
        "if (errcode < 0) { again(); }\n",
        'append(head, "Content-Length: ");\n',
    ],
    "client.lua": [
        "if problem.errcode == 40001 then renew() end\n",
        "settings.timeout = settings.timeout or 3\n",
        "local codes = { ['42001'] = true }\n",
        "ngx.sleep(1)\n",
        "local retries = 2\n",
        "local limit = settings.timeout or 3\n",
        "local url = 'https://api.weixin.qq.com'\n",
        "if err.http_status == 5 then return end\n",
        "local timeout_ms = 30000\n",
        "defaults = { connect_timeout = 5 }\n",
        "local cap = 65536\n",
    ],
}
# What must not be taken for policy.
GOOD = {
    "client.py": [
        '"""Waits 30 seconds, and retries."""\n',
        "class Settings:\n    timeout: float | None\n",
        "return self._core.recognize(image, img_url=img_url, type=type)\n",
        "# 40001 is the core's business\npass\n",
    ],
    "client.c": [
        "/* timeout_ms = 30000 */\n",
        '[WXID_FAILURE_TIMEOUT] = "timeout",\n',
        "if (wxid_error_http_status(error) != 0) { set(); }\n",
        'set_attribute(exception, "retryable", value);\n',
        "read_image(recognition, settings->max_image_bytes);\n",
    ],
    "client.lua": ["-- errcode 40001, timeout\nlocal x = 1\n", "return nil, problem\n"],
}


def cases(samples: dict[str, list[str]]) -> list[tuple[str, str]]:
    return [(name, text) for name, texts in samples.items() for text in texts]


@pytest.mark.parametrize(("name", "text"), cases(BAD))
def test_policy_is_found(name: str, text: str) -> None:
    assert accusations(text, Path(name))


@pytest.mark.parametrize(("name", "text"), cases(GOOD))
def test_other_things_are_not_accused(name: str, text: str) -> None:
    assert accusations(text, Path(name)) == []
