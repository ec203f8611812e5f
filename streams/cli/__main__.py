"""`python -m equipoise.streams.cli`: the `equipoise` command where its script is not on the path."""

from equipoise.streams.cli import main

main()
