"""The ID-card recognition service on a developer's own machine, for tests and development.

It answers as the real service does, mistakes included, and reads the pictures for real
with Tesseract. Start it with ``python -m wxidcard.sandbox --port 0``; docs/sandbox.md says
what it does and what it cannot do. It needs the extra ``wxidcard[sandbox]`` and nothing
from the rest of the package.
"""
