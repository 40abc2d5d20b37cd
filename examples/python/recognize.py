#!/usr/bin/env python3
"""Recognises pictures of ID cards, and prints a line for each: file name, tab, the card as JSON.

WXIDCARD_APPID=… WXIDCARD_SECRET=… python recognize.py front.jpg back.jpg

Or WXIDCARD_ACCESS_TOKEN=…, a token in hand. WXIDCARD_BASE_URL points it at a sandbox.
"""

import json
import os
import sys

import wxidcard

failed = 0
with wxidcard.Client(
    appid=os.environ.get("WXIDCARD_APPID"),
    secret=os.environ.get("WXIDCARD_SECRET"),
    access_token=os.environ.get("WXIDCARD_ACCESS_TOKEN"),
    base_url=os.environ.get("WXIDCARD_BASE_URL"),  # unset: the real service
) as client:
    for path in sys.argv[1:]:
        try:
            card = client.recognize(path)
            print(path, json.dumps(card, ensure_ascii=False), sep="\t")
        except (wxidcard.Error, OSError) as error:
            kind = getattr(error, "kind", "system")
            print(f"{path}: {kind}: {error}", file=sys.stderr)
            failed += 1
sys.exit(1 if failed else 0)
