"""Sphinx configuration; ``make docs`` builds the documentation."""

from importlib.metadata import version as installed

project = "aioriak"
author = "The aioriak developers"
copyright = "The aioriak developers"
release = installed("aioriak")
version = ".".join(release.split(".")[:2])

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.intersphinx",
    "sphinx.ext.viewcode",
    "sphinx_copybutton",
    "sphinx_design",
]
exclude_patterns = ["_build"]
default_role = "any"
suppress_warnings = ["ref.python"]  # client and development server each have a BucketType

html_theme = "furo"
html_title = f"aioriak {release}"
html_static_path = ["_static"]
html_favicon = "_static/favicon.svg"
html_css_files = ["aioriak.css"]
html_copy_source = False
html_show_sphinx = False
html_theme_options = {
    "source_repository": "https://github.com/rambler-digital-solutions/aioriak/",
    "source_branch": "main",
    "source_directory": "docs/",
}

# Source pages then link back to where a name is documented.
viewcode_follow_imported_members = False

pygments_style = "friendly"
pygments_dark_style = "native"

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
autodoc_default_options = {"members": True, "show-inheritance": True}
autodoc_preserve_defaults = True
autodoc_type_aliases: dict[str, str] = {}
maximum_signature_line_length = 80
python_display_short_literal_types = True

# The names of the standard library that these pages mention.  A list of our own
# keeps the build reproducible, and independent of the network.
intersphinx_mapping = {"python": ("https://docs.python.org/3", "python.inv")}

# Only commands and statements are copied, not prompts and output.
copybutton_prompt_text = r"\$ |>>> |\.\.\. "
copybutton_prompt_is_regexp = True
copybutton_only_copy_prompt_lines = True
