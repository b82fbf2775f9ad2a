"""How the pages become a site: ``make docs``."""

project = "tracked"
extensions = ["myst_parser"]
myst_heading_anchors = 4
html_theme = "furo"
html_title = "tracked"
html_show_copyright = False
html_show_sphinx = False
nitpicky = True
