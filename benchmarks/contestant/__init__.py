"""One process that makes requests and measures itself; the old clients run it in their own environment.

Run as ``python -m contestant.run NAME LOOP`` from the directory above, so that
``aioriak`` is whichever the environment has.  Nothing here but ``current`` may
import anything that the old clients' environment lacks.
"""
