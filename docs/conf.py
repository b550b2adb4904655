"""How Sphinx builds the documentation (``make docs``)."""

from importlib.metadata import version as installed

project = "aioriak"
author = "The aioriak developers"
copyright = "The aioriak developers"
release = installed("aioriak")
version = ".".join(release.split(".")[:2])

extensions = ["sphinx.ext.autodoc"]
exclude_patterns = ["_build"]
default_role = "any"
suppress_warnings = ["ref.python"]  # client and development server each have a BucketType

html_theme = "furo"
html_title = f"aioriak {release}"

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
autodoc_default_options = {"members": True, "show-inheritance": True}
autodoc_preserve_defaults = True
